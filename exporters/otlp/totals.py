"""What was accepted so far, by series: counters and distributions over attempts.

A batch is proposed, sent, and counted only once it was accepted: a batch that is refused leaves no trace, and
one that is sent again says the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from exporters.accumulators import Counter, Histogram, Labels, attempt_ref, by_labels
from exporters.otlp.attributes import Attributes, Value, gen_ai_attributes, own_attributes
from exporters.otlp.conventions import GEN_AI, OWN_INSTRUMENTS, Instrument
from exporters.otlp.encode import Accumulator, TotalPoint, key_values, total_metric
from exporters.otlp.exponential import ExponentialHistogram
from exporters.otlp.settings import OtlpSettings
from probe.facts.sample import Sample, Series
from probe.metrics.family import Measurement, OfAnyAttempt, OfAttempt

# The SDK's mark of what came after the limit of series.
OVERFLOW: Final = "otel.metric.overflow"

# What a reader tells series apart by: shared attributes, and the values of the instrument's own labels.
_Subject = tuple[tuple[str, Value], ...]
_Key = tuple[_Subject, Labels]
_OVERFLOW_KEY: Final[_Key] = (((OVERFLOW, True),), ())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AttemptInstrument:
    """What one instrument adds up of each attempt, under which attributes beside its own labels."""

    instrument: Instrument
    read: Callable[[Sample], Iterable[Measurement]]
    attributes: Callable[[Series], Attributes] | None
    new: Callable[[], Accumulator]
    initial: tuple[Labels, ...] = ()

    def subject(self, series: Series) -> _Subject:
        return () if self.attributes is None else tuple(self.attributes(series).items())


def attempt_instruments(settings: OtlpSettings) -> list[AttemptInstrument]:
    """Everything that is counted or distributed over attempts."""
    found = []
    for family, instrument in OWN_INSTRUMENTS.items():
        source = family.source
        if instrument.kind != "gauge" and isinstance(source, OfAttempt | OfAnyAttempt):
            own = replace(instrument, labels=family.labels)
            found.append(
                AttemptInstrument(
                    instrument=own,
                    read=source.read,
                    attributes=own_attributes if isinstance(source, OfAttempt) else None,
                    new=_new(own, settings),
                    initial=family.initial,
                )
            )
    for entry in GEN_AI:
        named = entry.instrument(settings.semconv)
        if named is not None:
            found.append(
                AttemptInstrument(
                    instrument=named, read=entry.read, attributes=gen_ai_attributes, new=_new(named, settings)
                )
            )
    return found


def _new(instrument: Instrument, settings: OtlpSettings) -> Callable[[], Accumulator]:
    if instrument.kind == "counter":
        return Counter
    if instrument.buckets and settings.histograms == "exponential":
        return ExponentialHistogram
    return partial(Histogram, instrument.buckets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The totals of some series once what is sent was accepted."""

    totals: Mapping[AttemptInstrument, dict[_Key, Accumulator]]
    overflowed: bool = False


class Totals:
    """`since_ns` is when counting began: every total of this process starts there at 0.

    Where deltas are wanted, a series starts at 0 again with each of its points that was accepted. Instants
    are Unix nanoseconds, and given: those of a batch are those of its delivery.
    """

    def __init__(self, settings: OtlpSettings, since_ns: int) -> None:
        self._temporality = settings.temporality
        self._max_series = settings.max_series
        self._since_ns = since_ns
        # Since when, and what was added from then on to the last accepted point.
        self._known: dict[AttemptInstrument, dict[_Key, tuple[int, Accumulator]]] = {
            each: {} for each in attempt_instruments(settings)
        }
        self._zeros: dict[AttemptInstrument, set[_Key]] = {each: set() for each in self._known}
        # What is known is never added to, but copied first.
        self._nothing = {each: each.new() for each in self._known}

    def begin(self, series: Sequence[Series]) -> None:
        """Have totals exist before their first attempt, so that their first step is seen."""
        for each, known in self._known.items():
            subjects = {each.subject(one) for one in series} if each.attributes else {()}
            for key in ((subject, labels) for subject in subjects for labels in each.initial):
                if key not in known and len(known) < self._max_series:
                    known[key] = self._since_ns, self._nothing[each]
                    self._zeros[each].add(key)

    def propose(self, samples: Iterable[Sample], *, exemplars: bool) -> Proposal:
        """Add these attempts to the totals of what they touch, or to nothing where deltas are wanted."""
        totals: dict[AttemptInstrument, dict[_Key, Accumulator]] = {each: {} for each in self._known}
        room = {each: self._max_series - len(known) for each, known in self._known.items()}
        for sample in samples:
            attempt = attempt_ref(sample) if exemplars else None
            for each, touched in totals.items():
                known, subject = self._known[each], each.subject(sample.series)
                for labels, values in by_labels(each.read(sample)).items():
                    key = subject, labels
                    if key not in touched and key not in known:
                        key = key if room[each] > 0 else _OVERFLOW_KEY
                        room[each] -= 1
                    if key not in touched:
                        touched[key] = known[key][1].copy() if key in known else each.new()
                    touched[key].add(values, attempt)
        return Proposal(totals=totals, overflowed=any(_OVERFLOW_KEY in each for each in totals.values()))

    def standing(self) -> Proposal:
        """Every total; where deltas are wanted, zeros that were not sent yet."""
        chosen: Mapping[AttemptInstrument, Iterable[_Key]] = (
            self._known if self._temporality == "cumulative" else self._zeros
        )
        totals = {each: {key: self._known[each][key][1] for key in keys} for each, keys in chosen.items()}
        return Proposal(totals=totals)

    def metrics(self, proposal: Proposal, now_ns: int) -> list[Metric]:
        return [
            total_metric(
                each.instrument,
                [
                    TotalPoint(_attributes(each.instrument, key), self._start_ns(each, key), total)
                    for key, total in totals.items()
                ],
                now_ns,
                self._temporality,
            )
            for each, totals in proposal.totals.items()
            if totals
        ]

    def accept(self, proposal: Proposal, now_ns: int) -> None:
        """It was delivered. An exemplar is sent once."""
        for each, totals in proposal.totals.items():
            self._zeros[each].difference_update(totals)
            known = self._known[each]
            for key, total in totals.items():
                if self._temporality == "delta":
                    known[key] = now_ns, self._nothing[each]
                elif key not in known or known[key][1] is not total:
                    known[key] = self._since_ns, total.copy()

    def _start_ns(self, each: AttemptInstrument, key: _Key) -> int:
        known = self._known[each].get(key)
        return self._since_ns if known is None else known[0]


def _attributes(instrument: Instrument, key: _Key) -> Sequence[KeyValue]:
    subject, labels = key
    return key_values(dict((*subject, *zip(instrument.labels, labels, strict=False))))
