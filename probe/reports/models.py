"""The models of the API and of `probe models`: which are probed, listed and requested, and their JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from probe.catalog.models.availability import availability_of
from probe.catalog.models.listed import KnownModel, Lifecycle, ListedModel
from probe.reports.prices import DatedPriceBody
from probe.reports.schemas import Body, EventBody
from probe.store.catalog import ModelRecord

_Standing = Literal["listed", "vanished", "never listed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownModel:
    """`probed` is whether targets name it, or name what it is in the provider's list."""

    record: ModelRecord
    probed: bool

    @property
    def standing(self) -> _Standing:
        if self.record.listed_last_at is None:
            return "never listed"
        return "listed" if self.record.vanished_at is None else "vanished"

    @property
    def listed(self) -> bool:
        return self.standing == "listed"

    @property
    def retiring(self) -> bool:
        """It is listed, and its provider says that it will go."""
        record = self.record
        said = record.retires_on is not None or record.lifecycle in {"deprecated", "retired"}
        return self.listed and said


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which models to show; None does not filter. `text` is a part of the name."""

    probed: bool | None = None
    listed: bool | None = None
    retiring: bool | None = None
    vanished: bool | None = None
    text: str | None = None

    def takes(self, model: ShownModel) -> bool:
        record = model.record
        text = (self.text or "").casefold()
        return (
            self.probed in {None, model.probed}
            and self.listed in {None, model.listed}
            and self.retiring in {None, model.retiring}
            and self.vanished in {None, model.standing == "vanished"}
            and (text in record.name.casefold() or text in (record.display_name or "").casefold())
        )


def shown_models(records: Sequence[ModelRecord], probed: Iterable[tuple[str, str]]) -> tuple[ShownModel, ...]:
    """In the order of the records; `probed` are the providers and models that targets name."""
    names = set(probed)
    for provider in {provider for provider, _ in names}:
        known = [_remembered(record) for record in records if record.provider == provider]
        entries = [availability_of(provider, model, known).entry for of, model in names if of == provider]
        names |= {(provider, entry) for entry in entries if entry is not None}
    return tuple(
        ShownModel(record=record, probed=(record.provider, record.name) in names) for record in records
    )


def _remembered(record: ModelRecord) -> KnownModel:
    return KnownModel(
        listed=ListedModel(id=record.name), last_seen_at=record.listed_last_at, vanished_at=record.vanished_at
    )


class ModelBody(Body):
    """`price` is the latest one known, `last_seen_at` the end of the last attempt.

    `probed` is whether targets name it, or name what it is in the provider's list, `listed` whether it is
    there now. What the provider's model list says is null where it does not. `listed_first_at` and
    `listed_last_at` are the listings that had the model, `vanished_at` the first that lacked it since.
    """

    id: UUID
    name: str
    provider: str
    context_window: int | None
    created_at: datetime
    last_seen_at: datetime | None
    price: DatedPriceBody | None
    display_name: str | None
    max_output_tokens: int | None
    input_modalities: tuple[str, ...] | None
    output_modalities: tuple[str, ...] | None
    released_at: datetime | None
    lifecycle: Lifecycle | None
    deprecated_on: date | None
    retires_on: date | None
    replaced_by: str | None
    listed_first_at: datetime | None
    listed_last_at: datetime | None
    vanished_at: datetime | None
    probed: bool
    listed: bool

    @classmethod
    def from_model(cls, model: ShownModel, **fields: object) -> Self:
        price = model.record.price
        body = None if price is None else DatedPriceBody.since(price)
        return cls.of(model, model.record, price=body, **fields)


class ModelInfoBody(ModelBody):
    """`targets` name the model; `events` are the latest about it, newest first."""

    targets: tuple[str, ...]
    events: list[EventBody]
