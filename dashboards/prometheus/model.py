"""Model: the same model at every provider: what fails and since when, in which phase, how fast, how even."""

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board
from dashboards.prometheus import comparisons, durations, outcomes
from dashboards.prometheus.grouping import MODELS
from dashboards.prometheus.shared import SINCE_WHEN
from dashboards.variables import datasource, narrowing, window


def board() -> Board:
    return Board(
        uid=links.MODEL,
        title="Model",
        about="What of a model fails and since when, where does its time go, and who serves it best?",
        answer=SINCE_WHEN,
        variables=(datasource(), *narrowing(), window()),
        annotations=marks(),
        rows=(
            outcomes.now_row(),
            durations.phases_row(MODELS),
            durations.first_token_row(MODELS),
            durations.speed_row(MODELS),
            durations.gaps_row(MODELS),
            comparisons.connections_row(),
            comparisons.reported_row(MODELS),
            outcomes.tokens_row(MODELS),
        ),
    )
