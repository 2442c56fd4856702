"""Units, thresholds and value texts that boards share; colours mean the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import DashboardSpecialValueMapOptions as SpecialValueOptions
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from dashboards.palette import BLUE, GREEN, MUTED, RED, YELLOW
from probe.analysis.jitter import RED_ABOVE_SECONDS, YELLOW_FROM_SECONDS

# Grafana's names of units; `suffix:` writes what follows behind the number.
SECONDS = "s"
USD = "currencyUSD"
USD_PER_MILLION = "suffix: USD / 1M tokens"
TOKENS_PER_SECOND = "suffix: tok/s"
TOKENS = "suffix: tokens"
RATIO = "percentunit"
COUNT = "locale"
BYTES = "bytes"
MOMENT = "dateTimeAsIso"
AGO = "dateTimeFromNow"
WORD = "string"
NO_UNIT = "none"
FACTOR = "suffix: ×"

Steps = Sequence[tuple[float | None, str]]

# From which value on which colour; None is the lowest.
JITTER: Steps = ((None, GREEN), (YELLOW_FROM_SECONDS, YELLOW), (RED_ABOVE_SECONDS, RED))
SUCCESS: Steps = ((None, RED), (0.95, YELLOW), (0.99, GREEN))
SPENT: Steps = ((None, GREEN), (0.8, YELLOW), (1, RED))
ANY_IS_BAD: Steps = ((None, GREEN), (1, RED))
ANY_IS_ODD: Steps = ((None, GREEN), (1, YELLOW))
# Jitter and cost of fewer attempts are chance.
SEVERAL = 5
PLAIN: Steps = ((None, BLUE),)

KINDS = {
    "direct": ("direct", GREEN),
    "proxy": ("proxy", BLUE),
    "engine": ("engine", BLUE),
    "simulated": ("simulated", YELLOW),
}
# The order in which phases follow each other, from connecting to the last byte.
PHASES = {
    "dns": "#64748B",
    "connect": "#94A3B8",
    "proxy": "#A78BFA",
    "tls": "#22D3EE",
    "send": "#F472B6",
    "wait": YELLOW,
    "stream": BLUE,
    "drain": GREEN,
}


def thresholds(steps: Steps) -> ThresholdsConfig:
    """The same in Grafana's terms."""
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(as_thresholds(steps))


def as_thresholds(steps: Steps) -> list[Threshold]:
    return [Threshold(value=value, color=colour) for value, colour in steps]


def threshold_property(steps: Steps) -> DynamicConfigValue:
    """Thresholds of one column."""
    marks = [each.to_json() for each in as_thresholds(steps)]
    return prop("thresholds", {"mode": "absolute", "steps": marks})


def by_threshold() -> FieldColor:
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def by_name() -> FieldColor:
    """A series keeps its colour when others come and go."""
    return FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)


def texts(by_value: Mapping[str, tuple[str, str]]) -> list[ValueMap]:
    """Text and colour by value."""
    return [
        ValueMap(
            options={
                value: ValueMappingResult(text=text, color=colour, index=index)
                for index, (value, (text, colour)) in enumerate(by_value.items())
            }
        )
    ]


def unknown(text: str, colour: str = MUTED) -> SpecialValueMap:
    """What stands where nothing is known: never in a colour that says that all is well."""
    result = ValueMappingResult(text=text, color=colour, index=99)
    return SpecialValueMap(options=SpecialValueOptions(match=SpecialValueMatch.NULL_AND_NAN, result=result))


def text_property(by_value: Mapping[str, tuple[str, str]]) -> DynamicConfigValue:
    """Text and colour by value of one column."""
    return prop("mappings", [each.to_json() for each in texts(by_value)])


def prop(name: str, value: object) -> DynamicConfigValue:
    """One setting of an override."""
    return DynamicConfigValue(id_val=name, value=value)


def coloured(colour: str) -> list[DynamicConfigValue]:
    """An override that draws a series in one colour."""
    return [prop("color", {"mode": "fixed", "fixedColor": colour})]


# Overrides that tell the lines of one graph apart by how they are drawn.
DASHED = [prop("custom.lineStyle", {"fill": "dash", "dash": [6, 4]})]
DOTTED = [prop("custom.lineStyle", {"fill": "dash", "dash": [2, 4]})]


def as_milliseconds(expression: str) -> str:
    """Unix seconds as Grafana's units of moments take them."""
    return f"1000 * ({expression})"
