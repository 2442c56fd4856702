"""Uids of the boards, and links between them and to the runbooks."""

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

PREFIX = "inference-probe"
TAG = "inference-probe"
# Boards of another data source have a list of their own: the variable that names one fits no other type.
TAG_INFLUX = f"{TAG}-influx"

OVERVIEW = f"{PREFIX}-overview"
PROVIDER = f"{PREFIX}-provider"
MODEL = f"{PREFIX}-model"
DIRECT_VS_PROXY = f"{PREFIX}-detour"
COST = f"{PREFIX}-cost"
DISCOVERY = f"{PREFIX}-discovery"
ENGINES = f"{PREFIX}-engines"
HEALTH = f"{PREFIX}-health"

OVERVIEW_INFLUX = f"{OVERVIEW}-influx"
MODEL_INFLUX = f"{MODEL}-influx"
COST_INFLUX = f"{COST}-influx"

_HERE = ("datasource", "kind", "location", "suite")


def board_url(uid: str, **variables: str) -> str:
    """The address of a board for the same time; `variables` are values or Grafana's `${__data.fields.x}`."""
    kept = [f"${{{name}:queryparam}}" for name in _HERE]
    given = [f"var-{name}={value}" for name, value in variables.items()]
    return f"/d/{uid}?{'&'.join([*kept, '${__url_time_range}', *given])}"


def to_board(title: str, uid: str, **variables: str) -> DashboardLink:
    """A link of a panel or of a value to a board."""
    return DashboardLink(title).url(board_url(uid, **variables)).target_blank(False)


def between_boards(tag: str = TAG) -> DashboardLink:
    """The list of all boards with this tag, at the top of each; it keeps time and variables."""
    return (
        DashboardLink("Boards")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([tag])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def over_prometheus() -> DashboardLink:
    """From the boards of another data source to the first of all; it keeps the time."""
    url = f"/d/{OVERVIEW}"
    return DashboardLink("Over Prometheus").type(DashboardLinkType.LINK).url(url).keep_time(True)
