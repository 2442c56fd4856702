"""How a probed model stands in its provider's lists, and how long it is still served: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from probe.catalog.models import alias
from probe.catalog.models.listed import KnownModel, Lifecycle

ListingState = Literal["listed", "vanished", "never_listed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """One model as targets name it.

    `entry` is what it is called in the list, where that has, or had, it. `state` is None while there was
    no list to look it up in. `last_listed_at` is the last list that had it.
    """

    provider: str
    model: str
    entry: str | None = None
    state: ListingState | None = None
    last_listed_at: datetime | None = None
    lifecycle: Lifecycle | None = None
    retires_on: date | None = None
    replaced_by: str | None = None

    @property
    def vanished(self) -> bool | None:
        """None if no list ever had it: the provider serves more than it lists, or the name is wrong."""
        return None if self.state in {None, "never_listed"} else self.state == "vanished"

    def days_left(self, today: date) -> int | None:
        """Until it retires, negative afterwards; None if no day is known."""
        return None if self.retires_on is None else (self.retires_on - today).days


def availability_of(provider: str, model: str, known: Iterable[KnownModel]) -> Availability:
    """`known` is all that is remembered of the provider's models."""
    ever = [each for each in known if each.last_seen_at is not None]
    if not ever:
        return Availability(provider=provider, model=model)
    found = _entry(model, ever)
    if found is None:
        return Availability(provider=provider, model=model, state="never_listed")
    return Availability(
        provider=provider,
        model=model,
        entry=found.listed.id,
        state="listed" if found.vanished_at is None else "vanished",
        last_listed_at=found.last_seen_at,
        lifecycle=found.listed.lifecycle,
        retires_on=found.listed.retires_on,
        replaced_by=found.listed.replaced_by,
    )


def _entry(model: str, ever: list[KnownModel]) -> KnownModel | None:
    """A name that had an entry of its own means that, gone or not; another means what it may stand for."""
    own = [each for each in ever if alias.same(model, each.listed.id)]
    if own:
        return min(own, key=lambda each: (each.vanished_at is not None, each.listed.id != model))
    there = {each.listed.id: each for each in ever if each.vanished_at is None}
    gone = {each.listed.id: each for each in ever if each.vanished_at is not None}
    for entries in (there, gone):
        name = alias.find(model, entries)
        if name is not None:
            return entries[name]
    return None
