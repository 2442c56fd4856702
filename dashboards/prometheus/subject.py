"""Provider and Model: what of one fails and since when, in which phase, how fast and how even it answers."""

from collections.abc import Iterator

from dashboards import links
from dashboards.annotations import marks
from dashboards.board import Board, PanelRow
from dashboards.prometheus import comparisons, durations, outcomes
from dashboards.prometheus.grouping import MODELS, PROVIDERS, Grouping
from dashboards.prometheus.shared import SINCE_WHEN
from dashboards.variables import datasource, narrowing, window


def provider_board() -> Board:
    return Board(
        uid=links.PROVIDER,
        title="Provider",
        about="What of a provider fails and since when, and in which phase does its time go?",
        answer=SINCE_WHEN,
        variables=(datasource(), *narrowing(), window()),
        annotations=marks(),
        rows=(*_rows(PROVIDERS), outcomes.rate_limits_row()),
    )


def model_board() -> Board:
    """The same model at every provider."""
    return Board(
        uid=links.MODEL,
        title="Model",
        about="What of a model fails and since when, where does its time go, and who serves it best?",
        answer=SINCE_WHEN,
        variables=(datasource(), *narrowing(), window()),
        annotations=marks(),
        rows=tuple(_rows(MODELS)),
    )


def _rows(grouping: Grouping) -> Iterator[PanelRow]:
    yield outcomes.now_row()
    yield durations.phases_row(grouping)
    yield durations.first_token_row(grouping)
    yield durations.speed_row(grouping)
    yield durations.gaps_row(grouping)
    yield comparisons.connections_row()
    yield comparisons.reported_row(grouping)
    yield outcomes.tokens_row(grouping)
