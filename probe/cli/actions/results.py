"""Stored results for `probe results`."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from typer import BadParameter

from probe.cli.database import first_items, opened_store
from probe.cli.output.format import print_samples
from probe.cli.output.table import print_note
from probe.config import Config
from probe.facts.sample import Sample
from probe.lib.clock import SystemClock
from probe.reports.schemas import ResultDetail
from probe.store.records import ResultFilter

_AGE: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def result_filter(
    *,
    target: str | None,
    suite: str | None,
    since: str | None,
    provider: str | None = None,
    run: str | None = None,
    failed: bool | None = None,
) -> ResultFilter:
    """Raises BadParameter."""
    try:
        run_id = None if run is None else UUID(run)
    except ValueError:
        raise BadParameter(f"{run!r} is no id of a run", param_hint="'--run'") from None
    return ResultFilter(
        target=target,
        provider=provider,
        suite=suite,
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
    if samples:
        print_samples(samples, dated=True)
    else:
        print_note("no results")


def results_body(samples: Sequence[Sample]) -> list[ResultDetail]:
    return [ResultDetail.of(sample, sample.timing) for sample in samples]
