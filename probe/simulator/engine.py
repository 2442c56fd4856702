"""What the simulated inference servers, TGI and Ollama, say of themselves."""

from collections.abc import Sequence

from probe.simulator.framing import JSON
from probe.simulator.listing import tag
from probe.simulator.speech import encode
from probe.simulator.truth import RequestCounts

_TEXT = "text/plain; charset=utf-8"


def engine_page(path: str, counts: RequestCounts, names: Sequence[str]) -> tuple[str, bytes] | None:
    """The content type and body of a page about the server; None if the path is that of none.

    `counts` are of all that was asked, of whichever model and API.
    """
    if path.endswith("/health"):
        return _TEXT, b""
    if path.endswith("/api/version"):
        return JSON, encode({"version": "0.13.0"})
    if path.endswith("/api/ps"):
        return JSON, encode({"models": [tag(name) for name in names]})
    if path.endswith("/metrics"):
        return _TEXT, _tgi_metrics(counts).encode()
    return None


def _tgi_metrics(counts: RequestCounts) -> str:
    """https://huggingface.co/docs/text-generation-inference/reference/metrics"""
    figures = {
        "tgi_batch_current_size": ("gauge", counts.active),
        "tgi_queue_size": ("gauge", 0),
        "tgi_request_count": ("counter", counts.requests),
        "tgi_request_success": ("counter", counts.statuses["200"]),
    }
    return "".join(f"# TYPE {name} {kind}\n{name} {value}\n" for name, (kind, value) in figures.items())
