"""Families about models and what happens to them: model lists, retirements, events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from typing import get_args

from probe.facts.event import EventKind
from probe.facts.status import ListStatus, ProbedModel, Status
from probe.metrics import names
from probe.metrics.family import Family, Measurement, OfStatus


def _list(name: str, unit: str, about: str, read: Callable[[ListStatus], float | None]) -> Family:
    """A number for each configured provider."""

    def readings(status: Status) -> Iterable[Measurement]:
        for each in status.catalogue.lists:
            value = read(each)
            if value is not None:
                yield Measurement(value, (each.provider,))

    return Family(
        name=name,
        kind="gauge",
        unit=unit,
        help=about,
        labels=("provider",),
        source=OfStatus(read=readings),
    )


def _probed(name: str, unit: str, about: str, read: Callable[[ProbedModel], float | None]) -> Family:
    """A number for each model that is probed."""

    def readings(status: Status) -> Iterable[Measurement]:
        for each in status.catalogue.probed:
            value = read(each)
            if value is not None:
                yield Measurement(value, (each.provider, each.model))

    return Family(
        name=name,
        kind="gauge",
        unit=unit,
        help=about,
        labels=("provider", "model"),
        source=OfStatus(read=readings),
    )


def _complete_at(of: ListStatus) -> float:
    return 0 if of.complete_at is None else of.complete_at.timestamp()


def _retires_at(of: ProbedModel) -> float | None:
    if of.retires_on is None:
        return None
    return datetime.combine(of.retires_on, time(), UTC).timestamp()


def _events(status: Status) -> Iterable[Measurement]:
    return [Measurement(status.events.get(kind, 0), (kind,)) for kind in get_args(EventKind)]


CATALOGUE_FAMILIES = (
    _list(
        names.MODELS_LISTED,
        "",
        "Models in the provider's list when it last came whole.",
        lambda of: of.listed,
    ),
    _list(names.MODELS_PROBED, "", "Models of the provider that targets name.", lambda of: of.probed),
    _list(
        names.DISCOVERY_LAST_SUCCESS_TIMESTAMP_SECONDS,
        "seconds",
        "When the provider's model list last came whole, Unix time; 0 where it never did.",
        _complete_at,
    ),
    _list(
        names.DISCOVERY_LAST_SUCCESSFUL,
        "",
        "1 where the provider's model list came whole when it was last asked for, 0 where it did not.",
        lambda of: None if of.failed is None else not of.failed,
    ),
    _probed(
        names.PROBED_MODEL_VANISHED,
        "",
        "1 where the provider listed a probed model and does so no more, 0 where it lists it; "
        "absent where it never did.",
        lambda of: of.vanished,
    ),
    _probed(
        names.PROBED_MODEL_RETIREMENT_TIMESTAMP_SECONDS,
        "seconds",
        "Start of the day (UTC) from which a probed model is no longer served, where the provider says.",
        _retires_at,
    ),
    Family(
        name=names.EVENTS_TOTAL,
        kind="counter",
        help="Events written, about models, prices and budgets.",
        labels=("event",),
        source=OfStatus(read=_events),
    ),
)
