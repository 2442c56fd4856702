"""All that is known of one model, for `probe models info`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from typer import BadParameter

from probe.catalog.models import alias
from probe.cli.actions.model_list import MAKERS, shown, standing
from probe.cli.database import opened_store
from probe.cli.output.format import UNKNOWN, instant, usd
from probe.cli.output.table import print_line, printable
from probe.config import Config
from probe.facts.event import Event
from probe.lib.patterns import did_you_mean
from probe.reports import format as board
from probe.reports.models import ShownModel
from probe.store import EventFilter, ModelRecord

_EVENTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """`targets` are those that name it, `events` the latest about it, newest first."""

    model: ShownModel
    targets: tuple[str, ...]
    events: tuple[Event, ...]


async def read_info(config: Config, name: str) -> ModelInfo:
    """Raises BadParameter where there is no such model, StoreError."""
    provider, slash, wanted = name.partition("/")
    if not slash or not wanted:
        raise BadParameter(f"{name!r} must be provider/model", param_hint="'PROVIDER/MODEL'")
    async with opened_store(config, MAKERS) as store:
        records = await store.catalog.models(provider)
        record = _find(provider, wanted, records)
        chosen = EventFilter(provider=provider, model=record.name)
        events = (await store.events.page(chosen, limit=_EVENTS)).items
    (model,) = (each for each in shown(config, records) if each.record is record)
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


def print_info(info: ModelInfo) -> None:
    for title, text in _lines(info):
        print_line(f"{title:<16}{printable(text)}")
    if info.events:
        print_line()
        for event in info.events:
            print_line(f"{instant(event.at)}  {printable(event.text)}")


def print_info_json(info: ModelInfo) -> None:
    import json

    from probe.cli.actions.events import event_json
    from probe.reports.answers import model_body

    body = model_body(info.model).model_dump(mode="json")
    whole = {**body, "targets": info.targets, "events": [event_json(event) for event in info.events]}
    print_line(json.dumps(whole, indent=2, ensure_ascii=False))


def _lines(info: ModelInfo) -> Iterator[tuple[str, str]]:
    record = info.model.record
    yield "model", f"{record.provider}/{record.name}"
    if record.display_name:
        yield "name", record.display_name
    yield "standing", standing(info.model).text
    yield "targets", ", ".join(info.targets) or "none: it is not probed"
    yield "context window", board.count(record.context_window)
    yield "output limit", board.count(record.max_output_tokens)
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
    yield "first listed", instant(record.listed_first_at)
    yield "last listed", instant(record.listed_last_at)
    yield "last probed", instant(record.last_seen_at)


def _price(record: ModelRecord) -> str:
    if record.price is None:
        return UNKNOWN
    price = record.price.price
    given, made = usd(price.rates.input_per_million_usd), usd(price.rates.output_per_million_usd)
    return f"{given} in, {made} out per million tokens ({price.source})"
