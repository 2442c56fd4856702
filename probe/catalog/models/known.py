"""What is remembered of the models of a provider, between one list and the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from probe.catalog.models.listed import ListedModel


class Known(Protocol):
    """One model. `listed` is its entry as it was last seen.

    `last_seen_at` is the last whole list that had it, None where it was probed and never listed.
    `vanished_at` is the first whole list since then that lacked it, None while it is listed.
    """

    @property
    def listed(self) -> ListedModel: ...
    @property
    def last_seen_at(self) -> datetime | None: ...
    @property
    def vanished_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Implements `Known`."""

    listed: ListedModel
    last_seen_at: datetime | None = None
    vanished_at: datetime | None = None
