"""Families about what stands behind the targets: model lists, retirements, inference servers; and events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time

from probe.facts.status import EngineLoad, EngineStatus, ListStatus, ProbedModel, Status
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfStatus, StatusItems

_list = StatusItems[ListStatus](
    of=lambda status: status.catalogue.lists, labels=("provider",), values=lambda of: (of.provider,)
).family
_probed = StatusItems[ProbedModel](
    of=lambda status: status.catalogue.probed,
    labels=("provider", "model"),
    values=lambda of: (of.provider, of.model),
).family
_engine = StatusItems[EngineStatus](
    of=lambda status: status.engines,
    labels=("provider", "engine"),
    values=lambda engine: (engine.provider, engine.engine),
).family
_load = StatusItems[tuple[EngineStatus, EngineLoad]](
    of=lambda status: [(engine, load) for engine in status.engines for load in engine.loads],
    labels=("provider", "engine", "model"),
    values=lambda of: (of[0].provider, of[0].engine, of[1].model),
).family
_BY_THE_SERVER = "By the server's own metrics; model is empty where it names none."


def _complete_at(of: ListStatus) -> float:
    return 0 if of.complete_at is None else of.complete_at.timestamp()


def _retires_at(of: ProbedModel) -> float | None:
    if of.retires_on is None:
        return None
    return datetime.combine(of.retires_on, time(), UTC).timestamp()


def _silenced(status: Status) -> Iterable[Measurement]:
    for of in status.engines:
        if of.silenced is not None:
            yield Measurement(1, (of.provider, of.engine, of.silenced))


def _events(status: Status) -> Iterable[Measurement]:
    return [Measurement(count, labels) for labels, count in status.events.items()]


CATALOGUE_FAMILIES = (
    _list(
        names.MODELS_LISTED, "Models in the provider's list when it last came whole.", lambda of: of.listed
    ),
    _list(names.MODELS_PROBED, "Models of the provider that targets name.", lambda of: of.probed),
    _list(
        names.DISCOVERY_LAST_SUCCESS_TIMESTAMP_SECONDS,
        "When the provider's model list last came whole, Unix time; 0 where it never did.",
        _complete_at,
    ),
    _list(
        names.DISCOVERY_LAST_SUCCESSFUL,
        "1 where the provider's model list came whole when it was last asked for, 0 where it did not.",
        lambda of: None if of.failed is None else not of.failed,
    ),
    _probed(
        names.PROBED_MODEL_VANISHED,
        "1 where the provider listed a probed model and does so no more, 0 where it lists it; "
        "absent where it never did.",
        lambda of: of.vanished,
    ),
    _probed(
        names.PROBED_MODEL_RETIREMENT_TIMESTAMP_SECONDS,
        "Start of the day (UTC) from which a probed model is no longer served, where the provider says.",
        _retires_at,
    ),
    Family(
        name=names.EVENTS_TOTAL,
        help="Events written, about models, prices and budgets; a provider's first list is none.",
        labels=("event", "provider"),
        source=OfStatus(read=_events),
    ),
)

ENGINE_FAMILIES = (
    _engine(
        names.ENGINE_UP,
        "1 where the inference server behind a provider answered when last asked about itself, else 0.",
        lambda engine: engine.up,
    ),
    Family(
        name=names.ENGINE_SILENCED,
        help="1 where the metrics of the inference server behind a provider are not read; reason is why.",
        labels=("provider", "engine", "reason"),
        source=OfStatus(read=_silenced),
    ),
    _load(
        names.ENGINE_REQUESTS_RUNNING,
        f"Requests being worked on. {_BY_THE_SERVER}",
        lambda load: load[1].running,
    ),
    _load(
        names.ENGINE_REQUESTS_WAITING,
        f"Requests waiting to be worked on. {_BY_THE_SERVER}",
        lambda load: load[1].waiting,
    ),
    _load(
        names.ENGINE_KV_CACHE_RATIO,
        f"Share of the key-value cache in use, 0 to 1. {_BY_THE_SERVER}",
        lambda load: load[1].kv_cache_ratio,
    ),
    _load(
        names.ENGINE_BATCH_SIZE,
        f"Requests decoded together; of llama.cpp the mean since it began. {_BY_THE_SERVER}",
        lambda load: load[1].batch_size,
    ),
)
