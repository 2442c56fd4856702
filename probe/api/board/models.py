"""Probed models that are gone or about to go, said at the top of the page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from probe.api.board.banners import Banner
from probe.facts.status import CatalogueStatus, ProbedModel

_SHOWN = 4


def model_banners(catalogue: CatalogueStatus, today: date) -> tuple[Banner, ...]:
    """One for what vanished, one for what retires soon."""
    return tuple(_told(catalogue, today))


def _told(catalogue: CatalogueStatus, today: date) -> Iterator[Banner]:
    gone = [each for each in catalogue.probed if each.vanished]
    if gone:
        yield Banner(
            tone="warn",
            heading=_heading(gone, "is", "are", "not listed any more"),
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
            heading=_heading([each for _, each in soon], "retires", "retire", "soon"),
            text=_listed([_soon(each, day, today) for day, each in soon]),
        )


def _heading(models: Sequence[ProbedModel], one: str, many: str, rest: str) -> str:
    if len(models) == 1:
        return f"A probed model {one} {rest}"
    return f"{len(models)} probed models {many} {rest}"


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _gone(model: ProbedModel) -> str:
    last = "" if model.last_listed_at is None else f", last on {model.last_listed_at.date()}"
    return f"{model.provider}/{model.model}{last}{_instead(model)}"


def _soon(model: ProbedModel, day: date, today: date) -> str:
    left = (day - today).days
    when = f"in {left} days" if left > 1 else "tomorrow" if left == 1 else "today" if left == 0 else "passed"
    return f"{model.provider}/{model.model} on {day}, {when}{_instead(model)}"


def _instead(model: ProbedModel) -> str:
    return f" (use {model.replaced_by})" if model.replaced_by else ""
