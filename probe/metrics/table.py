"""The metric catalogue as documentation."""

from __future__ import annotations

from collections.abc import Iterable

from probe.metrics.family import SERIES_LABELS, Family

_PAGE = """\
# Metrics

Made from the metric catalogue (`probe/metrics`) by `make generate`.

Names are in base units, ratios from 0 to 1. A metric marked ● has the labels
{labels};
the column lists those that come on top of them. `kind` is `direct`, `proxy`, `engine` or `simulated`; cold
and warm connections are series of their own.

- Durations and speeds come from successful attempts alone: a failed one has no latency, and a warm one that
  had to open a connection has none either. The failure shows in `{attempts}`.
- Counters and histograms begin at 0 when the daemon starts, and exist before the first attempt.
  Gauges are taken from the store, so they are right immediately after a restart.
- The `last_` gauges show the latest attempt, and nothing where that attempt failed: a gap in a graph is an
  answer that did not come.
- The series of a target that is removed from the configuration end.

{table}"""


def metrics_table(families: Iterable[Family]) -> str:
    """A Markdown table of families, one line each, in their order."""
    rows = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        if family.by_series:
            labels = f"● {labels}".strip()
        rows.append(f"| `{family.name}` | {family.kind} | {labels} | {family.help} |")
    return "\n".join(rows) + "\n"


def metrics_page(families: Iterable[Family]) -> str:
    """The whole of docs/metrics.md."""
    families = tuple(families)
    labels = ", ".join(f"`{label}`" for label in SERIES_LABELS)
    return _PAGE.format(labels=labels, attempts=families[0].name, table=metrics_table(families))
