"""What happened, as lines across every graph: prices, models, runs, alerts."""

from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationQuery as Annotation

from dashboards.palette import BLUE, MUTED, RED, YELLOW
from dashboards.query import metric
from dashboards.source import PROMETHEUS
from probe.metrics import names

# What somebody has to look at; the alert Watchdog fires always and is none of these.
SEVERE = 'severity=~"critical|warning"'
# Labels that say what an alert is about; each has some of them.
CONCERNED = ("target", "provider", "job_name", "exporter", "budget", "location")
ALERTING = f'ALERTS{{alertstate="firing",{SEVERE}}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A mark wherever `expression` has a value. It is evaluated in wide steps, so it looks back over one."""

    name: str
    expression: str
    title: str
    text: str
    colour: str
    shown: bool = True


def _changes(name: str, *matchers: str) -> str:
    return f"changes({metric(name, *matchers)}[$__rate_interval]) > 0"


HAPPENINGS = (
    Happening(
        name="Alerts",
        # Only where each began: whole spans, one over the other, would hide the lines below them.
        expression=f"{ALERTING} unless {ALERTING} offset $__interval",
        title="{{alertname}}",
        text=" ".join(f"{{{{{label}}}}}" for label in ("severity", *CONCERNED)),
        colour=RED,
    ),
    Happening(
        name="Price changes",
        expression=_changes(names.MODEL_PRICE_USD_PER_MILLION_TOKENS),
        title="Price changed",
        text="{{provider}} {{model}}: {{type}}",
        colour=YELLOW,
    ),
    Happening(
        name="Model changes",
        expression=_changes(names.EVENTS_TOTAL, 'event=~"model_.+|probed_model_.+"'),
        title="{{event}}",
        text="See the board Discovery, or probe events.",
        colour=BLUE,
    ),
    Happening(
        name="Runs",
        expression=_changes(names.JOB_LAST_RUN_TIMESTAMP_SECONDS),
        title="Run of {{job_name}}",
        text="A run began.",
        colour=MUTED,
        shown=False,
    ),
)


def marks(*, narrowed: bool = True) -> list[Builder[Annotation]]:
    """For every board; runs are many, so they wait to be switched on.

    A board that is not narrowed by provider and model has none that ask for them.
    """
    return [_annotation(each) for each in HAPPENINGS if narrowed or "$provider" not in each.expression]


def _annotation(happening: Happening) -> Builder[Annotation]:
    return (
        AnnotationQuery()
        .name(happening.name)
        .datasource(PROMETHEUS.chosen)
        .enable(happening.shown)
        .icon_color(happening.colour)
        .expr(happening.expression)
        .title_format(happening.title)
        .text_format(happening.text)
        .step("60s")
    )
