"""The variables at the top of each board for InfluxDB: what the attempts in sight have as tags."""

from grafana_foundation_sdk.builders.dashboard import QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableRefresh, VariableSort

from dashboards.flux.fields import ATTEMPT, tag
from dashboards.source import INFLUXDB
from dashboards.variables import ALL, Variable, datasource

_ABOUT = {
    "kind": ("Kind", "How a target is reached; simulated targets answer what they were told to."),
    "location": ("Location", "Where the probe is that measured."),
    "provider": ("Provider", "The provider, router or engine."),
    "model": ("Model", "The model as the provider calls it."),
    "target": ("Target", "One model at one provider, as the configuration calls it."),
    "suite": ("Suite", "The suite of prompts."),
}
# Tags of the variables, in the order in which they narrow each other.
NARROWING = tuple(_ABOUT)


def variables() -> list[Variable]:
    """The data source, and a choice for each tag among what the choices before it leave."""
    return [datasource(INFLUXDB), *(_choice(name) for name in NARROWING)]


def chosen_tags(*tags: str) -> str:
    """What the variables of these tags leave, as a condition about `r`."""
    return " and ".join(f"r.{tag(name)} =~ /^${{{name}:regex}}$/" for name in tags)


def _choice(name: str) -> Variable:
    title, about = _ABOUT[name]
    query = _tag_values(name)
    return (
        QueryVariable(name)
        .label(title)
        .description(about)
        .query({"query": query, "refId": f"variable-{name}"})
        .definition(query)
        .datasource(INFLUXDB.chosen)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(ALL)
    )


def _tag_values(name: str) -> str:
    before = NARROWING[: NARROWING.index(name)]
    narrowed = f" and {chosen_tags(*before)}" if before else ""
    return (
        'import "influxdata/influxdb/schema"\n'
        f'schema.tagValues(bucket: v.defaultBucket, tag: "{tag(name)}", '
        f'predicate: (r) => r._measurement == "{ATTEMPT}"{narrowed}, '
        "start: v.timeRangeStart, stop: v.timeRangeStop)"
    )
