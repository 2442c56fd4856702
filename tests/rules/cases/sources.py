"""DiscoveryFailing and PriceSourceFailing, asked for on Sundays and every day; a step is an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.rules.cases.series import SCRAPED, elsewhere, selector
from tests.rules.promtool import Case, Firing

_JOB = {"job": SCRAPED["job"]}
_LISTED = {"provider": "groq"}
_SOURCE = {"source": "models.dev"}
_BOARD = "inference-probe-discovery?from=now-7d&to=now"
_HOUR = 3600


def _case(alert: str, what: str, series: Mapping[str, str], at: str, firing: Sequence[Firing] = ()) -> Case:
    return Case(alert, what, "market", series, at, firing, step="1h")


def _list(came: str, latest: str) -> dict[str, str]:
    """When the list last came whole, and whether it did the last time."""
    return {
        selector("inference_probe_discovery_last_success_timestamp_seconds", _LISTED): came,
        selector("inference_probe_discovery_last_successful", _LISTED): latest,
    }


def _prices(read: str, errors: str) -> dict[str, str]:
    """When the source was last read, and how often it could not be."""
    return {
        selector("inference_probe_price_source_read_timestamp_seconds", _SOURCE): read,
        selector("inference_probe_price_source_errors_total", _SOURCE): errors,
    }


_NO_LIST = Firing(
    labels={**_JOB, **_LISTED, "severity": "warning"},
    summary="The model list of groq has not come for 14d 2h 0m 0s",
    description=(
        "The model list of groq last came whole before the last 2 runs of discovery, and did not when it was "
        "last asked for. Models that appear, vanish or retire there are not seen, nor the prices that it "
        "names. Why: probe events --kind listing_failed --provider groq"
    ),
    dashboard=f"{_BOARD}&var-provider=groq",
)
_NO_PRICES = Firing(
    labels={**_JOB, **_SOURCE, "severity": "warning", "window": "2d"},
    summary="No prices come from models.dev",
    description=(
        "models.dev was asked for prices 2 times in the last 2d, and could not be read. What it said before "
        "stays in force, so a price that changed since is not seen. Why: probe events --kind "
        "price_source_failed"
    ),
    dashboard=_BOARD,
)
_TWO_HOURS = f"{2 * _HOUR}x400"
_TWO_DAYS = _prices(f"{3 * _HOUR}x100", "0x27 1x23 2x50")
_WENT_WRONG = _list(_TWO_HOURS, "1x169 0x230")

CASES = (
    _case("DiscoveryFailing", "two Sundays in a row", _WENT_WRONG, "340h", [_NO_LIST]),
    _case(
        "DiscoveryFailing",
        "at one of two probes",
        {**_WENT_WRONG, **elsewhere(_list(f"{2 * _HOUR}x169 {170 * _HOUR}x230", "1x400"))},
        "340h",
        [_NO_LIST],
    ),
    _case("DiscoveryFailing", "one Sunday", _WENT_WRONG, "300h"),
    _case("DiscoveryFailing", "it is being asked the second time", _WENT_WRONG, "339h"),
    _case(
        "DiscoveryFailing",
        "it came the second time",
        _list(f"{2 * _HOUR}x337 {338 * _HOUR}x60", "1x169 0x167 1x60"),
        "340h",
    ),
    _case("DiscoveryFailing", "it never came", _list("0x400", "0x400"), "340h"),
    _case("DiscoveryFailing", "nobody asked, as the probe was off", _list(_TWO_HOURS, "1x400"), "340h"),
    _case(
        "PriceSourceFailing",
        "two days in a row",
        _TWO_DAYS,
        "54h",
        [_NO_PRICES],
    ),
    _case("PriceSourceFailing", "it may be asked again at once", _TWO_DAYS, "52h"),
    _case(
        "PriceSourceFailing",
        "it could never be read",
        {selector("inference_probe_price_source_errors_total", _SOURCE): "_x27 1x23 2x23 3x30"},
        "78h",
        [_NO_PRICES],
    ),
    _case("PriceSourceFailing", "one day", _prices(f"{3 * _HOUR}x100", "0x27 1x70"), "54h"),
    _case(
        "PriceSourceFailing",
        "it was read between two failures",
        _prices(f"{3 * _HOUR}x29 {30 * _HOUR}x70", "0x27 1x23 2x50"),
        "54h",
    ),
    _case(
        "PriceSourceFailing",
        "asked by hand again and again",
        _prices(f"{3 * _HOUR}x100", "0x27 1x0 2x0 3x0 4x70"),
        "34h",
    ),
)
