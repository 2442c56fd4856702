"""Provider: what fails and since when, in which phase its time goes, how fast and how even it answers."""

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board
from dashboards.prometheus import comparisons, durations, outcomes
from dashboards.prometheus.grouping import PROVIDERS
from dashboards.prometheus.shared import SINCE_WHEN
from dashboards.variables import datasource, narrowing, window


def board() -> Board:
    return Board(
        uid=links.PROVIDER,
        title="Provider",
        about="What of a provider fails and since when, and in which phase does its time go?",
        answer=SINCE_WHEN,
        variables=(datasource(), *narrowing(), window()),
        annotations=marks(),
        rows=(
            outcomes.now_row(),
            durations.phases_row(PROVIDERS),
            durations.first_token_row(PROVIDERS),
            durations.speed_row(PROVIDERS),
            durations.gaps_row(PROVIDERS),
            comparisons.connections_row(),
            comparisons.reported_row(PROVIDERS),
            outcomes.tokens_row(PROVIDERS),
            outcomes.rate_limits_row(),
        ),
    )
