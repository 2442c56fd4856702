"""A sample as a row of `benchmark_results`, and back.

What a provider sent is kept as it came, but for what a text column cannot hold: NUL characters and lone
surrogates become U+FFFD, so that a strange answer is stored rather than refused by one of the databases.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from probe.catalog.prices.price import plain
from probe.facts.sample import Cost, Failed, Ok, Outcome, Reported, Sample, Target, Timing, Usage
from probe.lib.clock import NS_PER_MS, NS_PER_SECOND
from probe.store.schema import benchmark_results as results

_LARGEST_COUNT = 2**63 - 1
_ZERO = Decimal(0)
_OK = Ok()

# Column -> field, where the one holds the other as it is.
_SAMPLE = {
    "id": "id",
    "run_id": "run_id",
    "suite": "suite",
    "case_id": "case_id",
    "prompt_hash": "prompt_hash",
    "streaming": "streaming",
    "connection": "connection",
    "reused": "reused",
    "planned_at": "planned_at",
    "started_at": "started_at",
    "lag_seconds": "lag_seconds",
    "probe_lag_seconds": "probe_lag_seconds",
    "stamps": "stamps",
    "trusted": "trusted",
    "remarks": "remarks",
    "gateway": "gateway",
    "gateway_tries": "gateway_tries",
    "unreported": "unreported",
    "status_code": "status_code",
    "response_text": "text",
    "reasoning_text": "reasoning_text",
    "finish_reason": "finish_reason",
    "served_model": "served_model",
    "provider_request_id": "provider_request_id",
    "system_fingerprint": "system_fingerprint",
    "rate_limit": "rate_limit",
    "peer_address": "peer_address",
    "tls_version": "tls_version",
    "http_version": "http_version",
}
_TARGET = {
    "target": "name",
    "provider": "provider",
    "model": "model",
    "base_url": "base_url",
    "kind": "kind",
    "location": "location",
}
_TIMING = {
    "redirect_seconds": "redirect_seconds",
    "dns_seconds": "dns_seconds",
    "connect_seconds": "connect_seconds",
    "proxy_seconds": "proxy_seconds",
    "tls_seconds": "tls_seconds",
    "send_seconds": "send_seconds",
    "ttfb_seconds": "ttfb_seconds",
    "ttft_server_seconds": "ttft_server_seconds",
    "ttfa_seconds": "ttfa_seconds",
    "drain_seconds": "drain_seconds",
    "duration_seconds": "duration_seconds",
    "itl_seconds": "itl_seconds",
    "stream_jitter_seconds": "stream_jitter_seconds",
    "chunk_gaps": "chunk_gaps_seconds",
    "tps": "tps",
    "tps_steady": "tps_steady",
    "later_try_ttft_seconds": "later_try_ttft_seconds",
    "withheld": "withheld",
}
_REPORTED = {
    "reported_source": "source",
    "reported_load_seconds": "load_seconds",
    "reported_queue_seconds": "queue_seconds",
    "reported_prompt_seconds": "prompt_seconds",
    "reported_prompt_tokens": "prompt_tokens",
    "reported_completion_seconds": "completion_seconds",
    "reported_completion_tokens": "completion_tokens",
    "reported_ttft_seconds": "ttft_seconds",
    "reported_itl_seconds": "itl_seconds",
    "reported_total_seconds": "total_seconds",
    "reported_cost_usd": "cost_usd",
    "reported_upstream": "upstream",
}
_NOTHING_REPORTED: dict[str, Any] = dict.fromkeys(_REPORTED)
# Columns that hold a field in another form; the functions below know how.
_LATENCIES = ("ttft_ms", "total_latency_ms")
_OUTCOME = ("success", "failure_kind", "fault", "error_message", "retry_after_seconds")
_USAGE = (
    "input_tokens",
    "input_tokens_known",
    "output_tokens",
    "output_tokens_known",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "tokens_source",
)
_COST = ("cost_known", "cost_usd", "input_price_per_m", "output_price_per_m", "price_source")

_GROUPS: tuple[Sequence[str], ...] = (
    tuple(_SAMPLE),
    tuple(_TARGET),
    tuple(_TIMING),
    _LATENCIES,
    _OUTCOME,
    _USAGE,
    _COST,
    tuple(_REPORTED),
)
_LARGE = ("response_text", "reasoning_text", "chunk_gaps")

# Everything that a sample is made of, in the order in which `sample_from_row` takes it.
SAMPLE_COLUMNS: tuple[sa.Column[Any], ...] = tuple(results.c[name] for group in _GROUPS for name in group)
# The same without what can be large: texts come out as None, and no gaps.
LIGHT_COLUMNS: tuple[sa.ColumnElement[Any], ...] = tuple(
    sa.null().label(column.name) if column.name in _LARGE else column for column in SAMPLE_COLUMNS
)
_STARTS = [sum(len(group) for group in _GROUPS[:count]) for count in range(len(_GROUPS) + 1)]
_SLICES = tuple(slice(start, end) for start, end in pairwise(_STARTS))


def row_from_sample(
    sample: Sample, *, provider_id: UUID, model_id: UUID, keep_responses: bool
) -> dict[str, Any]:
    """Every column but `sequence`."""
    timing = sample.timing
    row = {column: _storable(getattr(sample, field)) for column, field in _SAMPLE.items()}
    row |= {column: _storable(getattr(sample.target, field)) for column, field in _TARGET.items()}
    row |= {column: getattr(timing, field) for column, field in _TIMING.items()}
    row |= _outcome_columns(sample.outcome)
    row |= _usage_columns(sample.usage)
    row |= _cost_columns(sample.cost)
    row |= _reported_columns(sample.reported)
    row["ttft_ms"] = _milliseconds(timing.ttft_seconds)
    row["total_latency_ms"] = _milliseconds(timing.total_latency_seconds)
    row["rate_limit"] = {clean(name): clean(value) for name, value in sample.rate_limit.items()}
    row["provider_id"] = provider_id
    row["model_id"] = model_id
    row["created_at"] = sample.ended_at
    if not keep_responses:
        row["response_text"] = row["reasoning_text"] = None
    return row


def sample_from_row(row: Sequence[Any], targets: dict[Target, Target]) -> Sample:
    """The sample in a row of `SAMPLE_COLUMNS` or `LIGHT_COLUMNS`.

    `targets` is filled with the targets met: equal ones are shared rather than held once for each sample.
    """
    facts, names, durations, latencies, outcome, usage, cost, reported = (row[part] for part in _SLICES)
    target = Target(**dict(zip(_TARGET.values(), names, strict=True)))
    fields = dict(zip(_TIMING.values(), durations, strict=True))
    ttft_ms, total_latency_ms = latencies
    fields["chunk_gaps_seconds"] = fields["chunk_gaps_seconds"] or ()
    fields["ttft_seconds"] = _seconds(ttft_ms)
    fields["total_latency_seconds"] = _seconds(total_latency_ms)
    return Sample(
        **dict(zip(_SAMPLE.values(), facts, strict=True)),
        target=targets.setdefault(target, target),
        timing=Timing(**fields),
        outcome=_outcome(*outcome),
        usage=_usage(*usage),
        cost=_cost(*cost),
        reported=_reported(reported),
    )


def clean(text: str) -> str:
    """The text as both databases can hold it."""
    if not text.isascii():
        # UTF-16 passes pairs of surrogates on as the character they mean, and finds the lone ones.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd")


def _storable(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _milliseconds(seconds: float | None) -> float | None:
    """By way of whole nanoseconds, the resolution of every clock here: `_seconds` gives the same float
    back."""
    return None if seconds is None else round(seconds * NS_PER_SECOND) / NS_PER_MS


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds * NS_PER_MS) / NS_PER_SECOND


def _outcome_columns(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Ok():
            return dict(zip(_OUTCOME, (True, None, None, None, None), strict=True))
        case Failed(kind=kind, fault=fault, detail=detail, retry_after_seconds=retry_after):
            return dict(zip(_OUTCOME, (False, kind, fault, clean(detail), retry_after), strict=True))


def _outcome(success: bool, kind: Any, fault: Any, message: str, retry_after: float | None) -> Outcome:
    if success:
        return _OK
    return Failed(kind=kind, fault=fault, detail=message, retry_after_seconds=retry_after)


def _usage_columns(usage: Usage) -> dict[str, Any]:
    given, made = storable_count(usage.input_tokens), storable_count(usage.output_tokens)
    parts = [
        storable_count(count)
        for count in (usage.cached_input_tokens, usage.cache_write_tokens, usage.reasoning_tokens)
    ]
    counted = any(count is not None for count in (given, made, *parts))
    source = usage.source if counted else "unknown"
    values = (given or 0, given is not None, made or 0, made is not None, *parts, source)
    return dict(zip(_USAGE, values, strict=True))


def _usage(
    given: int,
    given_known: bool,
    made: int,
    made_known: bool,
    cached: int | None,
    written: int | None,
    reasoning: int | None,
    source: str,
) -> Usage:
    return Usage(
        input_tokens=given if given_known else None,
        output_tokens=made if made_known else None,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
        source="estimate" if source == "estimate" else "provider",
    )


def storable_count(tokens: int | None) -> int | None:
    """A count that no column can hold is nobody's count."""
    return tokens if tokens is not None and abs(tokens) <= _LARGEST_COUNT else None


def _cost_columns(cost: Cost | None) -> dict[str, Any]:
    if cost is None:
        return dict(zip(_COST, (False, _ZERO, None, None, None), strict=True))
    prices = cost.input_price_per_million_usd, cost.output_price_per_million_usd
    return dict(zip(_COST, (True, cost.total_usd, *prices, clean(cost.price_source)), strict=True))


def _cost(
    known: bool, total: Decimal, given: Decimal | None, made: Decimal | None, source: str | None
) -> Cost | None:
    if not known or source is None:
        return None
    return Cost(
        total_usd=total,
        input_price_per_million_usd=given,
        output_price_per_million_usd=made,
        price_source=source,
    )


def _reported_columns(reported: Reported | None) -> dict[str, Any]:
    if reported is None:
        return _NOTHING_REPORTED
    row = {column: _storable(getattr(reported, field)) for column, field in _REPORTED.items()}
    for column in ("reported_prompt_tokens", "reported_completion_tokens"):
        row[column] = storable_count(row[column])
    return row


def _reported(columns: Sequence[Any]) -> Reported | None:
    if columns[0] is None:
        return None
    return Reported(**dict(zip(_REPORTED.values(), columns, strict=True)))


def json_value(value: object) -> Any:
    """The value as both databases can hold it: decimals, dates and ids become text, no number becomes null.

    Raises TypeError if JSON has no form of it.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean(value)
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return plain(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return {clean(str(key)): json_value(each) for key, each in value.items()}
        case Sequence() | frozenset() | set():
            return [json_value(each) for each in value]
        case _:
            raise TypeError(f"no JSON of {type(value).__name__}")
