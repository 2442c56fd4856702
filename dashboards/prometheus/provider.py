"""Provider: what fails and since when, in which phase its time goes, how fast and how even it answers."""

from __future__ import annotations

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board
from dashboards.prometheus import comparisons, durations, outcomes
from dashboards.prometheus.grouping import PROVIDERS
from dashboards.variables import datasource, narrowing, window


def board() -> Board:
    return Board(
        uid=links.PROVIDER,
        title="Provider",
        about="What of a provider fails and since when, and in which phase does its time go?",
        variables=(datasource(), *narrowing(), window()),
        annotations=marks(),
        rows=(
            outcomes.now(),
            durations.phases(PROVIDERS),
            durations.first_token(PROVIDERS),
            durations.speed(PROVIDERS),
            durations.gaps(PROVIDERS),
            comparisons.connections(PROVIDERS),
            comparisons.reported(PROVIDERS),
            outcomes.tokens(PROVIDERS),
            outcomes.rate_limits(),
        ),
    )
