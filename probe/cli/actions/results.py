"""Stored results for `probe results`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from typer import BadParameter

from probe.cli.database import first_items, opened_store
from probe.cli.output.format import (
    failure_lines,
    outcome_cell,
    remark_lines,
    series_label,
    token_counts,
    total_cost,
)
from probe.cli.output.table import Column, print_note, print_table
from probe.config import Config
from probe.facts.sample import Sample
from probe.lib.clock import SystemClock
from probe.reports.format import duration, tokens_per_second, utc_time
from probe.reports.schemas import ResultDetail
from probe.store.records import ResultFilter

_AGE: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_COLUMNS: Final = (
    Column("when (UTC)"),
    Column("target"),
    Column("case"),
    Column("TTFT", "right"),
    Column("total", "right"),
    Column("tok/s", "right"),
    Column("tokens", "right"),
    Column("cost", "right"),
    Column("outcome"),
)


def result_filter(
    *, target: str | None, provider: str | None, run: str | None, failed: bool | None, since: str | None
) -> ResultFilter:
    """Raises BadParameter."""
    try:
        run_id = None if run is None else UUID(run)
    except ValueError:
        raise BadParameter(f"{run!r} is no id of a run", param_hint="'--run'") from None
    return ResultFilter(
        target=target,
        provider=provider,
        run_id=run_id,
        success=None if failed is None else not failed,
        since=None if since is None else SystemClock().now() - parse_age(since),
    )


def parse_age(text: str) -> timedelta:
    """`30m`, `24h`, `7d`. Raises BadParameter."""
    match = _AGE.fullmatch(text)
    if match is None:
        raise BadParameter(f"{text!r} is no age; write 30m, 24h or 7d", param_hint="'--since'")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


async def read_results(config: Config, wanted: ResultFilter, limit: int) -> Sequence[Sample]:
    """The newest first, page by page. The database is not changed. Raises StoreError."""
    async with opened_store(config, "`probe run` and `probe daemon` make one") as store:
        return await first_items(
            lambda size, after: store.results.page(wanted, limit=size, after=after), limit
        )


def print_results(samples: Sequence[Sample]) -> None:
    if not samples:
        print_note("no results")
        return
    print_table(
        _COLUMNS,
        [
            [
                utc_time(sample.started_at),
                series_label(sample),
                sample.case_id,
                duration(sample.timing.ttft_seconds),
                duration(sample.timing.total_latency_seconds),
                tokens_per_second(sample.timing.tps),
                token_counts(sample.usage),
                total_cost(sample.cost),
                outcome_cell(sample.outcome),
            ]
            for sample in samples
        ],
        lead=2,
    )
    for line in (*failure_lines(samples), *remark_lines(samples)):
        print_note(line)


def results_body(samples: Sequence[Sample]) -> list[ResultDetail]:
    return [ResultDetail.of(sample, sample.timing) for sample in samples]
