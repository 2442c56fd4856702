"""Inference Probe: a mystery shopper for LLM inference."""

from typing import Final

__version__: Final = "0.1.0"
