"""Prices of a configuration over a real store, and a models.dev that answers what a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.price import Price
from probe.catalog.prices.quote import QuoteTable
from probe.config import Config
from probe.config.probing import PriceConfig, PricingConfig, ProviderConfig, TargetConfig
from probe.config.values import FrozenDict
from probe.facts.event import Event
from probe.facts.rates import Rates
from probe.lib.clock import FakeClock
from probe.pricing.pricing import Pricing
from probe.pricing.scope import Scope, scope_of_config
from probe.store.quotes import QuoteRecord
from probe.store.store import Store
from tests.wire.raw_server import Peer, RawServer, response

JSON = b"Content-Type: application/json"
OPENAI = "https://api.openai.com/v1"
MODEL = "gpt-4o-mini"
DAY = 86_400
KEY = SecretStr("sk-of-nobody-0123456789")

Answer = Callable[[bytes], bytes]


class Feed:
    """`answer` makes the bytes of a response out of the head of a request, all of which are in `asked`."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: response(b"{}", JSON)
        self.asked: list[bytes] = []
        self._released = threading.Event()
        self._server = RawServer(self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}/api.json"

    def say(self, usd: float | str, *, model: str = MODEL, head: bytes = JSON, **cost: Any) -> None:
        """From now on a document with this price of a model of OpenAI, the same for input and output."""
        body = document({model: {"input": usd, "output": usd, **cost}})
        self.answer = lambda _: response(body, head)

    def hang(self, _: bytes) -> bytes:
        """An answer that does not come."""
        self._released.wait(30)
        return b""

    def close(self) -> None:
        self._released.set()
        self._server.close()

    def _serve(self, peer: Peer) -> None:
        if request := peer.request():
            self.asked.append(request)
            peer.send(self.answer(request))


def document(costs: dict[str, Any], provider: str = "openai") -> bytes:
    """The shape of https://models.dev/api.json, with text for numbers so that they stay exact."""
    models = {model: {"id": model, "name": model, "cost": cost} for model, cost in costs.items()}
    entry = {"id": provider, "env": ["KEY"], "npm": "@ai-sdk/openai", "name": provider, "models": models}
    return json.dumps({provider: entry}).encode()


@contextmanager
def feed_server() -> Iterator[Feed]:
    feed = Feed()
    try:
        yield feed
    finally:
        feed.close()


def price(input_usd: str, output_usd: str | None = None, **more: Any) -> Price:
    rates = Rates(
        input_per_million_usd=Decimal(input_usd), output_per_million_usd=Decimal(output_usd or input_usd)
    )
    return Price(rates=rates, source="a list", **more)


def listed(usd: str, model: str = MODEL) -> ListedModel:
    return ListedModel(id=model, price=price(usd))


@dataclass
class Market:
    """`pricing` is made anew by `restart`, as another process would; `sections` are of the configuration."""

    store: Store
    clock: FakeClock
    feed: Feed
    sections: dict[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ("configuration", "provider", "models.dev")
    targets: tuple[str, ...] = (MODEL,)
    base_url: str = OPENAI
    fetch: bool = True
    fetch_seconds: float = 30
    overrides: dict[str, PriceConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self.quotes = QuoteTable()
        config = Config(
            providers=FrozenDict({"openai": ProviderConfig(base_url=self.base_url, api_key=KEY)}),
            targets=tuple(TargetConfig(provider="openai", model=model) for model in self.targets),
            prices=FrozenDict(self.overrides),
            pricing=PricingConfig.model_validate(
                {
                    "sources": self.sources,
                    "models_dev_url": self.feed.url,
                    "fetch": self.fetch,
                    **self.sections,
                }
            ),
        )
        self.scope: Scope = scope_of_config(config, self.quotes)
        self.pricing = Pricing(
            self.store, self.clock, self.quotes, lambda: self.scope, fetch_seconds=self.fetch_seconds
        )

    async def sync_saying(self, usd: float | str, **cost: Any) -> Any:
        """A day later models.dev says this."""
        self.clock.advance(DAY)
        self.feed.say(usd, **cost)
        return await self.pricing.sync()

    def in_force(self, model: str = MODEL) -> Decimal | None:
        """USD per million input tokens, now."""
        found = self.scope.book.price("openai", model, self.base_url, self.clock.now())
        return None if found is None else found.rates.input_per_million_usd

    async def noted(self, model: str = MODEL) -> list[Decimal]:
        """Every price in the history, oldest first."""
        return [
            row.price.rates.input_per_million_usd for row in await self.store.prices.history("openai", model)
        ]

    async def told(self, *kinds: str) -> list[Event]:
        """Events of these kinds, oldest first."""
        found = (await self.store.events.page(limit=500)).items
        return [event for event in reversed(found) if not kinds or event.kind in kinds]

    async def only_held(self) -> QuoteRecord:
        (held,) = await self.store.quotes.held()
        return held
