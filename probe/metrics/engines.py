"""Families read off the inference servers behind the providers: whether they answer, and their load."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from probe.facts.status import EngineLoad, Status
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfStatus


def _load(name: str, about: str, read: Callable[[EngineLoad], float | None], unit: str = "") -> Family:
    """A number for each model of each server that tells it."""

    def readings(status: Status) -> Iterable[Measurement]:
        for engine in status.engines:
            for load in engine.loads:
                value = read(load)
                if value is not None:
                    yield Measurement(value, (engine.provider, engine.engine, load.model))

    return Family(
        name=name,
        kind="gauge",
        unit=unit,
        help=f"{about} By the server's own metrics; model is empty where it names none.",
        labels=("provider", "engine", "model"),
        source=OfStatus(read=readings),
    )


ENGINE_FAMILIES = (
    Family(
        name=names.ENGINE_UP,
        kind="gauge",
        help="1 where the inference server behind a provider answered when last asked about itself, else 0.",
        labels=("provider", "engine"),
        source=OfStatus(
            read=lambda status: [
                Measurement(engine.up, (engine.provider, engine.engine)) for engine in status.engines
            ]
        ),
    ),
    _load(names.ENGINE_REQUESTS_RUNNING, "Requests being worked on.", lambda load: load.running),
    _load(names.ENGINE_REQUESTS_WAITING, "Requests waiting to be worked on.", lambda load: load.waiting),
    _load(
        names.ENGINE_KV_CACHE_RATIO,
        "Share of the key-value cache in use, 0 to 1.",
        lambda load: load.kv_cache_ratio,
        unit="ratio",
    ),
    _load(
        names.ENGINE_BATCH_SIZE,
        "Requests decoded together; of llama.cpp the mean since it began.",
        lambda load: load.batch_size,
    ),
)
