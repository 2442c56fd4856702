"""The variables at the top of each board."""

from grafana_foundation_sdk.builders.dashboard import CustomVariable, DatasourceVariable, QueryVariable
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.query import in_range, metric
from dashboards.source import PROMETHEUS, DataSource
from probe.config.results import RulesConfig
from probe.metrics import names
from probe.metrics.names import PREFIX

Variable = Builder[VariableModel]

ALL = VariableOption(selected=True, text="All", value="$__all")
WINDOWS = ("1h", "3h", "6h", "12h", "1d", "7d")
DEFAULT_WINDOW = "3h"

_RUNBOOKS = RulesConfig().runbook_url
# Numbers that the Prometheus plug-in gives to `label_values` and `query_result`.
_KIND_OF_QUERY = {"label_values": 1, "query_result": 3}


def datasource(source: DataSource = PROMETHEUS) -> Variable:
    """Which data source is queried; the provisioned one at first."""
    return (
        DatasourceVariable("datasource")
        .label("Data source")
        .description("Where the figures of this board come from.")
        .type(source.type)
        .current(VariableOption(selected=True, text=source.title, value=source.uid))
    )


def narrowing() -> list[Variable]:
    """Kind, location, provider, model and suite; the hidden `target` is what all of them leave."""
    return [
        _samples(),
        _labels("kind", "Kind", "How a target is reached; simulated targets answer what they were told to."),
        _labels("location", "Location", "Where the probe is that measured.", "kind"),
        _labels("provider", "Provider", "The provider, router or engine.", "kind", "location"),
        _labels("model", "Model", "The model as the provider calls it.", "kind", "location", "provider"),
        _suite(),
        _target(),
    ]


def instance() -> Variable:
    """Which probe, where Prometheus scrapes more than one."""
    selector = metric(names.BUILD_INFO, narrowed=())
    about = "The probe, by the address at which it is scraped."
    return _asked("instance", "Probe", about, f"label_values({selector}, instance)").all_value(".*")


def runbooks() -> Variable:
    """Where runbooks are read, as the probe is configured."""
    query = f"label_values({metric(names.RUNBOOKS_INFO, narrowed=())}, url)"
    about = "Where runbooks are read."
    return (
        _asked("runbooks", "Runbooks", about, query)
        .hide(VariableHide.HIDE_VARIABLE)
        .multi(False)
        .include_all(False)
        .current(VariableOption(selected=True, text=_RUNBOOKS, value=_RUNBOOKS))
    )


def window() -> Variable:
    """The trailing window of percentiles in graphs over time."""
    return (
        CustomVariable("window")
        .label("Window")
        .description("Each point of a percentile looks back so long; the longer, the more attempts it has.")
        .values(",".join(WINDOWS))
        .options([_option(each, chosen=each == DEFAULT_WINDOW) for each in WINDOWS])
        .current(_option(DEFAULT_WINDOW, chosen=True))
    )


def _option(value: str, *, chosen: bool) -> VariableOption:
    return VariableOption(selected=chosen, text=value, value=value)


# From which time shown on copies with fewer samples are read, in seconds: of buckets, which are many, and of
# all. A bar is then longer than what lies between two samples.
_MANY_SECONDS, _LONG_SECONDS = 6 * 3600, 3 * 86_400


def _samples() -> Variable:
    """Where figures over the time shown are read: its value for buckets, its text for all else.

    Copies are read where there are any that reach as far back as what they are copies of.
    """
    info = metric(names.TARGET_INFO, narrowed=())
    copied = f"sparse:{info}"
    begin = "[1h] offset $__range"
    younger = f"count(last_over_time({info}{begin})) unless on () count(last_over_time({copied}{begin}))"
    whole = f"count(last_over_time({copied}[$__range])) unless on () ({younger})"

    def read(condition: str, buckets: str, counts: str) -> str:
        named = f'label_replace({condition}, "buckets", "{buckets}{PREFIX}", "", "")'
        return f'label_replace({named}, "counts", "{counts}{PREFIX}", "", "")'

    query = " or on () ".join(
        (
            read(f"vector($__range_s) > {_LONG_SECONDS} and on () ({whole})", "hourly:", "sparse:"),
            read(f"vector($__range_s) > {_MANY_SECONDS} and on () ({whole})", "sparse:", ""),
            read("vector($__range_s)", "", ""),
        )
    )
    return (
        _asked("samples", "Samples", "Which copies of the series are read.", f"query_result({query})")
        .regex('/buckets="(?<value>[^"]+)",counts="(?<text>[^"]+)"/')
        .hide(VariableHide.HIDE_VARIABLE)
        .multi(False)
        .include_all(False)
        .current(VariableOption(selected=True, text=PREFIX, value=PREFIX))
    )


def _labels(label: str, title: str, about: str, *within: str) -> Variable:
    """The values of a label among the targets that the variables before leave."""
    selector = metric(names.TARGET_INFO, *(f'{each}=~"${each}"' for each in within), narrowed=())
    asked = _asked(label, title, about, f"label_values({selector}, {label})")
    # All providers are those that are left: what has no other label, such as a model list, follows the kind.
    return asked if label == "provider" else asked.all_value(".*")


def _suite() -> Variable:
    selector = metric(names.JOB_INFO, narrowed=())
    about = "The suite of prompts; it leaves the targets of the jobs that run it."
    return _asked("suite", "Suite", about, f"label_values({selector}, suite)").all_value(".*")


_INFO = names.TARGET_INFO.removeprefix(PREFIX)


def _target() -> Variable:
    """Targets of the suites chosen; those of no job too if all suites are. Whoever is gone keeps its past."""
    asked = [f'{each}=~"${each}"' for each in ("kind", "location", "provider", "model")]
    whole = metric(names.TARGET_INFO, *asked, narrowed=())
    targets = in_range(whole)
    jobs = in_range(metric(names.JOB_INFO, 'suite=~"$suite"', narrowed=()))
    # A target has no label `suite`: only a pattern that matches an empty text finds it, as "All" is.
    everything = in_range(whole).replace(f"{_INFO}{{", f'{_INFO}{{suite=~"$suite",')
    query = f"count by (target) ({targets} and on (target) {jobs}) or count by (target) ({everything})"
    return (
        _asked("target", "Target", "What the other choices leave.", f"query_result({query})")
        .regex('/target="([^"]+)"/')
        .hide(VariableHide.HIDE_VARIABLE)
    )


def _asked(name: str, title: str, about: str, query: str) -> QueryVariable:
    kind = _KIND_OF_QUERY[query.partition("(")[0]]
    return (
        QueryVariable(name)
        .label(title)
        .description(about)
        .query({"query": query, "refId": f"variable-{name}", "qryType": kind})
        .definition(query)
        .datasource(PROMETHEUS.chosen)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(True)
        .include_all(True)
        .current(ALL)
    )
