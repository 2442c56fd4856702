"""What a sync costs: a list of 1,000 models with prices, asked for over a socket, compared and stored."""

from __future__ import annotations

import asyncio
import statistics
import tempfile

from bench.figure import Figure
from probe.bootstrap.logs import configure_logs
from probe.catalog.prices.quote import QuoteTable
from probe.config import Config
from probe.config.results import LogConfig
from probe.discovery.listed_provider import ListedProvider
from probe.discovery.sync import Discovery
from probe.lib.clock import SystemClock, monotonic_ns
from probe.pricing.pricing import Pricing
from probe.pricing.scope import scope_of_config
from probe.store.store import Store
from tests.discovery.lists import Lists, listed_provider, listing_server, openai

MODELS, LATER = 1_000, 9
NAMES = tuple(f"vendor/model-{index:04d}" for index in range(MODELS))


async def measure() -> list[Figure]:
    """The first sync writes every model, price and event, a later one finds that nothing changed; then every
    price and size does."""
    configure_logs(LogConfig(level="warning"))
    with tempfile.TemporaryDirectory() as folder, listing_server() as server:
        asked = listed_provider(server.url, NAMES[0], name="acme")
        try:
            async with await Store.open(f"sqlite:///{folder}/sync.db") as store:
                discovery = _discovery(store, server.url)
                first = await _sync(discovery, asked, server, "0.00000015", 128_000)
                later = [await _sync(discovery, asked, server, "0.00000015", 128_000) for _ in range(LATER)]
                changed = await _sync(discovery, asked, server, "0.00000020", 256_000)
                await _check(store)
        finally:
            await asked.client.aclose()
    return [
        _figure("first", first, 1),
        _figure("nothing changed, median", statistics.median(later), LATER),
        _figure("every model and price changed", changed, 1),
    ]


def _discovery(store: Store, url: str) -> Discovery:
    config = Config.model_validate(
        {
            "providers": {"acme": {"base_url": url, "api_key": "none"}},
            "targets": [{"provider": "acme", "model": NAMES[0]}],
            "pricing": {"fetch": False},
        }
    )
    quotes, clock = QuoteTable(), SystemClock()
    scope = scope_of_config(config, quotes)
    return Discovery(store, clock, prices=Pricing(store, clock, quotes, lambda: scope))


async def _sync(discovery: Discovery, asked: ListedProvider, server: Lists, usd: str, window: int) -> float:
    """In ms; prices are USD per token."""
    pricing = {"prompt": usd, "completion": "0.0000006", "request": "0"}
    answer = openai(*NAMES, pricing=pricing, context_length=window)
    server.answer = lambda *_: answer
    before_ns = monotonic_ns()
    (report,) = await discovery.sync([asked], "bench")
    took_ms = (monotonic_ns() - before_ns) / 1e6
    assert report.error is None, report.error
    return took_ms


async def _check(store: Store) -> None:
    """What was measured did the work."""
    known = await store.catalog.known_models("acme")
    assert [model.listed.context_window for model in known] == [256_000] * MODELS
    quotes = await store.quotes.current()
    assert len(quotes) == MODELS
    assert len(await store.prices.history("acme", NAMES[0])) == 2


def _figure(label: str, value_ms: float, count: int) -> Figure:
    return Figure(
        part="sync, SQLite", name=f"{MODELS:,} models, {label}", value=value_ms, unit="ms", goal=1000, n=count
    )


if __name__ == "__main__":
    for figure in asyncio.run(measure()):
        print(figure)
