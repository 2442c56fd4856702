"""Prices, model lists and budgets."""

from __future__ import annotations

from tests.rules.cases.series import COLD, COST_BOARD, SCRAPED, at_span, selector
from tests.rules.promtool import Case, Firing

_JOB = {"job": SCRAPED["job"]}
_MODEL = {"provider": "groq", "model": "llama-3.1-8b-instant"}
_MODEL_COST = f"{at_span(COST_BOARD, '6h')}&var-provider=groq&var-model=llama-3.1-8b-instant"
_DISCOVERY = "inference-probe-discovery?from=now-1d&to=now&var-provider=groq"
_DAY = 86_400


def _price(values: str, kind: str = "input") -> dict[str, str]:
    return {selector("inference_probe_model_price_usd_per_million_tokens", _MODEL, type=kind): values}


def _changed(times: str, kind: str = "input") -> Firing:
    return Firing(
        labels={**_JOB, **_MODEL, "type": kind, "severity": "warning"},
        summary=f"groq changed the {kind} price of llama-3.1-8b-instant: {times} times",
        description=(
            f"In the last 24 h the {kind} price of llama-3.1-8b-instant at groq became {times} times what it "
            "was. Before and after, and who says so: probe prices history 'groq/llama-3.1-8b-instant'"
        ),
        dashboard=at_span(_MODEL_COST, "1d"),
    )


def _differ(value: float) -> dict[str, str]:
    return {selector("inference_probe_model_price_disagreement_ratio", _MODEL): f"{value:g}x200"}


def _charged(value: float) -> dict[str, str]:
    return {selector("inference_probe_last_charged_ratio", COLD): f"{value:g}x200"}


def _charges(times: str) -> Firing:
    return Firing(
        labels={**_JOB, **COLD, "severity": "warning", "between": "charge", "window": "2h"},
        summary=f"groq/llama is charged {times} times its price",
        description=(
            f"By its own word groq charges for llama-3.1-8b-instant {times} times what the price in force "
            "comes to (median of 2h). The price here is wrong, or the bill is: probe prices diff"
        ),
        dashboard=_MODEL_COST,
    )


def _vanished(value: int) -> dict[str, str]:
    return {selector("inference_probe_probed_model_vanished", _MODEL): f"{value}x20"}


def _retires(days: float) -> dict[str, str]:
    at = days * _DAY
    return {selector("inference_probe_probed_model_retirement_timestamp_seconds", _MODEL): f"{at:g}x2000"}


def _retiring(when: str) -> Firing:
    return Firing(
        labels={**_JOB, **_MODEL, "severity": "warning"},
        summary="groq retires llama-3.1-8b-instant",
        description=(
            f"By the word of groq, llama-3.1-8b-instant {when}. Targets name it, and so may production."
        ),
        dashboard=_DISCOVERY,
    )


def _spent(ratio: float) -> dict[str, str]:
    return {
        selector(
            "inference_probe_budget_spent_ratio", {"budget": "everything", "period": "day"}
        ): f"{ratio:g}x20"
    }


def _exhausted(labels: dict[str, str], summary: str, description: str) -> Firing:
    return Firing(
        labels={**SCRAPED, **labels, "severity": "warning"},
        summary=summary,
        description=(
            f"{description}: targets are not watched until the next period, or until the budget is raised "
            "and the configuration read again."
        ),
        dashboard=COST_BOARD,
    )


_PRICES = (
    Case("PriceChanged", "dearer", "market", _price("0.5x59 0.75x200"), "2h", [_changed("1.50")]),
    Case(
        "PriceChanged",
        "cheaper",
        "market",
        _price("2x59 1x200", "output"),
        "2h",
        [_changed("0.50", "output")],
    ),
    Case("PriceChanged", "no longer free", "market", _price("0x59 1x200"), "2h", [_changed("+Inf")]),
    Case("PriceChanged", "as before", "market", _price("0.5x200"), "2h"),
    Case("PriceChanged", "free, as before", "market", _price("0x200"), "2h"),
    Case("PriceChanged", "the change is a day old", "market", _price("0.5x59 0.75x1600"), "26h"),
    Case("PriceChanged", "the probe was restarted", "market", _price("0.5x59 _x30 0.5x200"), "2h"),
    Case(
        "PriceDisagreement",
        "two sources",
        "market",
        _differ(1.4),
        "62m",
        [
            Firing(
                labels={**_JOB, **_MODEL, "severity": "info", "between": "sources"},
                summary="Sources differ about the price of llama-3.1-8b-instant at groq: a factor of 1.40",
                description=(
                    "Two published prices of llama-3.1-8b-instant at groq are a factor of 1.40 apart, more "
                    "than the 1.25 of pricing.disagreement_ratio. Costs are reckoned with one of them. Side "
                    "by side: probe prices diff"
                ),
                dashboard=_MODEL_COST,
            )
        ],
    ),
    Case("PriceDisagreement", "the bill is higher", "market", _charged(1.4), "62m", [_charges("1.40")]),
    Case("PriceDisagreement", "the bill is lower", "market", _charged(0.5), "62m", [_charges("0.50")]),
    Case("PriceDisagreement", "for less than an hour", "market", {**_differ(1.4), **_charged(1.4)}, "58m"),
    Case("PriceDisagreement", "within bounds", "market", {**_differ(1.2), **_charged(0.9)}, "62m"),
)
_MODELS = (
    Case(
        "ModelVanished",
        "not listed any more",
        "market",
        _vanished(1),
        "5m",
        [
            Firing(
                labels={**_JOB, **_MODEL, "severity": "warning"},
                summary="groq no longer lists llama-3.1-8b-instant",
                description=(
                    "llama-3.1-8b-instant was in the model list of groq and is not any more, and targets "
                    "name it. Whether it still answers: probe run --target 'groq/*'"
                ),
                dashboard=_DISCOVERY,
            )
        ],
    ),
    Case("ModelVanished", "listed", "market", _vanished(0), "5m"),
    Case(
        "ModelRetiringSoon",
        "in three weeks",
        "market",
        _retires(21),
        "1h",
        [_retiring("is served for another 20d 23h 0m 0s")],
    ),
    Case("ModelRetiringSoon", "retired", "market", _retires(1), "30h", [_retiring("is no longer served")]),
    Case("ModelRetiringSoon", "in six weeks", "market", _retires(42), "1h"),
)
_BUDGETS = (
    Case(
        "BudgetNearlySpent",
        "85 % of the day",
        "market",
        _spent(0.85),
        "5m",
        [
            Firing(
                labels={**SCRAPED, "budget": "everything", "period": "day", "severity": "warning"},
                summary="Budget everything: 85% of the day is spent",
                description=(
                    "85% of budget everything for this day (UTC) are spent. When it is used up, runs are "
                    "skipped and the targets are no longer watched. What it goes to: probe estimate"
                ),
                dashboard=at_span(COST_BOARD, "1d"),
            )
        ],
    ),
    Case("BudgetNearlySpent", "half of the day", "market", _spent(0.5), "5m"),
    Case("BudgetNearlySpent", "all of the day", "market", _spent(1), "5m"),
    Case(
        "BudgetExhausted",
        "all of the day",
        "market",
        _spent(1.02),
        "5m",
        [
            _exhausted(
                {"budget": "everything", "period": "day"},
                "Budget everything is used up for this day",
                "102% of budget everything for this day (UTC) are spent",
            )
        ],
    ),
    Case(
        "BudgetExhausted",
        "a run does not fit into what is left",
        "market",
        {
            selector(
                "inference_probe_runs_skipped_total", {"job_name": "benchmark", "reason": "budget_day"}
            ): "0x14 1x40",
            **_spent(0.97),
        },
        "35m",
        [
            _exhausted(
                {"job_name": "benchmark", "reason": "budget_day"},
                "Runs of benchmark are skipped for their budget",
                "1 runs of benchmark were not begun in the last 2h (budget_day)",
            )
        ],
    ),
    Case("BudgetExhausted", "a little is left", "market", _spent(0.99), "5m"),
)
CASES = (*_PRICES, *_MODELS, *_BUDGETS)
