"""What an inference server says of itself beside its answers. None: it does not say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from probe.catalog.models.listed import ListedModel
from probe.engines.counters import Counters
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The native metrics at one instant. `counters` is None if the server keeps none."""

    gauges: tuple[Gauges, ...] = ()
    counters: Counters | None = None


class Engine(Protocol):
    """One inference server. Everything but `health` raises EngineError if it does not answer."""

    @property
    def name(self) -> EngineName: ...

    @property
    def counts(self) -> bool:
        """Whether servers of this kind keep counters at all."""
        ...

    async def health(self) -> Health: ...

    async def info(self) -> EngineInfo: ...

    async def models(self) -> Sequence[ListedModel]:
        """What it serves, each model once."""
        ...

    async def counters(self) -> Counters:
        """One read. Raises EngineError also if this server keeps no counters."""
        ...

    async def snapshot(self) -> Snapshot: ...

    async def aclose(self) -> None: ...
