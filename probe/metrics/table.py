"""The metric catalogue as documentation."""

from collections.abc import Iterable

from probe.metrics import names
from probe.metrics.family import SERIES_LABELS, Family

# Questions that people ask of the metrics, in PromQL. Windows are hours long, as attempts are minutes apart.
QUERIES = (
    (
        "Which targets had no success for two runs?",
        f"time() - {names.LAST_SUCCESS_TIMESTAMP_SECONDS} > 2 * scalar(max({names.JOB_INTERVAL_SECONDS}))",
    ),
    (
        "What share of the attempts failed in 6 hours, by target?",
        (
            f'sum by (target) (increase({names.ATTEMPTS_TOTAL}{{outcome="failed"}}[6h]))'
            f" / sum by (target) (increase({names.ATTEMPTS_TOTAL}[6h]))"
        ),
    ),
    (
        "Of what kind were the failures, and whose?",
        f'sum by (failure, fault) (increase({names.ATTEMPTS_TOTAL}{{outcome="failed"}}[6h])) > 0',
    ),
    (
        "Under what time to first token do 90 % of a provider's answers begin?",
        f"histogram_quantile(0.9, sum by (provider, connection, le) (rate({names.TTFT_SECONDS}_bucket[1d])))",
    ),
    (
        "In which phase does the time go?",
        (
            f"sum by (target, connection, phase) (increase({names.PHASE_SECONDS}_sum[6h]))"
            f" / sum by (target, connection, phase) (increase({names.PHASE_SECONDS}_count[6h]) > 0)"
        ),
    ),
    ("What do the probes cost a day?", f"sum(increase({names.COST_USD_TOTAL}[1d]))"),
)

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

{table}
## Queries

{queries}"""


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
    return _PAGE.format(
        labels=", ".join(f"`{label}`" for label in SERIES_LABELS),
        attempts=names.ATTEMPTS_TOTAL,
        table=metrics_table(families),
        queries="\n".join(f"{question}\n\n```promql\n{query}\n```\n" for question, query in QUERIES),
    )
