"""The outcome of `probe run` as a table and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from probe.cli.output.format import cost, duration, outcome, reason, speed, tokens, usd
from probe.cli.output.table import Cell, Column, print_error, print_note, print_table
from probe.facts.sample import Failed, Sample

if TYPE_CHECKING:
    from probe.cli.actions.run import Report

_COLUMNS = (
    Column("target"),
    Column("case"),
    Column("TTFT", "right"),
    Column("total", "right"),
    Column("tok/s", "right"),
    Column("tokens", "right"),
    Column("cost", "right"),
    Column("outcome"),
)


def print_report(report: Report) -> None:
    """Every attempt, then what went wrong, then the sum."""
    print_table(_COLUMNS, [_row(sample) for sample in report.samples])
    for line in failures(report.samples):
        print_note(line)
    print_note(_sum(report))
    if report.unstored or report.store_error:
        print_error(f"{report.unstored} results were not stored: {report.store_error}")


def report_json(report: Report) -> str:
    """One document; the results are those of the API, with their texts."""
    from probe.reports.answers import result_detail

    summary = report.summary
    document = {
        "run_id": str(summary.run_id),
        "suite": report.suite,
        "planned": summary.planned,
        "ok": summary.ok,
        "failed": summary.failed,
        "cancelled": summary.cancelled,
        "skipped": summary.skipped,
        "unstored": report.unstored,
        "store_error": report.store_error,
        "results": [result_detail(sample).model_dump(mode="json") for sample in report.samples],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def label(sample: Sample) -> str:
    """The target, and the connection where it is not the usual one."""
    return sample.target.name if sample.connection == "cold" else f"{sample.target.name} (warm)"


def failures(samples: Iterable[Sample]) -> list[str]:
    """A line for each way in which a target failed: who, why, how often."""
    counts = Counter(
        f"{label(sample)}: {reason(sample.outcome)}"
        for sample in samples
        if isinstance(sample.outcome, Failed)
    )
    return [f"{line} ({number} times)" if number > 1 else line for line, number in counts.items()]


def _row(sample: Sample) -> list[Cell | str]:
    return [
        label(sample),
        sample.case_id,
        duration(sample.timing.ttft_seconds),
        duration(sample.timing.total_latency_seconds),
        speed(sample.timing.tps),
        tokens(sample.usage),
        cost(sample.cost),
        outcome(sample.outcome),
    ]


def _sum(report: Report) -> str:
    summary = report.summary
    parts = [f"{summary.ok} of {summary.planned} ok"]
    parts += [
        f"{number} {what}"
        for number, what in (
            (summary.failed, "failed"),
            (summary.cancelled, "cancelled"),
            (summary.skipped, "skipped to spare the provider"),
        )
        if number
    ]
    costs = [sample.cost.total_usd for sample in report.samples if sample.cost is not None]
    if costs:
        unknown = len(report.samples) - len(costs)
        parts.append(
            f"cost {usd(sum(costs, Decimal()))}{f' and {unknown} of unknown cost' if unknown else ''}"
        )
    return ", ".join(parts)
