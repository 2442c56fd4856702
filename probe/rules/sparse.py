"""Copies of series with fewer samples, for boards that look back over days.

`sparse:` and `hourly:` stand before the name of what is copied; labels are the same, the scraped instance
among them, as a counter is one of a process.
"""

from collections.abc import Iterable
from typing import Final

from probe.metrics import names
from probe.rules.promql import Recorded, selector

COUNTS_EVERY: Final = "5m"
BUCKETS_EVERY: Final = "15m"
HOURLY: Final = "1h"

# Histograms whose buckets boards read over the time shown.
_HISTOGRAMS: Final = (
    names.TTFT_SECONDS,
    names.TTFT_SERVER_SECONDS,
    names.TOTAL_LATENCY_SECONDS,
    names.TOKENS_PER_SECOND,
    names.CHUNK_GAP_SECONDS,
)
_COUNTS: Final = (
    *(f"{name}_count" for name in _HISTOGRAMS),
    *(f"{names.ELSEWHERE_SECONDS}{part}" for part in ("_sum", "_count")),
    f"{names.PHASE_SECONDS}_sum",
    names.ATTEMPTS_TOTAL,
    names.TOKENS_TOTAL,
    names.COST_USD_TOTAL,
    names.UNPRICED_ATTEMPTS_TOTAL,
    names.CHARGED_USD_TOTAL,
    names.EVENTS_TOTAL,
    names.MODEL_PRICE_USD_PER_MILLION_TOKENS,
    names.PROBED_MODEL_VANISHED,
    names.LAST_ATTEMPT_SUCCESS,
    names.LAST_ATTEMPT_TIMESTAMP_SECONDS,
    names.JITTER_SECONDS,
    names.VALUE_SCORE,
    names.WINDOW_ATTEMPTS,
    names.TARGET_INFO,
    names.JOB_INFO,
)
_BUCKETS: Final = tuple(f"{name}_bucket" for name in _HISTOGRAMS)
COPIED: Final = frozenset((*_COUNTS, *_BUCKETS))


def sparse_counts() -> tuple[Recorded, ...]:
    """Counters and states."""
    return _copies("sparse", _COUNTS)


def sparse_buckets() -> tuple[Recorded, ...]:
    """Buckets, of which there are twenty times as many."""
    return _copies("sparse", _BUCKETS)


def hourly_buckets() -> tuple[Recorded, ...]:
    """Buckets for weeks."""
    return _copies("hourly", _BUCKETS)


def _copies(level: str, copied: Iterable[str]) -> tuple[Recorded, ...]:
    return tuple(_copy(level, name) for name in copied)


def _copy(level: str, name: str) -> Recorded:
    return Recorded(
        name=f"{level}:{name}", make=lambda _, matcher, offset: selector(name, matcher, offset=offset)
    )
