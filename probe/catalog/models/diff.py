"""What a whole model list changes in what is known: pure.

What an entry does not say any more stays known, and what it says for the first time is no change of the
model; except for the signs of its end, which are news either way. A provider's first list changes nothing:
all of it is new.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from probe.catalog.models.listed import KnownModel, ListedModel

# What stays known where an entry says no more of it.
_LASTING: Final = (
    "display_name",
    "context_window",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "created_at",
)
_COMPARED: Final = ("context_window", "max_output_tokens", "input_modalities", "output_modalities")
_SIGNS_OF_THE_END: Final = ("lifecycle", "deprecated_on", "retires_on", "replaced_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One thing that a list says differently: a field of `ListedModel`, and its values."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`models` are the entries as they are to be remembered; the rest are names, in the order of the list.

    `first` is whether no list before had a model: then nothing counts as appeared. `returned` had vanished
    before; what is `changed` may be among them.
    """

    models: tuple[ListedModel, ...]
    first: bool = False
    appeared: tuple[str, ...] = ()
    changed: Mapping[str, tuple[FieldChange, ...]] = field(default_factory=lambda: MappingProxyType({}))
    vanished: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()


def compare(known: Iterable[KnownModel], listed: Sequence[ListedModel]) -> Comparison:
    """`listed` is a whole list; of two entries of one name the first counts."""
    before = {each.listed.id: each for each in known}
    entries: dict[str, ListedModel] = {}
    for entry in listed:
        entries.setdefault(entry.id, entry)
    listed_before = {name for name, each in before.items() if each.last_seen_at is not None}
    first = not listed_before
    changed = {
        name: found
        for name, entry in entries.items()
        if name in listed_before and (found := changes(before[name].listed, entry))
    }
    return Comparison(
        models=tuple(
            _remembered(before[name].listed, entry) if name in before else entry
            for name, entry in entries.items()
        ),
        first=first,
        appeared=() if first else tuple(name for name in entries if name not in listed_before),
        changed=MappingProxyType(changed),
        vanished=tuple(
            name for name in before if name in listed_before - entries.keys() and not _gone(before[name])
        ),
        returned=tuple(name for name in entries if name in listed_before and _gone(before[name])),
    )


def applied(known: Iterable[KnownModel], comparison: Comparison, now: datetime) -> tuple[KnownModel, ...]:
    """What is known once the list is."""
    listed = {entry.id for entry in comparison.models}
    vanished = set(comparison.vanished)
    others: list[KnownModel] = [
        _vanished(each, now) if each.listed.id in vanished else each
        for each in known
        if each.listed.id not in listed
    ]
    return (*(KnownModel(listed=entry, last_seen_at=now) for entry in comparison.models), *others)


def changes(before: ListedModel, after: ListedModel) -> tuple[FieldChange, ...]:
    """Field by field."""
    found = [name for name in _COMPARED if _differ(getattr(before, name), getattr(after, name))]
    found += [name for name in _SIGNS_OF_THE_END if _sign(before, name) != _sign(after, name)]
    return tuple(
        FieldChange(name=name, before=getattr(before, name), after=getattr(after, name)) for name in found
    )


def _vanished(known: KnownModel, now: datetime) -> KnownModel:
    return KnownModel(listed=known.listed, last_seen_at=known.last_seen_at, vanished_at=now)


def _gone(known: KnownModel) -> bool:
    return known.vanished_at is not None


def _remembered(before: ListedModel, after: ListedModel) -> ListedModel:
    kept = {name: getattr(before, name) for name in _LASTING if getattr(after, name) is None}
    return replace(after, **kept) if kept else after


def _differ(before: Any, after: Any) -> bool:
    """Whether both are known and not the same; the order of modalities means nothing."""
    if before is None or after is None:
        return False
    if isinstance(before, tuple):
        return set(before) != set(after)
    return bool(before != after)


def _sign(model: ListedModel, name: str) -> Any:
    """A model of which no lifecycle is said is active."""
    value = getattr(model, name)
    return value or "active" if name == "lifecycle" else value
