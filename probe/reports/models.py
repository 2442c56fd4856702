"""The models of the API and of `probe models`: which are probed, which are listed, which are requested."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from probe.catalog.models.availability import availability_of
from probe.catalog.models.listed import KnownModel, ListedModel
from probe.store.records import ModelRecord

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
