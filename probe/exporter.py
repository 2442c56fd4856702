"""The exporter protocol: what a sink's code must do. Implementations live outside this package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from probe.sample import Sample


class Exporter(Protocol):
    """Found by entry point `probe.exporters`."""

    async def export(self, samples: Sequence[Sample], /) -> None:
        """Raises ExportError, or has delivered all of them; a repeat is harmless."""
        ...

    async def aclose(self) -> None: ...
