"""Samples as commands print them. Figures are those of `probe.reports.format`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from probe.cli.output.table import Cell, print_note, print_table, terminal_safe
from probe.facts.sample import UNREPORTED, Failed, Outcome, Sample, Usage
from probe.reports.format import UNKNOWN, duration, integer, tokens_per_second, usd, utc_time

_BARS: Final = "▁▂▃▄▅▆▇█"


_COLUMNS: Final = ("target", "case", ">TTFT", ">total", ">tok/s", ">tokens", ">cost", "outcome")


def print_samples(samples: Sequence[Sample], *, dated: bool = False) -> None:
    """An attempt a row, with its instant if `dated`, then what went wrong."""
    rows = [_row(sample) for sample in samples]
    if dated:
        rows = [[utc_time(sample.started_at), *row] for sample, row in zip(samples, rows, strict=True)]
        print_table(("when (UTC)", *_COLUMNS), rows, lead=2)
    else:
        print_table(_COLUMNS, rows)
    for line in (*_failure_lines(samples), *_remark_lines(samples)):
        print_note(line)


def _row(sample: Sample) -> list[Cell | str]:
    return [
        series_label(sample),
        sample.case_id,
        duration(sample.timing.ttft_seconds),
        duration(sample.timing.total_latency_seconds),
        tokens_per_second(sample.timing.tps),
        token_counts(sample.usage),
        usd(None if sample.cost is None else sample.cost.total_usd),
        outcome_cell(sample.outcome),
    ]


def counted(number: int, noun: str) -> str:
    """`1 job`, `2 jobs`, `1,200 results`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def series_label(sample: Sample) -> str:
    """The target, and the connection if it is not the usual one."""
    return sample.target.name if sample.connection == "cold" else f"{sample.target.name} (warm)"


def token_counts(usage: Usage) -> str:
    """`512 + 160`, with `~` if the counts are estimates; unknown if nobody counted."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return UNKNOWN
    about = "~" if usage.source == "estimate" else ""
    return f"{about}{integer(usage.input_tokens)} + {integer(usage.output_tokens)}"


def outcome_cell(outcome: Outcome) -> Cell:
    """`ok`, or the kind of failure."""
    return Cell(outcome.kind, "red") if isinstance(outcome, Failed) else Cell("ok", "green")


def outcome_text(outcome: Outcome) -> str:
    """`ok`, or the kind of failure, whose it is and its message, on one line."""
    if isinstance(outcome, Failed):
        return f"{outcome.kind} ({outcome.fault}): {' '.join(terminal_safe(outcome.detail).split())}"
    return "ok"


def _failure_lines(samples: Iterable[Sample]) -> list[str]:
    """A line for each way in which a target failed: who, why, how often."""
    counts = Counter(
        f"{series_label(sample)}: {outcome_text(sample.outcome)}" for sample in samples if not sample.success
    )
    return [f"{line} ({number} times)" if number > 1 else line for line, number in counts.items()]


def _remark_lines(samples: Iterable[Sample]) -> list[str]:
    """A line for each way in which a target's responses departed from their protocol, and how often.

    And one for each reason for which the engine behind it said nothing.
    """
    counts: Counter[str] = Counter()
    for sample in samples:
        label = series_label(sample)
        counts.update(f"remark on {label}: {remark}" for remark in sample.remarks)
        if sample.unreported is not None:
            counts[f"the engine behind {label} said nothing: {UNREPORTED[sample.unreported]}"] += 1
    return [f"{line} ({number} times)" for line, number in counts.items()]


def text_bars(values: Sequence[float], width: int = 60) -> str:
    """The values in their order, the largest of each stretch if there are more than `width`."""
    if not values:
        return ""
    shown = [max(stretch) for stretch in _stretches(values, min(width, len(values)))]
    top = max(shown)
    return "".join(_BARS[round(value / top * (len(_BARS) - 1)) if top > 0 else 0] for value in shown)


def _stretches(values: Sequence[float], count: int) -> list[Sequence[float]]:
    ends = [round((index + 1) * len(values) / count) for index in range(count)]
    starts = [0, *ends[:-1]]
    return [values[start:end] for start, end in zip(starts, ends, strict=True)]
