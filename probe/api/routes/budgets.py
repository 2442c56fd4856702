"""Money: what was spent of the budgets, and what runs would cost."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from probe.api.context import Given
from probe.api.parameters import Parameters, Word
from probe.api.problem import Problem, responses
from probe.errors import ConfigError
from probe.reports.daemon import EstimateOrder
from probe.reports.money import BudgetsBody, EstimatesBody, budgets_body, estimates_body

router = APIRouter(prefix="/api/v1", tags=["money"])


class EstimateParameters(Parameters):
    job: Word | None = Field(None, description="One job; otherwise all of them.")
    suite: Word | None = Field(None, description="A run of this suite by hand, instead of jobs.")
    target: tuple[Word, ...] = Field(
        ("*",), min_length=1, max_length=100, description="With `suite`: names of targets, or patterns."
    )


@router.get("/budgets", summary="What was spent, of which budgets")
async def budgets(given: Given) -> BudgetsBody:
    """As of now, by what is stored; `reserved_usd` is what runs under way are estimated to take yet."""
    return budgets_body(given.control.status().money)


@router.get("/estimate", summary="What runs would cost", responses=responses(404, 409, 422))
async def estimate(given: Given, asked: Annotated[EstimateParameters, Query()]) -> EstimatesBody:
    """At the prices of now.

    Tokens are those of the last days' results; where there are none the output is assumed to be a share of
    max_tokens, and `low_usd` and `high_usd` are the bounds.
    """
    if asked.job is not None and asked.suite is not None:
        raise Problem(409, "Ask for a job or for a suite, not for both.")
    order = EstimateOrder(job=asked.job, suite=asked.suite, targets=asked.target)
    try:
        return estimates_body(await given.control.estimate(order))
    except ConfigError as exc:
        raise Problem(404, str(exc)) from exc
