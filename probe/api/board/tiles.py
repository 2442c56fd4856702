"""The figures at the top of the board: the best of the targets shown, and their sums. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from probe.reports import format as fmt
from probe.reports.leaderboard import Entry, Sort, SortKey, ranked

_UNKNOWN_HINT = "Not known yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """`hint` is the long form, for a tooltip."""

    label: str
    value: str
    unit: str = ""
    note: str
    hint: str


def tiles(entries: Sequence[Entry]) -> tuple[Tile, ...]:
    """Fastest, cheapest, most stable, success, probes, spend."""
    return (_fastest(entries), _cheapest(entries), _stablest(entries), *_sums(entries))


def _fastest(entries: Sequence[Entry]) -> Tile:
    entry = _best([entry for entry in entries if entry.summary.ttft], "ttft")
    if entry is None or entry.summary.ttft is None:
        return _unknown("Fastest", entries)
    ttft = entry.summary.ttft
    return Tile(
        label="Fastest",
        value=fmt.duration(ttft.p50),
        note=_whose(entry),
        hint=f"{entry.target}: lowest median time to first token, n = {ttft.n:,}",
    )


def _cheapest(entries: Sequence[Entry]) -> Tile:
    entry = _best([entry for entry in entries if entry.summary.cost_per_million_usd is not None], "cost")
    if entry is None:
        return _unknown("Cheapest", entries)
    return Tile(
        label="Cheapest",
        value=fmt.usd(entry.summary.cost_per_million_usd),
        unit="/M tokens",
        note=_whose(entry),
        hint=f"{entry.target}: lowest cost per million tokens, n = {entry.summary.costed:,}",
    )


def _stablest(entries: Sequence[Entry]) -> Tile:
    """A jitter of one latency is 0 by definition and says nothing."""
    spread = [entry for entry in entries if entry.summary.total_latency and entry.summary.total_latency.n > 1]
    entry = _best(spread, "jitter")
    if entry is None or entry.summary.total_latency is None:
        return _unknown("Most stable", entries)
    return Tile(
        label="Most stable",
        value=fmt.duration(entry.summary.jitter_seconds),
        unit="jitter",
        note=_whose(entry),
        hint=f"{entry.target}: lowest jitter of total latency, n = {entry.summary.total_latency.n:,}",
    )


def _sums(entries: Sequence[Entry]) -> tuple[Tile, ...]:
    summaries = [entry.summary for entry in entries]
    attempts = sum(summary.attempts for summary in summaries)
    judged = attempts - sum(summary.own_failures for summary in summaries)
    successes = sum(summary.successes for summary in summaries)
    costs = [summary.cost_usd for summary in summaries if summary.cost_usd is not None]
    costed = sum(summary.costed for summary in summaries)
    probed = sum(1 for summary in summaries if summary.attempts)
    return (
        Tile(
            label="Success",
            value=fmt.percent(successes, judged),
            note=f"{successes:,} of {judged:,}" if judged else "no probes yet",
            hint="Whole answers of all probes, our own failures left out" if judged else _UNKNOWN_HINT,
        ),
        Tile(
            label="Probes",
            value=fmt.integer(attempts),
            note=f"{probed:,} of {len(entries):,} targets",
            hint="Attempts in the last 24 hours",
        ),
        Tile(
            label="Spend",
            value=fmt.usd(sum(costs, Decimal(0)) if costs else None),
            note="in 24 h" if costed == attempts else f"known for {costed:,} of {attempts:,}",
            hint="Cost of all probes in the last 24 hours whose price is known" if costs else _UNKNOWN_HINT,
        ),
    )


def _whose(entry: Entry) -> str:
    """The target; before it, as long names are cut, what keeps it from being compared with just any other."""
    warm = ["warm"] if entry.connection == "warm" else []
    simulated = ["simulated"] if entry.kind == "simulated" else []
    return " · ".join([*warm, *simulated, entry.target])


def _best(entries: Sequence[Entry], key: SortKey) -> Entry | None:
    return ranked(entries, Sort(key=key))[0] if entries else None


def _unknown(label: str, entries: Sequence[Entry]) -> Tile:
    if any(entry.summary.successes for entry in entries):
        note = "no price known" if label == "Cheapest" else "too few results"
    else:
        note = "no success" if any(entry.summary.attempts for entry in entries) else "no result yet"
    return Tile(label=label, value=fmt.UNKNOWN, note=note, hint=_UNKNOWN_HINT)
