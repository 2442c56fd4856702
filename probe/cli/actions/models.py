"""The models of the database, one of them whole, and asking providers for their lists: `probe models`."""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from typer import BadParameter

from probe.catalog.models import alias
from probe.catalog.prices.quote import QuoteTable
from probe.cli.actions.events import note_events
from probe.cli.actions.run import RUN_NAME
from probe.cli.database import MODEL_MAKERS, opened_store
from probe.cli.output.progress import progress_bar
from probe.cli.output.table import Cell, print_error, print_line, print_note, print_table, terminal_safe
from probe.cli.session import open_session
from probe.config import Config
from probe.discovery.listed_provider import listed_providers
from probe.discovery.report import SyncReport
from probe.discovery.sync import Discovery
from probe.facts.event import Event
from probe.lib.clock import SystemClock
from probe.lib.patterns import did_you_mean
from probe.lib.tasks import background
from probe.pricing.pricing import Pricing
from probe.pricing.scope import environment_proxy, scope_of
from probe.reports.format import UNKNOWN, integer, usd, utc_time
from probe.reports.models import ModelBody, ModelChoice, ModelInfoBody, ShownModel, shown_models
from probe.reports.schemas import EventBody
from probe.store.catalog import ModelRecord
from probe.store.records import EventFilter
from probe.store.store import Store

_EVENTS_SHOWN: Final = 10
# Of a kind; the rest is counted.
_NAMES_SHOWN: Final = 10
_COLUMNS: Final = (
    *("provider", "model", ">context", ">output", ">USD/M in", ">USD/M out", "probed", "standing"),
)


async def stored_models(config: Config, provider: str | None, choice: ModelChoice) -> list[ShownModel]:
    """By provider and name. Raises StoreError."""
    async with opened_store(config, MODEL_MAKERS) as store:
        records = await store.catalog.models(provider)
    return [model for model in models_of_config(config, records) if choice.takes(model)]


def models_of_config(config: Config, records: Sequence[ModelRecord]) -> tuple[ShownModel, ...]:
    return shown_models(records, [(target.provider, target.model) for target in config.targets])


def print_models(models: Sequence[ShownModel]) -> None:
    if not models:
        print_note("no models")
        return
    print_table(_COLUMNS, [_row(model) for model in models], lead=2)


def models_body(models: Sequence[ShownModel]) -> list[ModelBody]:
    return [ModelBody.from_model(model) for model in models]


def standing(model: ShownModel) -> Cell:
    """`listed`, `vanished 2026-11-01`, `retires 2026-12-01`, `deprecated`, `never listed`."""
    record = model.record
    if record.vanished_at is not None:
        return Cell(f"vanished {record.vanished_at.date()}", "red")
    if model.listed and record.retires_on is not None:
        return Cell(f"retires {record.retires_on}", "yellow")
    if model.retiring:
        return Cell(str(record.lifecycle), "yellow")
    return Cell(model.standing)


def _row(model: ShownModel) -> list[Cell | str]:
    record = model.record
    rates = None if record.price is None else record.price.price.rates
    return [
        record.provider,
        record.name,
        integer(record.context_window),
        integer(record.max_output_tokens),
        usd(None if rates is None else rates.input_per_million_usd).removeprefix("$"),
        usd(None if rates is None else rates.output_per_million_usd).removeprefix("$"),
        "yes" if model.probed else "",
        standing(model),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """`targets` are those that name it, `events` the latest about it, newest first."""

    model: ShownModel
    targets: tuple[str, ...]
    events: tuple[Event, ...]


async def read_model(config: Config, name: str) -> ModelInfo:
    """Raises BadParameter if there is no such model, StoreError."""
    provider, slash, wanted = name.partition("/")
    if not slash or not wanted:
        raise BadParameter(f"{name!r} must be provider/model", param_hint="'PROVIDER/MODEL'")
    async with opened_store(config, MODEL_MAKERS) as store:
        records = await store.catalog.models(provider)
        record = _find(provider, wanted, records)
        chosen = EventFilter(provider=provider, model=record.name)
        events = (await store.events.page(chosen, limit=_EVENTS_SHOWN)).items
    (model,) = (each for each in models_of_config(config, records) if each.record is record)
    targets = (target for target in config.targets if target.provider == provider)
    return ModelInfo(
        model=model,
        targets=tuple(
            target.label
            for target in targets
            if target.model == record.name or alias.find(target.model, [record.name])
        ),
        events=tuple(events),
    )


def _find(provider: str, wanted: str, records: Sequence[ModelRecord]) -> ModelRecord:
    """By its name, else what the name stands for."""
    by_name = {record.name: record for record in records}
    listed = [record.name for record in records if record.listed_last_at is not None]
    name = wanted if wanted in by_name else alias.find(wanted, listed)
    if name is not None:
        return by_name[name]
    guess = did_you_mean(wanted, by_name)
    if guess is not None:
        hint = f"did you mean {provider}/{guess}?"
    elif records:
        hint = "`probe models list` has those that are known"
    else:
        hint = f"`probe models sync {provider}` asks for its list"
    raise BadParameter(f"no model {wanted!r} of {provider!r} is known; {hint}", param_hint="'PROVIDER/MODEL'")


def print_model(info: ModelInfo) -> None:
    for title, text in _lines(info):
        print_line(f"{title:<16}{terminal_safe(text)}")
    if info.events:
        print_line()
        for event in info.events:
            print_line(f"{utc_time(event.at)}  {terminal_safe(event.text)}")


def model_info_body(info: ModelInfo) -> ModelInfoBody:
    events = [EventBody.of(event) for event in info.events]
    return ModelInfoBody.from_model(info.model, targets=info.targets, events=events)


def _lines(info: ModelInfo) -> Iterator[tuple[str, str]]:
    record = info.model.record
    yield "model", f"{record.provider}/{record.name}"
    if record.display_name:
        yield "name", record.display_name
    yield "standing", standing(info.model).text
    yield "targets", ", ".join(info.targets) or "none: it is not probed"
    yield "context window", integer(record.context_window)
    yield "output limit", integer(record.max_output_tokens)
    yield "input", ", ".join(record.input_modalities or ()) or UNKNOWN
    yield "output", ", ".join(record.output_modalities or ()) or UNKNOWN
    yield "price", _price(record)
    yield "released", UNKNOWN if record.released_at is None else record.released_at.date().isoformat()
    for title, value in (
        ("lifecycle", record.lifecycle),
        ("deprecated on", record.deprecated_on),
        ("retires on", record.retires_on),
        ("replaced by", record.replaced_by),
    ):
        if value is not None:
            yield title, str(value)
    yield "first listed", utc_time(record.listed_first_at)
    yield "last listed", utc_time(record.listed_last_at)
    yield "last probed", utc_time(record.last_seen_at)


def _price(record: ModelRecord) -> str:
    if record.price is None:
        return UNKNOWN
    price = record.price.price
    given, made = usd(price.rates.input_per_million_usd), usd(price.rates.output_per_million_usd)
    return f"{given} in, {made} out per million tokens ({price.source})"


async def sync_models(config: Config, patterns: Sequence[str]) -> tuple[SyncReport, ...]:
    """Makes the database if there is none.

    Raises ConfigError if a pattern matches no provider, StoreError.
    """
    clock = SystemClock()
    quotes = QuoteTable()
    url = config.database.url.get_secret_value()
    async with open_session(config, quotes) as assembly:
        chosen = listed_providers(assembly, patterns)
        async with await Store.open(url, owner=RUN_NAME, clock=clock) as store, AsyncExitStack() as stack:
            background(stack, store.runs.keep_lease, "lease", clock)
            scope = scope_of(assembly)
            prices = Pricing(store, clock, quotes, lambda: scope, proxy=environment_proxy)
            await prices.load()
            discovery = Discovery(store, clock, prices=prices)
            with progress_bar(len(chosen), "asking for model lists") as show:
                done = count(1)
                return await discovery.sync(chosen, "cli", lambda report: show(next(done), report.provider))


def print_model_sync(reports: Sequence[SyncReport]) -> None:
    if not reports:
        print_note("none of these providers has a model list")
    for report in reports:
        if report.error is not None:
            print_error(f"{report.provider}: {report.error}")
            continue
        print_line(f"{report.provider}: {_sync_summary(report)}")
        for word, names in _changes(report):
            for name in names[:_NAMES_SHOWN]:
                print_line(f"  {word} {name}")
            if len(names) > _NAMES_SHOWN:
                print_line(f"  {word} {len(names) - _NAMES_SHOWN:,} more")
    events = [
        event
        for report in reports
        for event in report.events
        if event.severity != "info" and event.kind != "listing_failed"
    ]
    note_events(events, lambda event: f"{event.severity}: {event.text}")


def model_sync_body(reports: Sequence[SyncReport]) -> list[dict[str, Any]]:
    return [
        {
            "id": report.id,
            "provider": report.provider,
            "status": report.status,
            "error": report.error,
            "listed": report.listed,
            "first": report.first,
            **dict(_changes(report)),
            "events": [EventBody.of(event) for event in report.events],
        }
        for report in reports
    ]


def _changes(report: SyncReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("appeared", report.appeared),
        ("changed", report.changed),
        ("vanished", report.vanished),
        ("returned", report.returned),
    )


def _sync_summary(report: SyncReport) -> str:
    count = f"{report.listed:,} {'model' if report.listed == 1 else 'models'}"
    if report.first:
        return f"{count}, the first list"
    parts = [f"{len(names):,} {word}" for word, names in _changes(report) if names]
    return f"{count}, {', '.join(parts) or 'nothing new'}"
