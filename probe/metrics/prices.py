"""Families about prices: what is in force for what is probed, from whom, how old, and what is in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from probe.facts.rates import TOKEN_KINDS
from probe.facts.sample import Sample
from probe.facts.status import PriceSourceStatus, PriceStatus, Status
from probe.metrics import names
from probe.metrics.family import Family, Kind, Measurement, OfAttempt, OfStatus


def _model(
    name: str,
    unit: str,
    about: str,
    read: Callable[[PriceStatus], Iterable[Measurement]],
    *,
    kind: Kind = "gauge",
    labels: tuple[str, ...] = (),
) -> Family:
    """Numbers for each model that is probed and has a price."""

    def readings(status: Status) -> Iterable[Measurement]:
        for price in status.pricing.prices:
            for reading in read(price):
                yield Measurement(reading.value, (price.provider, price.model, *reading.labels))

    return Family(
        name=name,
        kind=kind,
        unit=unit,
        help=about,
        labels=("provider", "model", *labels),
        source=OfStatus(read=readings),
    )


def _source(
    name: str, kind: Kind, unit: str, about: str, read: Callable[[PriceSourceStatus], float | None]
) -> Family:
    """A number for each source that has to be asked."""

    def readings(status: Status) -> Iterable[Measurement]:
        for source in status.pricing.sources:
            value = read(source)
            if value is not None:
                yield Measurement(value, (source.source,))

    return Family(
        name=name,
        kind=kind,
        unit=unit,
        help=about,
        labels=("source",),
        source=OfStatus(read=readings),
    )


def _names(*, whole: bool) -> list[str]:
    return [kind.name for kind in TOKEN_KINDS if (kind.part_of is None) is whole]


def _per_million(price: PriceStatus) -> Iterable[Measurement]:
    return (Measurement(float(usd), (kind,)) for kind, usd in price.usd_per_million_tokens.items())


def _fetched(price: PriceStatus) -> Iterable[Measurement]:
    return () if price.fetched_at is None else (Measurement(price.fetched_at.timestamp()),)


def _disagreement(price: PriceStatus) -> Iterable[Measurement]:
    return () if price.disagreement is None else (Measurement(float(price.disagreement)),)


def _charged(sample: Sample) -> Iterable[Measurement]:
    charged = None if sample.reported is None else sample.reported.cost_usd
    if charged is not None and sample.cost is not None and sample.cost.total_usd:
        yield Measurement(float(charged / sample.cost.total_usd))


PRICE_FAMILIES = (
    _model(
        names.MODEL_PRICE_USD_PER_MILLION_TOKENS,
        "usd_per_million_tokens",
        f"Price in force of a probed model, by kind of token: {' and '.join(_names(whole=True))}, and "
        f"{', '.join(_names(whole=False))} where they have one of their own.",
        _per_million,
        labels=("type",),
    ),
    _model(
        names.MODEL_PRICE_USD_PER_REQUEST,
        "usd_per_request",
        "What each request to a probed model costs beside its tokens.",
        lambda price: (Measurement(float(price.request_usd)),),
    ),
    _model(
        names.MODEL_PRICE_SOURCE_INFO,
        "",
        "Who says what a probed model costs.",
        lambda price: (Measurement(1, (price.source,)),),
        kind="info",
        labels=("source",),
    ),
    _model(
        names.MODEL_PRICE_FETCHED_TIMESTAMP_SECONDS,
        "seconds",
        "When the price in force of a probed model was fetched, Unix time; absent where it is not fetched.",
        _fetched,
    ),
    _model(
        names.MODEL_PRICE_DISAGREEMENT_RATIO,
        "ratio",
        "Largest factor between what two sources say that a probed model costs; 1 where they agree.",
        _disagreement,
    ),
    _source(
        names.PRICE_SOURCE_READ_TIMESTAMP_SECONDS,
        "gauge",
        "seconds",
        "When a source of prices last answered, Unix time; a model list by its provider's name.",
        lambda source: None if source.read_at is None else source.read_at.timestamp(),
    ),
    _source(
        names.PRICE_SOURCE_ERRORS_TOTAL,
        "counter",
        "",
        "Times a source of prices could not be read.",
        lambda source: source.errors,
    ),
    Family(
        name=names.PRICES_HELD,
        kind="gauge",
        help="Prices that wait for review because they jump.",
        source=OfStatus(read=lambda status: (Measurement(status.pricing.held),)),
    ),
    Family(
        name=names.LAST_CHARGED_RATIO,
        kind="gauge",
        unit="ratio",
        help="What the provider charged for the latest attempt, divided by what it costs at the price in "
        "force; where it says so.",
        source=OfAttempt(read=_charged),
    ),
)
