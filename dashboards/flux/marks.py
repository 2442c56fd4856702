"""What happened, as lines across every graph of a board for InfluxDB: the events that the exporter writes."""

from grafana_foundation_sdk.builders.dashboard import AnnotationEventFieldMapping, AnnotationQuery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationEventFieldSource
from grafana_foundation_sdk.models.dashboard import AnnotationQuery as Annotation

from dashboards.flux.fields import EVENT
from dashboards.flux.panels import Flux
from dashboards.flux.query import keep, measured, pipe, tagged
from dashboards.flux.variables import chosen_tags
from dashboards.palette import BLUE, RED, YELLOW
from dashboards.source import INFLUXDB

_HAPPENINGS = {
    "Price changes": ("^price", YELLOW),
    "Model changes": ("^(probed_)?model_", BLUE),
    "Budgets": ("^budget", RED),
}


# An event of no provider is everybody's; a provider's first list is no news.
_CHOSEN = f"not exists r.provider or ({chosen_tags('provider')})"
_NEWS = 'exists r.model or r.kind != "model_appeared"'


def event_marks() -> list[Builder[Annotation]]:
    """For every board."""
    return [_mark(name, kinds, colour) for name, (kinds, colour) in _HAPPENINGS.items()]


def _mark(name: str, kinds: str, colour: str) -> Builder[Annotation]:
    query = pipe(
        measured(EVENT, 'r._field == "text"', tagged("kind", "=~", kinds), _NEWS, _CHOSEN),
        "group()",
        keep("_time", "_value", "kind", "provider", "model"),
    )
    return (
        AnnotationQuery()
        .name(name)
        .datasource(INFLUXDB.chosen)
        .enable(True)
        .icon_color(colour)
        .target(Flux(query, "A"))
        .mappings(
            {
                "time": AnnotationEventFieldMapping().source(AnnotationEventFieldSource.FIELD).value("_time"),
                "title": AnnotationEventFieldMapping().source(AnnotationEventFieldSource.FIELD).value("kind"),
                "text": AnnotationEventFieldMapping()
                .source(AnnotationEventFieldSource.FIELD)
                .value("_value"),
            }
        )
    )
