"""What an inference server tells of itself beside its answers. None is what it does not tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from probe.catalog.models.listed import ListedModel
from probe.facts.sample import EngineName


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`detail` is why it is not healthy, one line; `seconds` how long its answer took."""

    healthy: bool
    detail: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """`models` are those in memory now, `concurrency` how many requests it works on at once.

    `capabilities` are words such as chat, completion, embedding, tools, vision, metrics, slots.
    `context_window` is in tokens: what the server was started with.
    """

    version: str | None = None
    models: tuple[str, ...] = ()
    context_window: int | None = None
    concurrency: int | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """The load of one model (None: of the server) at one instant.

    `running` requests are being worked on, `waiting` ones are not yet. `kv_cache_ratio` is the share of the
    key-value cache in use, 0 to 1. `batch_size` is how many requests are decoded together.
    """

    model: str | None = None
    running: float | None = None
    waiting: float | None = None
    kv_cache_ratio: float | None = None
    batch_size: float | None = None


class Sum(NamedTuple):
    """A total since the server began: of so many requests (or tokens), or of nobody knows how many."""

    total: float
    number: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Totals over all models since the server began.

    `started` and `finished` are requests, `unfinished` are those running or waiting now. `prompt_tokens` were
    read, `cached_tokens` of them (or beside them, see `PageTable`) came out of a cache, `computed_tokens` did
    not. A sum with a number is one of requests, `itl_seconds` one of requests or of tokens; without a number
    it is what the whole server spent.
    """

    unfinished: float | None = None
    started: float | None = None
    finished: float | None = None
    prompt_tokens: Sum | None = None
    cached_tokens: Sum | None = None
    computed_tokens: Sum | None = None
    generation_tokens: Sum | None = None
    queue_seconds: Sum | None = None
    prefill_seconds: Sum | None = None
    decode_seconds: Sum | None = None
    ttft_seconds: Sum | None = None
    itl_seconds: Sum | None = None
    total_seconds: Sum | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The native metrics at one instant. `counters` is None where the server keeps none."""

    gauges: tuple[Gauges, ...] = ()
    counters: Counters | None = None


class Engine(Protocol):
    """One inference server. Everything but `health` raises EngineError where it does not answer."""

    @property
    def name(self) -> EngineName: ...

    @property
    def counts(self) -> bool:
        """Whether servers of this kind keep counters at all."""
        ...

    async def health(self) -> Health: ...

    async def info(self) -> EngineInfo: ...

    async def models(self) -> Sequence[ListedModel]:
        """What can be asked of it, each model once."""
        ...

    async def counters(self) -> Counters:
        """One read. Raises EngineError also where this server keeps no counters."""
        ...

    async def snapshot(self) -> Snapshot: ...

    async def aclose(self) -> None: ...
