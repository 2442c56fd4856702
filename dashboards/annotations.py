"""What happened, as lines across every graph: prices, models, runs, alerts."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationQuery as Annotation

from dashboards.palette import BLUE, MUTED, RED, YELLOW
from dashboards.query import back, metric
from dashboards.source import PROMETHEUS
from dashboards.style import as_milliseconds
from probe.metrics import names

# Labels that say what an alert is about; each has some of them.
CONCERNED = ("target", "provider", "job_name", "exporter", "budget", "location")
# An alert that has such a label follows the choice.
CHOSEN = ",".join(f'{label}=~"${label}|"' for label in ("target", "provider", "location"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A mark wherever `expression` has a value, or at the instant in milliseconds that is `told` by it."""

    name: str
    expression: str
    title: str
    text: str
    colour: str
    shown: bool = True
    told: bool = False


def _alerts(chosen: str) -> str:
    """When each began to be true that fires: a value, as a mark at every step would be a band."""
    severe = f'severity=~"critical|warning",{chosen}'
    firing = f'ALERTS{{alertstate="firing",{severe}}}'
    since = f"ALERTS_FOR_STATE{{{severe}}} and ignoring (alertstate) {firing}"
    return as_milliseconds(f"min by (alertname, {', '.join(CONCERNED)}) ({since})")


def _beginning(happened: Callable[[str], str]) -> str:
    """Where something is that was not a step before: what is seen over several steps would be a band."""
    return f"{happened('')} > 0 unless {happened(' offset $__interval')} > 0"


_PRICE = back(metric(names.MODEL_PRICE_USD_PER_MILLION_TOKENS))
_MODEL_EVENTS = metric(names.EVENTS_TOTAL, 'event=~"(probed_)?model_.+"')
_EVENTS = back(_MODEL_EVENTS)
_RUNS = metric(names.JOB_LAST_RUN_TIMESTAMP_SECONDS)
HAPPENINGS = (
    Happening(
        name="Alerts",
        expression=_alerts(CHOSEN),
        title="{{alertname}}",
        text=" ".join(f"{{{{{label}}}}}" for label in CONCERNED),
        colour=RED,
        told=True,
    ),
    Happening(
        name="Price changes",
        expression=_beginning(
            lambda offset: f"max by (provider, model, type) (changes({_PRICE}[$__rate_interval]{offset}))"
        ),
        title="Price changed",
        text="{{provider}} {{model}}: {{type}}",
        colour=YELLOW,
    ),
    Happening(
        name="Model changes",
        # A daemon that starts anew counts from 0, which is no event.
        expression=_beginning(
            lambda offset: f"max by (event, provider) (increase({_EVENTS}[$__rate_interval]{offset}))"
        ),
        title="{{event}}",
        text="{{provider}}: see the board Discovery, or probe events.",
        colour=BLUE,
    ),
    Happening(
        name="Runs",
        expression=as_milliseconds(f"max by (job_name) ({_RUNS} > 0)"),
        title="Run of {{job_name}}",
        text="A run began.",
        colour=MUTED,
        shown=False,
        told=True,
    ),
)


def marks(*, narrowed: bool = True) -> list[Builder[Annotation]]:
    """For every board; runs are many, so they wait to be switched on.

    A board that is not narrowed by provider and model shows the alerts about probes, and all models.
    """
    if narrowed:
        return [_annotation(each) for each in HAPPENINGS]
    alerts, _, models, runs = HAPPENINGS
    own = replace(alerts, expression=_alerts('instance=~"$instance|"'))
    everywhere = replace(
        models,
        expression=models.expression.replace(
            _EVENTS, _MODEL_EVENTS.replace('provider=~"$provider"', 'provider=~".*"')
        ),
    )
    return [_annotation(each) for each in (own, everywhere, runs)]


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
        .use_value_for_time(happening.told)
        .step("15s")
    )
