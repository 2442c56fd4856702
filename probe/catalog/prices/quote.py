"""What one source says that one model costs, and all that sources say, at hand."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from probe.catalog.prices.price import DatedPrice, Price

# Nobody charges so much or so little: beyond lies a unit mistaken, or a text that was no number.
_MOST_USD = Decimal(1_000_000)
_MOST_DECIMALS = 24

# A provider by its name in the configuration, and a model.
ModelKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """`provider` is the name in the configuration; `source` is one of `pricing.sources`.

    `price.source` names it to people, `price.fetched_at` is when it said so, `price.effective_on` from which
    day on it holds by its own word. `readings` are the prices that its amounts can mean, where the source
    does not say in which unit they are; `price` is the likeliest. `doubt` is why it is not to be believed
    unless another source confirms it.
    """

    source: str
    provider: str
    model: str
    price: Price
    readings: tuple[Price, ...] = ()
    doubt: str | None = None

    @property
    def key(self) -> ModelKey:
        return (self.provider, self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPrice:
    """What a source says of a model and is no price: `reason` is the rest of the sentence `<model> …`."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePrices:
    """What was read at a source at one instant, of one provider."""

    at: datetime
    quotes: tuple[Quote, ...] = ()
    refused: tuple[RefusedPrice, ...] = ()


class QuoteTable:
    """What every source says, by provider (its name in the configuration) and model.

    Prices are looked up here while runs go on: one table for the life of a program, shared by the
    configurations that come and go; `probe.pricing` puts in what it reads elsewhere. Used from one event
    loop.
    """

    def __init__(self) -> None:
        self._current: dict[ModelKey, dict[str, Price]] = {}
        self._history: dict[ModelKey, tuple[list[datetime], list[Price]]] = {}

    def replace(self, quotes: Iterable[Quote]) -> None:
        """These are in force, and no others."""
        self._current = {}
        self.put(quotes)

    def put(self, quotes: Iterable[Quote]) -> None:
        """Each in the place of what its source said of its model before."""
        for quote in quotes:
            self._current.setdefault(quote.key, {})[quote.source] = quote.price

    def of(self, provider: str, model: str) -> Mapping[str, Price]:
        """What each source says, by source."""
        return self._current.get((provider, model), {})

    def keys(self) -> Iterable[ModelKey]:
        """What anything is said of."""
        return self._current.keys()

    def remember(self, provider: str, model: str, history: Sequence[DatedPrice]) -> None:
        """The prices that were in force, oldest first."""
        self._history[provider, model] = ([at for at, _ in history], [price for _, price in history])

    def before(self, provider: str, model: str, at: datetime) -> Price | None:
        """The price that was in force at `at` and is no longer; None if it still is, or nobody knows."""
        instants, prices = self._history.get((provider, model), ([], []))
        place = bisect_right(instants, at) - 1
        return prices[place] if 0 <= place < len(prices) - 1 else None


def price_problem(price: Price) -> str | None:
    """What is wrong with the first amount that is; None if all can be prices."""
    for name, usd in _amounts(price).items():
        problem = amount_problem(usd)
        if problem is not None:
            return f"{name} {problem}"
    return None


def amount_problem(usd: Decimal) -> str | None:
    """Why an amount of USD cannot be a price; None if it can."""
    if not usd.is_finite():
        return "is no number"
    if usd < 0:
        return "is negative"
    if usd > _MOST_USD:
        return f"is more than {_MOST_USD:,} USD"
    exponent = usd.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _MOST_DECIMALS:
        return f"has more than {_MOST_DECIMALS} decimals"
    return None


def _amounts(price: Price) -> dict[str, Decimal]:
    """Every amount that is stated, by name."""
    stated = price.rates.stated()
    for tier in price.tiers:
        above = f" above {tier.above_input_tokens:,} input tokens"
        stated |= {f"{name}{above}": usd for name, usd in tier.rates.stated().items()}
    return {**stated, "request": price.request_usd}
