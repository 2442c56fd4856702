"""`probe prices show`, `diff`, `history` and `cost`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from typer import BadParameter

from probe.catalog.prices.compare import INFINITE, shown_factor
from probe.catalog.prices.price import DatedPrice, Price, plain
from probe.catalog.prices.quote import ModelKey, QuoteTable
from probe.cli.actions.price_session import (
    amount,
    matching_models,
    open_prices,
    price_age,
    price_json,
    rate_cells,
    rate_columns,
)
from probe.cli.database import has_database
from probe.cli.output.format import token_counts
from probe.cli.output.table import Cell, print_note, print_table
from probe.config import Config
from probe.errors import StoreError
from probe.lib.clock import SystemClock
from probe.pricing.checks import differences
from probe.pricing.recompute import Recomputed, recompute
from probe.pricing.scope import Scope, scope_of_config
from probe.reports.format import UNKNOWN, utc_time
from probe.reports.prices import DatedPriceBody

_PRICES: Final = ("model", *rate_columns(), ">request", "source", "age")
_SOURCES: Final = ("model", "source", *rate_columns(), ">apart", "age")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One model: the price in force and what each source says, in the order in which they are believed."""

    key: ModelKey
    price: Price | None
    said: Mapping[str, Price]
    at: datetime
    bound: Decimal

    @property
    def name(self) -> str:
        return "/".join(self.key)

    @property
    def factor(self) -> Decimal | None:
        """The largest between two sources; None if there are not two that could differ."""
        found = differences(self.said)
        return max((apart.factor for apart in found.values()), default=None)


async def read_prices(config: Config, patterns: Sequence[str] | None) -> list[Shown]:
    """Of what is probed, or of what the patterns match. Without a database it is what the program knows.

    Raises BadParameter where a pattern matches nothing, StoreError, ConfigError.
    """
    if not has_database(config):
        return await _shown(scope_of_config(config, QuoteTable()), (), patterns)
    async with open_prices(config) as prices:
        known = [(model.provider, model.name) for model in await prices.store.catalog.models()]
        return await _shown(prices.scope, [*prices.quotes.keys(), *known], patterns)


async def _shown(scope: Scope, known: Sequence[ModelKey], patterns: Sequence[str] | None) -> list[Shown]:
    at, bound = SystemClock().now(), Decimal(str(scope.config.pricing.disagreement_ratio))
    keys: Sequence[ModelKey] = scope.probed
    if patterns:
        others = sorted(key for key in known if key[0] in scope.base_urls)
        every = dict.fromkeys([*scope.probed, *others])
        keys = matching_models(every, patterns)
        named = [_as_key(pattern, scope) for pattern in patterns if not matching_models(every, [pattern])]
        keys = [*keys, *named]
    return [
        Shown(
            key=key,
            price=scope.book.price(*key, scope.base_urls[key[0]], at),
            said=scope.book.said(*key, scope.base_urls[key[0]], at),
            at=at,
            bound=bound,
        )
        for key in keys
    ]


def _as_key(name: str, scope: Scope) -> ModelKey:
    """A model that nobody has met yet may have a price all the same."""
    provider, _, model = name.partition("/")
    if provider not in scope.base_urls or not model or any(sign in model for sign in "*?["):
        raise BadParameter(
            f"{name!r} matches no model; write provider/model, providers are {', '.join(scope.base_urls)}",
            param_hint="'MODEL'",
        )
    return provider, model


def print_prices(shown: Sequence[Shown]) -> None:
    print_table(_PRICES, [_price_row(each) for each in shown])
    unknown = [each.name for each in shown if each.price is None]
    if unknown:
        print_note(f"no price is known of {', '.join(unknown)}; set one under prices in the configuration")
    tiered = [each.name for each in shown if each.price is not None and each.price.tiers]
    if tiered:
        print_note(f"other prices for large requests (--json has them): {', '.join(tiered)}")


def prices_body(shown: Sequence[Shown]) -> object:
    return [
        {"provider": each.key[0], "model": each.key[1], "price": price_json(each.price)} for each in shown
    ]


def print_differences(shown: Sequence[Shown]) -> None:
    rows: list[list[Cell | str]] = []
    for each in shown:
        for source, price in each.said.items():
            rows.append(
                [
                    each.name,
                    price.source if price.source.startswith(source) else f"{source} ({price.source})",
                    *rate_cells(price.rates),
                    _apart(each, source),
                    price_age(price, each.at),
                ]
            )
    if not rows:
        print_note("nothing to compare: no source knows a price of any of these models")
        return
    print_table(_SOURCES, rows)


def differences_body(shown: Sequence[Shown]) -> object:
    return [
        {
            "provider": each.key[0],
            "model": each.key[1],
            "factor": _factor(each.factor),
            "sources": {source: price_json(price) for source, price in each.said.items()},
        }
        for each in shown
    ]


def _price_row(each: Shown) -> list[Cell | str]:
    price = each.price
    if price is None:
        return [each.name, *[UNKNOWN] * (len(_PRICES) - 1)]
    return [
        each.name,
        *rate_cells(price.rates),
        amount(price.request_usd),
        price.source,
        price_age(price, each.at),
    ]


def _apart(each: Shown, source: str) -> Cell:
    """The largest factor between this source and any other one."""
    factors = [apart.factor for pair, apart in differences(each.said).items() if source in pair]
    if not factors:
        return Cell("")
    worst = max(factors)
    text = "0 or not" if worst == INFINITE else f"{shown_factor(worst)}×"
    return Cell(text, "red" if worst > each.bound else "")


def _factor(factor: Decimal | None) -> str | None:
    return None if factor is None or factor == INFINITE else shown_factor(factor)


_HISTORY: Final = ("from (UTC)", *rate_columns(), ">request", "source", "effective")


async def read_history(config: Config, name: str) -> Sequence[DatedPrice]:
    """Raises BadParameter, StoreError."""
    provider, _, model = name.partition("/")
    if not provider or not model:
        raise BadParameter(f"{name!r} is not provider/model", param_hint="'PROVIDER/MODEL'")
    async with open_prices(config) as prices:
        return await prices.store.prices.history(provider, model)


def print_history(history: Sequence[DatedPrice]) -> None:
    if not history:
        print_note("no price was noted yet")
        return
    print_table(_HISTORY, [_history_row(dated) for dated in history])


def history_body(history: Sequence[DatedPrice]) -> list[DatedPriceBody]:
    return [DatedPriceBody.since(dated) for dated in history]


def _history_row(dated: DatedPrice) -> list[Cell | str]:
    at, price = dated
    return [
        utc_time(at),
        *rate_cells(price.rates),
        amount(price.request_usd),
        price.source,
        "" if price.effective_on is None else price.effective_on.isoformat(),
    ]


_COSTS: Final = ("when (UTC)", "target", ">tokens", ">stored", ">reckoned", ">charged", "price of")


async def recompute_costs(config: Config, texts: Sequence[str]) -> list[Recomputed]:
    """Raises BadParameter, StoreError."""
    ids = [_id(text) for text in texts]
    async with open_prices(config) as prices:
        found = []
        for result_id in ids:
            sample = await prices.store.results.get(result_id)
            if sample is None:
                raise StoreError(f"there is no result {result_id}")
            found.append(await recompute(prices.store, prices.scope.book, prices.quotes, sample))
        return found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadParameter(f"{text!r} is no id of a result", param_hint="'RESULT_ID'") from None


def print_costs(found: Sequence[Recomputed]) -> None:
    print_table(_COSTS, [_cost_row(each) for each in found], lead=2)
    if any(each.basis == "now" for each in found):
        print_note("no price of then is known of some: they are reckoned at today's")


def costs_body(found: Sequence[Recomputed]) -> object:
    return [_as_json(each) for each in found]


def _cost_row(each: Recomputed) -> list[Cell | str]:
    sample = each.sample
    return [
        utc_time(sample.started_at),
        sample.target.name,
        token_counts(sample.usage),
        *map(amount, _amounts(each).values()),
        "" if each.price is None else f"{each.price.source} ({each.basis})",
    ]


def _as_json(each: Recomputed) -> dict[str, object]:
    return {
        "result": str(each.sample.id),
        "target": each.sample.target.name,
        "started_at": each.sample.started_at.isoformat(),
        **{name: None if usd is None else plain(usd) for name, usd in _amounts(each).items()},
        "basis": each.basis,
        "price": price_json(each.price),
    }


def _amounts(each: Recomputed) -> dict[str, Decimal | None]:
    stored, reported = each.sample.cost, each.sample.reported
    return {
        "stored_usd": None if stored is None else stored.total_usd,
        "reckoned_usd": None if each.cost is None else each.cost.total_usd,
        "charged_usd": None if reported is None else reported.cost_usd,
    }
