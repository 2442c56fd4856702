"""The text of the exposition formats: Prometheus 0.0.4 and OpenMetrics 1.0.

prometheus-client's formatter builds a sample object and sorts a label dictionary for each line; here a whole
histogram is one formatting of bytes (docs/decisions/0041 has the figures).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate, chain

from exporters.prometheus.cells import Cell, Histogram, Labels, Summary
from exporters.prometheus.text import PLACEHOLDERS, escaped, label_text
from probe.metrics import Family

# Stand in a histogram's template for the labels before `le`, and for the whole label block.
_BEFORE_LE, _BLOCK = (character.encode() for character in PLACEHOLDERS)


class FamilyWriter:
    """Writes one family in one format. It is kept between scrapes: what never changes is made once."""

    def __init__(self, family: Family, *, openmetrics: bool) -> None:
        self._family = family
        self._openmetrics = openmetrics
        self._own = _LabelTexts(family.labels)
        self.head = (_openmetrics_head(family) if openmetrics else _prometheus_head(family)).encode()
        self._template = self._histogram_template() if family.kind == "histogram" else b""

    def cell(self, subject: str, cell: Cell) -> bytes:
        """All lines of one subject; `subject` is the text of the labels that come before the family's own."""
        match cell:
            case Histogram():
                return self._histogram(subject, cell)
            case Summary():
                return self._summary(subject, cell.values)
            case _:
                return self.lines(subject, cell.values)

    def lines(self, subject: str, values: Mapping[Labels, float]) -> bytes:
        """A line for each number."""
        before, own, after = self._block(subject)
        before = self._family.name + before
        return "".join(
            [f"{before}{own[labels]}{after} {value!r}\n" for labels, value in values.items()]
        ).encode()

    def _summary(self, subject: str, values: Mapping[Labels, tuple[int, float]]) -> bytes:
        name = self._family.name
        before, own, after = self._block(subject)
        lines = []
        for labels, (count, total) in values.items():
            block = f"{before}{own[labels]}{after}"
            lines.append(f"{name}_count{block} {count}\n{name}_sum{block} {total!r}\n")
        return "".join(lines).encode()

    def _histogram(self, subject: str, cell: Histogram) -> bytes:
        counts = list(accumulate(cell.counts))
        fields: Iterable[object] = counts
        if self._openmetrics:
            fields = chain.from_iterable(zip(counts, cell.exemplars, strict=True))
        text = self._template % (*fields, counts[-1], repr(cell.sum).encode())
        labels = subject.encode()
        before_le, block = (labels + b",", b"{%b}" % labels) if labels else (b"", b"")
        return text.replace(_BEFORE_LE, before_le).replace(_BLOCK, block)

    def _histogram_template(self) -> bytes:
        name = self._family.name.encode()
        count = b"%d%b" if self._openmetrics else b"%d"
        bounds = (*map(repr, self._family.buckets), "+Inf")
        buckets = b"".join(
            b'%b_bucket{%ble="%b"} %b\n' % (name, _BEFORE_LE, bound.encode(), count) for bound in bounds
        )
        return b"%b%b_count%b %%d\n%b_sum%b %%b\n" % (buckets, name, _BLOCK, name, _BLOCK)

    def _block(self, subject: str) -> tuple[str, _LabelTexts, str]:
        """A label block in three parts, the middle one by the values of the family's own labels."""
        if not subject and not self._family.labels:
            return "", self._own, ""
        comma = "," if subject and self._family.labels else ""
        return f"{{{subject}{comma}", self._own, "}"


class _LabelTexts(dict[Labels, str]):
    """Label values as text, made when first asked for. They are few: every label is bounded."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, values: Labels) -> str:
        text = self[values] = label_text(self._names, values)
        return text


def _openmetrics_head(family: Family) -> str:
    name = family.name.removesuffix("_total" if family.kind == "counter" else "_info")
    unit = f"# UNIT {name} {family.unit}\n" if family.unit else ""
    return f"# HELP {name} {escaped(family.help)}\n# TYPE {name} {family.kind}\n{unit}"


def _prometheus_head(family: Family) -> str:
    kind = "gauge" if family.kind == "info" else family.kind
    about = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {about}\n# TYPE {family.name} {kind}\n"
