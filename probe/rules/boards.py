"""Which board an alert opens, with which variables; the uids are those of the generated boards."""

from __future__ import annotations

from typing import Final

OVERVIEW: Final = "inference-probe-overview"
PROVIDER: Final = "inference-probe-provider"
MODEL: Final = "inference-probe-model"
COST: Final = "inference-probe-cost"
DISCOVERY: Final = "inference-probe-discovery"
ENGINES: Final = "inference-probe-engines"
HEALTH: Final = "inference-probe-health"

Board = tuple[str, tuple[str, ...]]


def board_url(grafana_url: str, board: Board) -> str:
    """A template: the variables are filled in from the labels of the alert."""
    uid, variables = board
    query = "".join(f"&var-{name}={{{{ $labels.{name} | urlquery }}}}" for name in variables)
    return f"{grafana_url}/d/{uid}?from=now-24h&to=now{query}"
