"""The smallest pieces of the exposition formats, which both share."""

from __future__ import annotations

from collections.abc import Iterable

from exporters.accumulators import Exemplar

# Characters that no label holds, so that they can stand for labels in a template.
PLACEHOLDERS = ("\0", "\1")
_NEVER = str.maketrans(dict.fromkeys(PLACEHOLDERS, "\N{REPLACEMENT CHARACTER}"))


def label_text(names: Iterable[str], values: Iterable[str]) -> str:
    """`a="1",b="2"`, escaped; empty for no labels."""
    return ",".join(
        f'{name}="{escaped(value).translate(_NEVER)}"' for name, value in zip(names, values, strict=True)
    )


def exemplar_text(exemplar: Exemplar | None) -> bytes:
    """What follows the count of a bucket in OpenMetrics."""
    if exemplar is None:
        return b""
    value, attempt = exemplar
    return b' # {request_id="%b"} %b %.3f' % (
        str(attempt.id).encode(),
        repr(value).encode(),
        attempt.ended_ns / 1e9,
    )


def escaped(text: str) -> str:
    """A label value, or help in OpenMetrics, between its quotes."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
