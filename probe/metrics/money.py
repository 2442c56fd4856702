"""Families about money: prices in force, from whom and how old; budgets, and what the probes cost."""

from collections.abc import Callable, Iterable

from probe.facts.rates import TOKEN_KINDS
from probe.facts.sample import Sample
from probe.facts.status import BudgetStatus, JobCost, PriceSourceStatus, PriceStatus, Status
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfAttempt, OfStatus, StatusItems

_source = StatusItems[PriceSourceStatus](
    of=lambda status: status.pricing.sources, labels=("source",), values=lambda source: (source.source,)
).family
_budget = StatusItems[BudgetStatus](
    of=lambda status: status.money.budgets,
    labels=("budget", "period"),
    values=lambda budget: (budget.budget, budget.span),
).family
_job = StatusItems[JobCost](
    of=lambda status: status.money.jobs, labels=("job_name",), values=lambda job: (job.job,)
).family


def _model(
    name: str,
    about: str,
    read: Callable[[PriceStatus], Iterable[Measurement]],
    *,
    labels: tuple[str, ...] = (),
) -> Family:
    """Numbers for each model that is probed and has a price."""

    def readings(status: Status) -> Iterable[Measurement]:
        for price in status.pricing.prices:
            for reading in read(price):
                yield Measurement(reading.value, (price.provider, price.model, *reading.labels))

    return Family(
        name=name, help=about, labels=("provider", "model", *labels), source=OfStatus(read=readings)
    )


def _names(*, whole: bool) -> list[str]:
    return [kind.name for kind in TOKEN_KINDS if (kind.part_of is None) is whole]


def _per_million(price: PriceStatus) -> Iterable[Measurement]:
    return (Measurement(float(usd), (kind,)) for kind, usd in price.usd_per_million_tokens.items())


def _fetched(price: PriceStatus) -> Iterable[Measurement]:
    return () if price.fetched_at is None else (Measurement(price.fetched_at.timestamp()),)


def _disagreement(price: PriceStatus) -> Iterable[Measurement]:
    return () if price.disagreement is None else (Measurement(float(price.disagreement)),)


def _charged(sample: Sample) -> Iterable[Measurement]:
    charged, cost = None if sample.reported is None else sample.reported.cost_usd, sample.cost
    # A cost that is the charge itself has no prices.
    if (
        charged is not None
        and cost is not None
        and cost.input_price_per_million_usd is not None
        and cost.total_usd
    ):
        yield Measurement(float(charged / cost.total_usd))


PRICE_FAMILIES = (
    _model(
        names.MODEL_PRICE_USD_PER_MILLION_TOKENS,
        f"Price in force of a probed model, by kind of token: {' and '.join(_names(whole=True))}, and "
        f"{', '.join(_names(whole=False))} where they have one of their own.",
        _per_million,
        labels=("type",),
    ),
    _model(
        names.MODEL_PRICE_USD_PER_REQUEST,
        "What each request to a probed model costs beside its tokens.",
        lambda price: (Measurement(float(price.request_usd)),),
    ),
    _model(
        names.MODEL_PRICE_SOURCE_INFO,
        "Who says what a probed model costs.",
        lambda price: (Measurement(1, (price.source,)),),
        labels=("source",),
    ),
    _model(
        names.MODEL_PRICE_FETCHED_TIMESTAMP_SECONDS,
        "When the price in force of a probed model was fetched, Unix time; absent where it is not fetched.",
        _fetched,
    ),
    _model(
        names.MODEL_PRICE_DISAGREEMENT_RATIO,
        "Largest factor between what two sources say that a probed model costs; 1 where they agree.",
        _disagreement,
    ),
    _source(
        names.PRICE_SOURCE_READ_TIMESTAMP_SECONDS,
        "When a source of prices last answered, Unix time; a model list by its provider's name.",
        lambda source: None if source.read_at is None else source.read_at.timestamp(),
    ),
    _source(
        names.PRICE_SOURCE_ERRORS_TOTAL,
        "Times a source of prices could not be read.",
        lambda source: source.errors,
    ),
    Family(
        name=names.PRICES_HELD,
        help="Prices that wait for review because they jump.",
        source=OfStatus(read=lambda status: (Measurement(status.pricing.held),)),
    ),
    Family(
        name=names.LAST_CHARGED_RATIO,
        help="What the provider charged for the latest attempt, divided by what it costs at the price in "
        "force; where it says so.",
        source=OfAttempt(read=_charged),
    ),
)


def _spent_today(status: Status) -> Iterable[Measurement]:
    by_provider = status.money.today_usd_by_provider
    return [Measurement(float(usd), (provider,)) for provider, usd in by_provider.items()]


def _skipped(status: Status) -> Iterable[Measurement]:
    return [Measurement(count, labels) for labels, count in status.money.skipped_runs.items()]


MONEY_FAMILIES = (
    Family(
        name=names.SPEND_TODAY_USD,
        help="What all probes cost since midnight UTC, whoever made them, as far as prices are known.",
        labels=("provider",),
        source=OfStatus(read=_spent_today),
    ),
    _budget(
        names.BUDGET_SPENT_USD,
        "What was spent of a budget in this day or month (UTC).",
        lambda budget: float(budget.spent_usd),
    ),
    _budget(
        names.BUDGET_RESERVED_USD,
        "What runs under way are estimated to take of a budget yet.",
        lambda budget: float(budget.reserved_usd),
    ),
    _budget(names.BUDGET_LIMIT_USD, "The limit of a budget.", lambda budget: float(budget.limit_usd)),
    _budget(
        names.BUDGET_SPENT_RATIO,
        "What was spent of a budget as a share of its limit; nothing for a limit of 0.",
        lambda budget: float(budget.spent_usd / budget.limit_usd) if budget.limit_usd else None,
    ),
    _budget(
        names.BUDGET_EXHAUSTED,
        "1 from the limit of a budget, or from a run that did not fit into it, until a run fits; else 0.",
        lambda budget: budget.exhausted,
    ),
    Family(
        name=names.RUNS_SKIPPED_TOTAL,
        help="Runs that were not begun, and why: `budget_day` or `budget_month` had too little left.",
        labels=("job_name", "reason"),
        source=OfStatus(read=_skipped),
    ),
    _job(
        names.JOB_ESTIMATED_RUN_COST_USD,
        "What one run is estimated to cost, as far as prices are known.",
        lambda job: float(job.run_usd),
    ),
    _job(
        names.JOB_ESTIMATED_MONTH_COST_USD,
        "What the runs of the next 30 days are estimated to cost, as far as prices are known.",
        lambda job: float(job.month_usd),
    ),
)
