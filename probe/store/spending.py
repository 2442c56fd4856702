"""What the results cost, by provider and job, and what a request usually takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from probe.store.columns import Money, round_money
from probe.store.engine import Database
from probe.store.records import SpendRow, TypicalUsage
from probe.store.schema import benchmark_results as results
from probe.store.schema import runs

# A result ends before its run does, by the same clock; one that was set back in between is allowed for.
_SLACK = timedelta(hours=1)


async def spend(database: Database, since: datetime, until: datetime | None) -> tuple[SpendRow, ...]:
    """By provider and job. Read from `ix_benchmark_results_run_id` alone, run after run."""
    conditions = [
        sa.or_(runs.c.finished_at.is_(None), runs.c.finished_at >= since - _SLACK),
        results.c.created_at >= since,
    ]
    if until is not None:
        conditions += [runs.c.started_at < until + _SLACK, results.c.created_at < until]
    statement = (
        sa.select(
            runs.c.run_name,
            results.c.provider,
            sa.func.sum(results.c.cost_usd, type_=Money),
            sa.func.count(),
        )
        .join(results, results.c.run_id == runs.c.id)
        .where(*conditions)
        .group_by(runs.c.id, results.c.provider)
    )
    sums: dict[tuple[str, str], tuple[Decimal, int]] = {}
    async with database.read() as connection:
        for job, provider, usd, count in await connection.execute(statement):
            known_usd, known = sums.get((provider, job), (Decimal(0), 0))
            sums[provider, job] = known_usd + usd, known + count
    return tuple(
        SpendRow(provider=provider, job=job, usd=round_money(usd), results=count)
        for (provider, job), (usd, count) in sorted(sums.items())
    )


async def typical_usage(database: Database, since: datetime) -> Mapping[tuple[str, str], TypicalUsage]:
    """By target and case."""
    known = results.c.success & results.c.input_tokens_known & results.c.output_tokens_known
    statement = (
        sa.select(
            results.c.target,
            results.c.case_id,
            _mean(results.c.input_tokens),
            _mean(results.c.output_tokens),
            sa.func.count(),
        )
        .where(results.c.created_at >= since, known)
        .group_by(results.c.target, results.c.case_id)
    )
    async with database.read() as connection:
        rows = await connection.execute(statement)
        return {
            (target, case_id): TypicalUsage(input_tokens=given, output_tokens=made, results=count)
            for target, case_id, given, made, count in rows
        }


def _mean(column: sa.Column[Any]) -> sa.ColumnElement[float]:
    return sa.cast(sa.func.avg(column), sa.Double)
