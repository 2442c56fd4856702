"""Names, units, buckets and attributes of what is sent: the one table.

The GenAI conventions were last published in v1.41 of the semantic conventions; `next` is what their own
repository holds since, unreleased: https://github.com/open-telemetry/semantic-conventions-genai. Everything
else is the metric catalogue under `inference_probe.`, so that a collector which translates names for
Prometheus arrives at those of the catalogue:
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from exporters.otlp.settings import Semconv
from probe.analysis.tally import timed
from probe.facts.sample import Failed, Sample, Usage
from probe.metrics import CATALOGUE
from probe.metrics.family import SERIES_LABELS, Family, Measurement, OfWindow
from probe.metrics.names import PREFIX

NAMESPACE: Final = PREFIX.removesuffix("_") + "."

# A unit of the catalogue as UCUM writes it; braces are what counts but has no unit.
UNITS: Final[Mapping[str, str]] = {
    "": "",
    "seconds": "s",
    "bytes": "By",
    "ratio": "1",
    "tokens": "{token}",
    # Not `{token}/s`: of that the collector makes a second `_per_second`.
    "tokens_per_second": "{token/s}",
    "usd": "{USD}",
    "usd_per_million_tokens": "{USD}/{Mtoken}",
    "usd_per_request": "{USD}/{request}",
}
# Ends of names that the unit says already, and that a translation for Prometheus puts back.
_SAID_BY_UNIT: Final = ("seconds", "bytes")

DURATION_BUCKETS: Final = tuple(round(0.01 * 2**power, 2) for power in range(14))
TOKEN_BUCKETS: Final = tuple(float(4**power) for power in range(14))

# https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/#gen-ai-provider-name
PROVIDER_NAMES: Final[Mapping[str, str]] = {
    "anthropic-2026-10-21": "anthropic",
    "azure-openai": "azure.ai.openai",
    "azure-openai-deployment": "azure.ai.openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instrument:
    """One metric as it is sent. A histogram without buckets is a count and a sum."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def own_name(family: Family) -> str:
    """`inference_probe.ttft` for `inference_probe_ttft_seconds`: unit and type stand beside the name."""
    name = family.name.removeprefix(PREFIX)
    if family.kind == "counter":
        name = name.removesuffix("_total")
    if family.unit in _SAID_BY_UNIT:
        name = name.removesuffix(f"_{family.unit}")
    return NAMESPACE + name


def own_instrument(family: Family) -> Instrument:
    """The same metric as OpenTelemetry names it."""
    kinds: dict[str, Literal["counter", "histogram", "gauge"]]
    kinds = {"counter": "counter", "gauge": "gauge", "info": "gauge"}
    return Instrument(
        name=own_name(family),
        kind=kinds.get(family.kind, "histogram"),
        unit=UNITS[family.unit],
        help=family.help,
        labels=family.label_names,
        buckets=family.buckets,
    )


# What stands on the last 24 hours is not sent: after a restart it would stand on nothing, and any window can
# be computed from the counters.
OWN_INSTRUMENTS: Final[Mapping[Family, Instrument]] = {
    family: own_instrument(family) for family in CATALOGUE if not isinstance(family.source, OfWindow)
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GenAi:
    """A metric of the GenAI conventions, under its name in each version; None if it has none there.

    `read` gives values and those of `labels`, which come on top of `gen_ai_attributes`.
    """

    names: Mapping[Semconv, str | None]
    kind: Literal["counter", "histogram"]
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    read: Callable[[Sample], Iterable[Measurement]]

    def instrument(self, semconv: Semconv) -> Instrument | None:
        name = self.names[semconv]
        if name is None:
            return None
        return Instrument(
            name=name,
            kind=self.kind,
            unit=self.unit,
            help=self.help,
            labels=self.labels,
            buckets=self.buckets,
        )


def _duration(sample: Sample) -> Iterable[Measurement]:
    """Failures too, with their kind. Not known across a step of the clock."""
    if sample.trusted and (timed(sample) or not sample.success):
        yield Measurement(sample.timing.duration_seconds, () if sample.success else (error_type(sample),))


def _first_chunk(sample: Sample) -> Iterable[Measurement]:
    if timed(sample) and sample.timing.ttft_seconds is not None:
        yield Measurement(sample.timing.ttft_seconds)


def _chunk_gaps(sample: Sample) -> Iterable[Measurement]:
    return map(Measurement, sample.timing.chunk_gaps_seconds) if timed(sample) else ()


def _usage(
    *counts: tuple[Callable[[Usage], int | None], tuple[str, ...]],
) -> Callable[[Sample], list[Measurement]]:
    """Of what the provider counted: the conventions allow no estimate."""

    def readings(sample: Sample) -> list[Measurement]:
        if sample.usage.source != "provider":
            return []
        found = ((read(sample.usage), labels) for read, labels in counts)
        return [Measurement(count, labels) for count, labels in found if count is not None]

    return readings


def _next_counter(name: str, about: str, read: Callable[[Usage], int | None]) -> GenAi:
    return GenAi(
        names={"v1.41": None, "next": f"gen_ai.client.inference.usage.{name}"},
        kind="counter",
        unit="{token}",
        help=about,
        read=_usage((read, ())),
    )


def _next_tokens(name: str, about: str, read: Callable[[Usage], int | None]) -> GenAi:
    return GenAi(
        names={"v1.41": None, "next": f"gen_ai.client.inference.operation.{name}"},
        kind="histogram",
        unit="{token}",
        help=about,
        buckets=TOKEN_BUCKETS,
        read=_usage((read, ())),
    )


GEN_AI: Final = (
    GenAi(
        names={"v1.41": "gen_ai.client.operation.duration", "next": "gen_ai.client.inference.duration"},
        kind="histogram",
        unit="s",
        help="Start of the call to the end of the exchange, of failures too.",
        labels=("error.type",),
        buckets=DURATION_BUCKETS,
        read=_duration,
    ),
    GenAi(
        names={
            "v1.41": "gen_ai.client.operation.time_to_first_chunk",
            "next": "gen_ai.client.inference.time_to_first_chunk",
        },
        kind="histogram",
        unit="s",
        help="Start of the call to the first chunk that carries output.",
        buckets=DURATION_BUCKETS,
        read=_first_chunk,
    ),
    GenAi(
        names={
            "v1.41": "gen_ai.client.operation.time_per_output_chunk",
            "next": "gen_ai.client.inference.time_per_output_chunk",
        },
        kind="histogram",
        unit="s",
        help="Time between two arrivals that carry output.",
        buckets=DURATION_BUCKETS,
        read=_chunk_gaps,
    ),
    GenAi(
        names={"v1.41": "gen_ai.client.token.usage", "next": None},
        kind="histogram",
        unit="{token}",
        help="Tokens of one request, by the provider's count.",
        labels=("gen_ai.token.type",),
        buckets=TOKEN_BUCKETS,
        read=_usage(
            (lambda usage: usage.input_tokens, ("input",)), (lambda usage: usage.output_tokens, ("output",))
        ),
    ),
    _next_counter("input_tokens", "Input tokens, cached ones included.", lambda u: u.input_tokens),
    _next_counter("output_tokens", "Output tokens, reasoning included.", lambda u: u.output_tokens),
    _next_counter(
        "cache_read.input_tokens", "Input tokens read from a cache.", lambda u: u.cached_input_tokens
    ),
    _next_counter(
        "cache_write.input_tokens", "Input tokens written to a cache.", lambda u: u.cache_write_tokens
    ),
    _next_counter("reasoning.output_tokens", "Output tokens of reasoning.", lambda u: u.reasoning_tokens),
    _next_tokens("input_tokens", "Input tokens of one request.", lambda u: u.input_tokens),
    _next_tokens("output_tokens", "Output tokens of one request.", lambda u: u.output_tokens),
)

# The span attribute that the coming version renames.
CACHE_WRITE: Final[Mapping[Semconv, str]] = {
    "v1.41": "gen_ai.usage.cache_creation.input_tokens",
    "next": "gen_ai.usage.cache_write.input_tokens",
}

# What keeps series apart beside the attributes of the conventions, as cold and warm never mix.
OWN_ATTRIBUTES: Final = tuple(
    f"{NAMESPACE}{label}" for label in SERIES_LABELS if label not in {"provider", "model"}
)


def error_type(sample: Sample) -> str:
    """The kind of a failure, which is one of a closed list; empty if there is none."""
    return sample.outcome.kind if isinstance(sample.outcome, Failed) else ""
