"""Every board by its uid, and the file that it is written to."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from dashboards import links
from dashboards.board import Board
from dashboards.flux import cost as flux_cost
from dashboards.flux import model as flux_model
from dashboards.flux import overview as flux_overview
from dashboards.prometheus import cost, direct_vs_proxy, discovery, engines, health, overview, subject
from dashboards.source import INFLUXDB, PROMETHEUS

_BOARDS: Mapping[str, Callable[[], Board]] = {
    links.OVERVIEW: overview.board,
    links.PROVIDER: subject.provider_board,
    links.MODEL: subject.model_board,
    links.DIRECT_VS_PROXY: direct_vs_proxy.board,
    links.COST: cost.board,
    links.DISCOVERY: discovery.board,
    links.ENGINES: engines.board,
    links.HEALTH: health.board,
    links.OVERVIEW_INFLUX: flux_overview.board,
    links.MODEL_INFLUX: flux_model.board,
    links.COST_INFLUX: flux_cost.board,
}
_FOLDERS = {PROMETHEUS.type: "prometheus", INFLUXDB.type: "influxdb"}


def boards() -> dict[str, Board]:
    """All of them, in the order in which they are read."""
    return {uid: make() for uid, make in _BOARDS.items()}


def files() -> dict[str, Callable[[], str]]:
    """What makes each generated file, by its path from the root of the repository."""
    return {_path(board): board.to_json for board in boards().values()}


def _path(board: Board) -> str:
    name = board.uid.removeprefix(f"{links.PREFIX}-").removesuffix("-influx")
    folder = _FOLDERS[board.source.type]
    return str(PurePosixPath("deploy/grafana/dashboards") / folder / f"{name}.json")
