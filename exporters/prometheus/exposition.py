"""The text of the exposition formats: Prometheus 0.0.4 and OpenMetrics 1.0.

prometheus-client's formatter builds a sample object and sorts a label dictionary for each line; here a whole
histogram is one formatting of bytes (docs/decisions/0041 has the figures).
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate, chain

from exporters.accumulators import Counter, Exemplar, Histogram, Labels
from probe.metrics.family import Family

# Stand in a text for the labels of its subject: followed by others, and as the whole label block. No label
# holds these characters.
_WITH_OTHERS, _ALONE = "\0", "\1"
_NEVER = str.maketrans(dict.fromkeys((_WITH_OTHERS, _ALONE), "\N{REPLACEMENT CHARACTER}"))

# What a family has counted of one subject, by the values of its own labels.
FamilyTotals = dict[Labels, Counter | Histogram]


class FamilyWriter:
    """Writes one family in one format. It is kept between scrapes: what never changes is made once."""

    def __init__(self, family: Family, *, openmetrics: bool) -> None:
        self.family = family
        self.head = (_openmetrics_head(family) if openmetrics else _prometheus_head(family)).encode()
        self._openmetrics = openmetrics
        self._own = _LabelTexts(family.labels)
        self._template = self._histogram_template() if family.kind == "histogram" else None

    def totals(self, totals: FamilyTotals) -> bytes:
        """All lines of what was counted, of no subject yet: see `about`."""
        name, own = self.family.name, self._own
        if self.family.kind == "counter":
            return self.lines({labels: t.value for labels, t in totals.items() if isinstance(t, Counter)})
        found = {own[labels]: total for labels, total in totals.items() if isinstance(total, Histogram)}
        if self._template is not None:
            return b"".join([self._histogram(total, self._template) for total in found.values()])
        lines = [f"{name}_count{of} {t.count}\n{name}_sum{of} {t.sum!r}\n" for of, t in found.items()]
        return "".join(lines).encode()

    def lines(self, values: Mapping[Labels, float]) -> bytes:
        """A line for each number, of no subject yet."""
        name, own = self.family.name, self._own
        return "".join([f"{name}{own[labels]} {value!r}\n" for labels, value in values.items()]).encode()

    def _histogram(self, histogram: Histogram, template: bytes) -> bytes:
        counts = list(accumulate(histogram.counts))
        fields: Iterable[object] = counts
        if self._openmetrics:
            exemplars = [b""] * len(counts)
            for bucket, exemplar in histogram.by_bucket.items():
                exemplars[bucket] = _exemplar_text(exemplar)
            fields = chain.from_iterable(zip(counts, exemplars, strict=True))
        return template % (*fields, counts[-1], repr(histogram.sum).encode())

    def _histogram_template(self) -> bytes:
        name = self.family.name
        count = "%d%b" if self._openmetrics else "%d"
        bounds = (*map(repr, self.family.buckets), "+Inf")
        buckets = "".join(f'{name}_bucket{{{_WITH_OTHERS}le="{bound}"}} {count}\n' for bound in bounds)
        return f"{buckets}{name}_count{_ALONE} %d\n{name}_sum{_ALONE} %b\n".encode()


def about(subject: bytes, lines: bytes) -> bytes:
    """The lines with the labels of their subject, `a="1",b="2"`, which may be none.

    Lines are long for their labels, which all lines of a subject share: put in last, they need not be kept.
    """
    others, alone = (subject + b",", b"{%b}" % subject) if subject else (b"", b"")
    return lines.replace(_WITH_OTHERS.encode(), others).replace(_ALONE.encode(), alone)


class _LabelTexts(dict[Labels, str]):
    """Label blocks by the values of a family's own labels. They are few: every label is bounded."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, values: Labels) -> str:
        text = f"{{{_WITH_OTHERS}{label_text(self._names, values)}}}" if values else _ALONE
        self[values] = text
        return text


def _openmetrics_head(family: Family) -> str:
    name = family.name.removesuffix("_total" if family.kind == "counter" else "_info")
    unit = f"# UNIT {name} {family.unit}\n" if family.unit else ""
    return f"# HELP {name} {_escaped(family.help)}\n# TYPE {name} {family.kind}\n{unit}"


def _prometheus_head(family: Family) -> str:
    kind = "gauge" if family.kind == "info" else family.kind
    about = family.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {about}\n# TYPE {family.name} {kind}\n"


def label_text(names: Iterable[str], values: Iterable[str]) -> str:
    """`a="1",b="2"`, escaped; empty for no labels."""
    return ",".join(
        f'{name}="{_escaped(value).translate(_NEVER)}"' for name, value in zip(names, values, strict=True)
    )


def _exemplar_text(exemplar: Exemplar) -> bytes:
    """What follows the count of a bucket in OpenMetrics."""
    value, attempt = exemplar
    return f' # {{request_id="{attempt.text}"}} {value!r} {attempt.ended_ns / 1e9:.3f}'.encode()


def _escaped(text: str) -> str:
    """A label value, or help in OpenMetrics, between its quotes."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
