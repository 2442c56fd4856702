"""What the results cost, by provider and job, and what a request usually takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import sqlalchemy as sa

from probe.store.columns import Money
from probe.store.engine import Database
from probe.store.schema import benchmark_results as results
from probe.store.schema import runs

# A result ends before its run does, by the same clock; one that was set back in between is allowed for.
_SLACK = timedelta(hours=1)
# Sums of SQLite's floats are right to this many digits, however many they are of.
_SUM = Context(prec=12)
_MOST_RESULTS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """What the results of one job (or of one name given by hand) cost at one provider.

    `results` counts all of them: a result whose cost is unknown adds nothing to `usd`.
    """

    provider: str
    job: str
    usd: Decimal
    results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalUsage:
    """Mean tokens of the `results` successes whose counts are known."""

    input_tokens: float
    output_tokens: float
    results: int


class Spending:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_job(self, since: datetime, until: datetime | None = None) -> tuple[SpendRow, ...]:
        """By provider and job; `since` is included, `until` is not, both look at the end of the attempt.

        The runs of the window first, then what `ix_benchmark_results_run_id` holds of each: results
        themselves are neither read nor sorted.
        """
        run = [sa.or_(runs.c.finished_at.is_(None), runs.c.finished_at >= since - _SLACK)]
        result = [results.c.created_at >= since]
        if until is not None:
            run.append(runs.c.started_at < until + _SLACK)
            result.append(results.c.created_at < until)
        by_run = (
            sa.select(
                results.c.run_id,
                results.c.provider,
                sa.func.sum(results.c.cost_usd).label("usd"),
                sa.func.count().label("results"),
            )
            .where(results.c.run_id.in_(sa.select(runs.c.id).where(*run)), *result)
            .group_by(results.c.run_id, results.c.provider)
            .subquery()
        )
        statement = (
            sa.select(
                by_run.c.provider,
                runs.c.run_name,
                sa.func.sum(by_run.c.usd, type_=Money),
                sa.cast(sa.func.sum(by_run.c.results), sa.BigInteger),
            )
            .join(runs, runs.c.id == by_run.c.run_id)
            .group_by(by_run.c.provider, runs.c.run_name)
            .order_by(by_run.c.provider, runs.c.run_name)
        )
        async with self._database.read() as connection:
            return tuple(
                SpendRow(provider=provider, job=job, usd=_SUM.plus(usd), results=count)
                for provider, job, usd, count in await connection.execute(statement)
            )

    async def typical_usage(
        self, since: datetime, most: int = _MOST_RESULTS
    ) -> Mapping[tuple[str, str], TypicalUsage]:
        """By target and case, of the latest `most` results: a larger store takes no longer."""
        latest = (
            sa.select(
                results.c.target,
                results.c.case_id,
                results.c.input_tokens,
                results.c.output_tokens,
                (results.c.success & results.c.input_tokens_known & results.c.output_tokens_known).label(
                    "counts"
                ),
            )
            .where(results.c.created_at >= since)
            .order_by(results.c.created_at.desc(), results.c.sequence.desc())
            .limit(most)
            .subquery()
        )
        statement = (
            sa.select(
                latest.c.target,
                latest.c.case_id,
                _mean(latest.c.input_tokens),
                _mean(latest.c.output_tokens),
                sa.func.count(),
            )
            .where(latest.c.counts)
            .group_by(latest.c.target, latest.c.case_id)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(statement)
            return {
                (target, case_id): TypicalUsage(input_tokens=given, output_tokens=made, results=count)
                for target, case_id, given, made, count in rows
            }


def _mean(column: sa.ColumnElement[Any]) -> sa.ColumnElement[float]:
    return sa.cast(sa.func.avg(column), sa.Double)
