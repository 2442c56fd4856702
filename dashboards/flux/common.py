"""Panels and columns that several boards for InfluxDB show."""

from grafana_foundation_sdk.builders import timeseries

from dashboards import links
from dashboards.faults import NONE_FAILED, TEXTS, fault_panel
from dashboards.flux import figures
from dashboards.flux.panels import ask_flux, dots, legend, line_each, rows, with_count
from dashboards.flux.query import SERIES, attempts, binned, binned_quantile, by, extreme, pipe
from dashboards.panels import HALF, AnyPanel, PanelText, Size
from dashboards.style import AGO, COUNT, KINDS
from dashboards.tables import Label, NumberColumn

# What a table about targets begins with.
TARGET = (
    Label(
        name="target",
        title="Target",
        width=200,
        grows=True,
        link=(
            "Model board",
            links.board_url(
                links.MODEL_INFLUX,
                provider="${__data.fields.Provider:percentencode}",
                model="${__data.fields.Model:percentencode}",
            ),
        ),
    ),
    Label(name="connection", title="Conn.", width=70),
    Label(name="kind", title="Kind", width=88, texts=KINDS),
    Label(name="provider", title="Provider", width=110),
    Label(name="model", title="Model", width=170, grows=True),
)
KEYS = tuple(label.name for label in TARGET)
# Steps of time in which a percentile stands on more than one attempt.
STEP = "30m"
_COUNT_AND_LATEST = (
    "reduce(identity: {n: 0.0, latest: 1970-01-01T00:00:00Z}, fn: (r, accumulator) => "
    "({n: accumulator.n + 1.0, "
    "latest: if r._time > accumulator.latest then r._time else accumulator.latest}))"
)


def each(title: str, about: str, unit: str, field: str, size: Size = HALF) -> AnyPanel:
    """Every attempt as a dot, the largest of each step if there are too many; its own time and value."""
    return dots(
        PanelText(title, about, unit), pipe(attempts(field), extreme("max", *SERIES)), *SERIES, size=size
    )


def median_lines(title: str, about: str, unit: str, field: str, *keys: str) -> AnyPanel:
    """A line for each combination of `keys` or series, with n of all of them."""
    keys = keys or SERIES
    query = pipe(attempts(field), binned_quantile(0.5, *keys))
    panel = line_each(PanelText(title, about, unit), query, *keys).interval(STEP)
    return with_n_of(panel, field)


def with_n_of(panel: timeseries.Panel, field: str) -> timeseries.Panel:
    """The same graph with n: in each step of time, the attempts that have the field."""
    return with_count(panel, pipe(attempts(field), by(), binned("count")))


def failure_panels() -> tuple[AnyPanel, ...]:
    """Who has to answer for what failed, and what it was."""
    failed = attempts(figures.SUCCESS, where=figures.FAILED)
    by_fault = ask_flux(pipe(failed, by("fault"), binned("count")))
    return fault_panel(by_fault).display_name(legend("fault")), _what_failed(failed)


def _what_failed(failed: str) -> AnyPanel:
    kinds = ("target", "failure", "fault")
    return rows(
        PanelText(
            "What failed", "Failed attempts in this time by target and kind of failure.", COUNT, NONE_FAILED
        ),
        pipe(
            failed,
            by(*kinds),
            _COUNT_AND_LATEST,
            "group()",
        ),
        (
            Label(name="target", title="Target", width=200, grows=True),
            Label(name="failure", title="Failure"),
            Label(name="fault", title="Fault", width=90, texts=TEXTS),
            NumberColumn(title="Latest", expression="latest", unit=AGO, width=140),
            NumberColumn(title="n", expression="n", unit=COUNT, width=70),
        ),
        sort_by="n",
        descending=True,
        size=HALF,
    )
