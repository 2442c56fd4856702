"""What is worth an event in a model list: pure.

The same news has the same key, no matter who finds it or how often: what appeared has none, what vanished is
told apart by the list that had it last, what returned by when it had vanished, a change by the list before
it, a retirement by its day, and a failure by the last list that came whole. The first list of a provider is
one event, not one for each of its models.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from probe.catalog.models.availability import Availability
from probe.catalog.models.diff import Comparison, FieldChange
from probe.catalog.models.listed import KnownModel
from probe.facts.event import Event, EventKind, Severity
from probe.lib.ids import new_id

# So close to its end that somebody has to act now.
_URGENT_DAYS: Final = 7
_NEVER: Final = "never"
_END_FIELDS: Final = frozenset({"lifecycle", "deprecated_on", "retires_on", "replaced_by"})
_FIELD_NAMES: Final = {
    "context_window": "context window",
    "max_output_tokens": "output limit",
    "input_modalities": "input",
    "output_modalities": "output",
    "lifecycle": "lifecycle",
    "deprecated_on": "deprecated on",
    "retires_on": "retires on",
    "replaced_by": "replaced by",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Writes the events of one provider at one instant."""

    provider: str
    now: datetime

    def of_list(
        self, known: Iterable[KnownModel], comparison: Comparison, probed: Sequence[Availability]
    ) -> tuple[Event, ...]:
        """`known` is as before the list. Of what vanished and is probed, `of_probed` makes the event."""
        before = {each.listed.id: each for each in known}
        return tuple(self._of_list(before, comparison, {each.entry for each in probed}))

    def of_probed(self, probed: Iterable[Availability], retirement_days: int) -> tuple[Event, ...]:
        """Models that are probed and gone, in no list, or to retire within so many days."""
        return tuple(self._of_probed(probed, retirement_days))

    def of_failure(self, known: Iterable[KnownModel], error: str) -> Event:
        """One for all failures in a row."""
        last = max((each.last_seen_at for each in known if each.last_seen_at is not None), default=None)
        return self._event(
            "listing_failed",
            None,
            f"the model list of {self.provider} could not be read: {error}",
            severity="warning",
            key=_key(last),
            data={"error": error, "last_complete_at": None if last is None else last.isoformat()},
        )

    def _of_list(
        self, before: dict[str, KnownModel], comparison: Comparison, probed: set[str | None]
    ) -> Iterator[Event]:
        if comparison.first and comparison.models:
            count = len(comparison.models)
            text = f"{self.provider} lists {count:,} {'model' if count == 1 else 'models'}: its first list"
            yield self._event("model_appeared", None, text, key="first", data={"models": count})
        for name in comparison.appeared:
            yield self._event("model_appeared", name, f"{self.provider} lists {name}, which is new")
        for name in comparison.returned:
            gone = before[name].vanished_at
            text = f"{self.provider} lists {name} again; it was gone since {_day(gone)}"
            yield self._event("model_returned", name, text, key=_key(gone))
        for name, changes in comparison.changed.items():
            yield from self._of_changes(name, changes, before[name].last_seen_at)
        for name in comparison.vanished:
            if name not in probed:
                last = before[name].last_seen_at
                text = f"{self.provider} does not list {name} any more; it last did on {_day(last)}"
                yield self._event("model_vanished", name, text, key=_key(last))

    def _of_changes(
        self, name: str, changes: Sequence[FieldChange], since: datetime | None
    ) -> Iterator[Event]:
        """A day of retirement that is announced is an event of its own, with all other signs of the end."""
        told = list(changes)
        by_name = {change.name: change.after for change in changes}
        day = by_name.get("retires_on")
        if isinstance(day, date):
            told = [change for change in changes if change.name not in _END_FIELDS]
            text = f"{self.provider} retires {name} on {day}"
            replacement = by_name.get("replaced_by")
            if replacement:
                text += f" and recommends {replacement}"
            data = {"retires_on": day.isoformat(), "replaced_by": replacement}
            yield self._event("model_retiring", name, text, key=day.isoformat(), data=data)
        if told:
            yield self._event(
                "model_changed",
                name,
                f"{self.provider} lists {name} differently: {'; '.join(map(_said, told))}",
                key=_key(since),
                data={each.name: [_plain(each.before), _plain(each.after)] for each in told},
            )

    def _of_probed(self, probed: Iterable[Availability], retirement_days: int) -> Iterator[Event]:
        for each in probed:
            if each.state == "vanished":
                yield self._vanished(each)
            elif each.state == "never_listed":
                text = f"{each.model} is probed, and is in no list of {self.provider} so far"
                yield self._event("probed_model_vanished", each.model, text, severity="warning", key=_NEVER)
            days = each.days_left(self.now.date())
            if each.state == "listed" and each.lifecycle == "retired" and days is None:
                text = f"{each.model} is probed, and {self.provider} calls it retired{_instead(each)}"
                yield self._event(
                    "probed_model_retiring", each.model, text, severity="critical", key="retired"
                )
            elif each.state == "listed" and days is not None and days <= retirement_days:
                yield self._retiring(each, days)

    def _vanished(self, probed: Availability) -> Event:
        return self._event(
            "probed_model_vanished",
            probed.model,
            f"{probed.model} is probed, and {self.provider} does not list it any more; it last did on "
            f"{_day(probed.last_listed_at)}{_instead(probed)}",
            severity="critical",
            key=_key(probed.last_listed_at),
            data={"entry": probed.entry, "replaced_by": probed.replaced_by},
        )

    def _retiring(self, probed: Availability, days: int) -> Event:
        assert probed.retires_on is not None
        day = probed.retires_on.isoformat()
        return self._event(
            "probed_model_retiring",
            probed.model,
            f"{probed.model} is probed, and {self.provider} retires it on {day}, {_in(days)}"
            f"{_instead(probed)}",
            severity="critical" if days <= _URGENT_DAYS else "warning",
            key=day,
            data={"retires_on": day, "entry": probed.entry, "replaced_by": probed.replaced_by},
        )

    def _event(
        self,
        kind: EventKind,
        model: str | None,
        text: str,
        *,
        severity: Severity = "info",
        key: str = "",
        data: dict[str, Any] | None = None,
    ) -> Event:
        return Event(
            id=new_id(self.now),
            at=self.now,
            kind=kind,
            severity=severity,
            provider=self.provider,
            model=model,
            key=key,
            text=" ".join(text.split()),
            data=data or {},
        )


def _key(at: datetime | None) -> str:
    return _NEVER if at is None else at.isoformat()


def _day(at: datetime | None) -> str:
    return "an unknown day" if at is None else at.date().isoformat()


def _in(days: int) -> str:
    if days < 0:
        return "which has passed"
    return "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"


def _instead(probed: Availability) -> str:
    return f"; it recommends {probed.replaced_by}" if probed.replaced_by else ""


def _said(change: FieldChange) -> str:
    return f"{_FIELD_NAMES[change.name]} {_text(change.before)} → {_text(change.after)}"


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
