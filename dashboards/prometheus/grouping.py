"""What the lines of a board stand for."""

from __future__ import annotations

from dataclasses import dataclass

# Percentiles of few attempts are chance; figures for a confidence of .99.
PERCENTILES = "Below n = 64 a p90 is a guess, below n = 662 a p99."


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
