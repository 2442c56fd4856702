"""What stands above the leaderboard: banners, tiles, and what the probes cost. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from probe.facts.status import BudgetStatus, CatalogueStatus, MoneyStatus, ProbedModel, Status, StoreStatus
from probe.reports import format as fmt
from probe.reports.daemon import Trouble
from probe.reports.leaderboard import Entry, Sort, SortKey, ranked

_HEADINGS = {"stopwatch": "The stopwatch is down", "schedule": "The schedule has stopped"}
_MODELS_SHOWN = 4
_UNKNOWN_HINT = "Not known yet"
_WARNING_SHARE = Decimal("0.8")
_FULL = 100.0

BudgetTone = Literal["good", "warn", "bad"]


# Banners: what is wrong with the probe itself, and probed models that go -----------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """`bad`: no measuring, or results lost. `warn`: something waits for a person."""

    tone: Literal["bad", "warn"]
    heading: str
    text: str


def banners(status: Status, troubles: Sequence[Trouble], *, readable: bool) -> tuple[Banner, ...]:
    """The worst first."""
    found = list(_about_probe(status, troubles, readable=readable))
    return tuple(sorted(found, key=lambda banner: banner.tone != "bad"))


def _about_probe(status: Status, troubles: Sequence[Trouble], *, readable: bool) -> Iterator[Banner]:
    for trouble in troubles:
        if trouble.part != "store":
            yield Banner(tone="bad", heading=_HEADINGS[trouble.part], text=trouble.detail)
    yield from _about_store(status.store, troubles, readable=readable)
    if not status.config.loaded:
        yield Banner(
            tone="warn",
            heading="Reload failed; the configuration before it is in force",
            text=status.config.error or "The log says why",
        )


def _about_store(store: StoreStatus, troubles: Sequence[Trouble], *, readable: bool) -> Iterator[Banner]:
    error = next((trouble.detail for trouble in troubles if trouble.part == "store"), store.error)
    if not readable:
        yield Banner(tone="bad", heading="The database cannot be read", text=error or "The log says why")
    elif error is not None:
        yield Banner(
            tone="bad", heading="Results cannot be stored", text=f"{error}; {_waiting_results(store)}"
        )
    if store.dropped:
        yield Banner(
            tone="bad",
            heading=f"Results were lost: {store.dropped:,}",
            text="The database refused writes until neither memory nor a file could hold more",
        )
    if store.rejected:
        yield Banner(
            tone="warn",
            heading=f"Results were refused by the database: {store.rejected:,}",
            text="They are kept in a file, the log says where and why; `probe db load` tries them again",
        )


def _waiting_results(store: StoreStatus) -> str:
    count = store.pending + store.spilled
    return f"{count:,} {'result waits' if count == 1 else 'results wait'} to be stored"


def model_banners(catalogue: CatalogueStatus, today: date) -> tuple[Banner, ...]:
    """One for what vanished, one for what retires soon."""
    return tuple(_about_models(catalogue, today))


def _about_models(catalogue: CatalogueStatus, today: date) -> Iterator[Banner]:
    gone = [each for each in catalogue.probed if each.vanished]
    if gone:
        yield Banner(
            tone="warn",
            heading=_models_heading(gone, "is", "are", "not listed any more"),
            text=_listed([_gone(each) for each in gone]),
        )
    soon = [
        (each.retires_on, each)
        for each in catalogue.probed
        if each.retires_on is not None
        and not each.vanished
        and (each.retires_on - today).days <= catalogue.retirement_days
    ]
    soon.sort(key=lambda pair: pair[0])
    if soon:
        yield Banner(
            tone="warn",
            heading=_models_heading([each for _, each in soon], "retires", "retire", "soon"),
            text=_listed([_soon(each, day, today) for day, each in soon]),
        )


def _models_heading(models: Sequence[ProbedModel], one: str, many: str, rest: str) -> str:
    if len(models) == 1:
        return f"A probed model {one} {rest}"
    return f"{len(models)} probed models {many} {rest}"


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _MODELS_SHOWN
    return "; ".join(texts[:_MODELS_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _gone(model: ProbedModel) -> str:
    last = "" if model.last_listed_at is None else f", last on {model.last_listed_at.date()}"
    return f"{model.provider}/{model.model}{last}{_instead(model)}"


def _soon(model: ProbedModel, day: date, today: date) -> str:
    left = (day - today).days
    when = f"in {left} days" if left > 1 else "tomorrow" if left == 1 else "today" if left == 0 else "passed"
    return f"{model.provider}/{model.model} on {day}, {when}{_instead(model)}"


def _instead(model: ProbedModel) -> str:
    return f" (use {model.replaced_by})" if model.replaced_by else ""


# Tiles: the best of the targets shown, and their sums ------------------------------------------------------


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
    entry = _best([entry for entry in entries if entry.summary.jitter_seconds is not None], "jitter")
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
    probed = len({(entry.target, entry.connection) for entry in entries if entry.summary.attempts})
    targets = len({(entry.target, entry.connection) for entry in entries})
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
            note=f"{probed:,} of {targets:,} targets",
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


# Money: nothing if no cost is known and no budget is set ---------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """`spent` and `reserved` are the lengths of a bar of 100, together at most that. Texts are ready."""

    name: str
    covers: str
    period: str
    amount: str
    limit: str
    share: str
    spent: float
    reserved: float
    tone: BudgetTone
    state: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    today: str
    month: str
    budgets: tuple[BudgetRow, ...]


def money_view(money: MoneyStatus) -> MoneyView | None:
    if not money.month_usd and not money.budgets:
        return None
    return MoneyView(
        today=fmt.usd(money.today_usd),
        month=fmt.usd(money.month_usd),
        budgets=tuple(_budget_row(budget) for budget in money.budgets),
    )


def _budget_row(budget: BudgetStatus) -> BudgetRow:
    spent = _bar_length(budget.spent_usd, budget.limit_usd)
    reserved = min(_bar_length(budget.reserved_usd, budget.limit_usd), _FULL - spent)
    tone = _budget_tone(budget)
    under_way = f", {fmt.usd(budget.reserved_usd)} reserved for runs under way" if budget.reserved_usd else ""
    return BudgetRow(
        name=budget.budget,
        covers=_budget_covers(budget),
        period="today" if budget.span == "day" else "this month",
        amount=fmt.usd(budget.spent_usd),
        limit=fmt.usd(budget.limit_usd),
        share=_spent_share(budget),
        spent=round(spent, 1),
        reserved=round(reserved, 1),
        tone=tone,
        state=_budget_state(budget, tone),
        hint=f"{fmt.usd(budget.spent_usd)} spent{under_way}; until {fmt.utc_timestamp(budget.until)}",
    )


def _spent_share(budget: BudgetStatus) -> str:
    return f"{budget.spent_usd / budget.limit_usd * 100:.0f} %" if budget.limit_usd else fmt.UNKNOWN


def _bar_length(usd: Decimal, limit_usd: Decimal) -> float:
    """Of a limit of 0 nothing is left."""
    return min(float(usd / limit_usd) * _FULL, _FULL) if limit_usd else _FULL


def _budget_tone(budget: BudgetStatus) -> BudgetTone:
    if budget.spent_usd >= budget.limit_usd:
        return "bad"
    if budget.skipped_runs or budget.spent_usd >= budget.limit_usd * _WARNING_SHARE:
        return "warn"
    return "good"


def _budget_covers(budget: BudgetStatus) -> str:
    parts = [
        f"provider {budget.provider}" if budget.provider else "",
        f"job {budget.job}" if budget.job else "",
    ]
    return " · ".join(part for part in parts if part) or "all probes"


def _budget_state(budget: BudgetStatus, tone: BudgetTone) -> str:
    runs = budget.skipped_runs
    if runs:
        return f"{runs:,} {'run' if runs == 1 else 'runs'} skipped"
    return "used up" if tone == "bad" else ""
