"""What the lines of a board stand for."""

from dataclasses import dataclass

from probe.analysis.percentile import samples_needed

PERCENTILES = f"Below n = {samples_needed(90)} a p90 is a guess, below n = {samples_needed(99)} a p99."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """`by` are labels in PromQL, `legend` writes them; `labels` are columns of a table."""

    by: str
    legend: str
    labels: tuple[str, ...]


PROVIDERS = Grouping(by="provider, kind", legend="{{provider}} · {{kind}}", labels=("provider", "kind"))
MODELS = Grouping(
    by="provider, model, kind",
    legend="{{provider}} · {{model}} · {{kind}}",
    labels=("model", "provider", "kind"),
)
