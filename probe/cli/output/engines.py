"""Inference servers as `probe engines` prints them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from probe.cli.actions.engines import Seen
from probe.cli.output.format import UNKNOWN, duration
from probe.cli.output.table import Cell, Column, print_line, print_note, print_table, printable
from probe.config import TargetConfig
from probe.engines.counters import Counters, Sum
from probe.engines.protocol import Gauges, Snapshot
from probe.providers.preset import Endpoint
from probe.reports.format import NBSP, percent

_LIST: Final = tuple(Column(title) for title in ("name", "engine", "endpoint", "targets"))
_HEALTH: Final = (
    *(Column(title) for title in ("name", "engine", "state")),
    *(Column(title, "right") for title in ("answered in", "running", "waiting", "KV cache", "batch")),
    Column("model"),
)


def print_list(engines: Mapping[str, Endpoint], targets: Sequence[TargetConfig]) -> None:
    if not engines:
        print_note("no inference server is configured")
        return
    print_table(
        _LIST,
        [
            [name, str(each.engine), each.base_url, ", ".join(_labels(name, targets)) or UNKNOWN]
            for name, each in engines.items()
        ],
    )


def print_list_json(engines: Mapping[str, Endpoint], targets: Sequence[TargetConfig]) -> None:
    _print(
        [
            {
                "name": name,
                "engine": each.engine,
                "base_url": each.base_url,
                "targets": _labels(name, targets),
            }
            for name, each in engines.items()
        ]
    )


def print_health(seen: Sequence[Seen]) -> None:
    """A row for each model of a server; what is wrong with a server stands below."""
    print_table(_HEALTH, [row for each in seen for row in _health_rows(each)])
    for each in seen:
        trouble = each.health.detail or each.unread
        if trouble is not None:
            print_note(trouble)


def print_info(seen: Sequence[Seen]) -> None:
    for place, each in enumerate(seen):
        if place:
            print_line()
        for name, value in _facts(each):
            print_line(f"{name:<13}{printable(value)}")


def print_json(seen: Sequence[Seen]) -> None:
    """Unknown is null. Totals are those since the server began; durations are seconds."""
    _print([_document(each) for each in seen])


def _print(document: Sequence[Mapping[str, Any]]) -> None:
    print_line(json.dumps(document, indent=2, ensure_ascii=False))


def _labels(provider: str, targets: Sequence[TargetConfig]) -> list[str]:
    return [target.label for target in targets if target.provider == provider]


def _health_rows(seen: Seen) -> Iterator[list[Cell | str]]:
    state = Cell("healthy", "green") if seen.healthy else Cell("unhealthy", "red")
    snapshot = seen.snapshot or Snapshot()
    for gauges in snapshot.gauges or (Gauges(),):
        yield [
            seen.endpoint.name,
            str(seen.endpoint.engine),
            state,
            duration(seen.health.seconds),
            _number(gauges.running),
            _number(gauges.waiting),
            _share(gauges.kv_cache_ratio),
            _number(gauges.batch_size),
            gauges.model or UNKNOWN,
        ]


def _facts(seen: Seen) -> Iterator[tuple[str, str]]:
    yield "name", seen.endpoint.name
    yield "engine", str(seen.endpoint.engine)
    yield "endpoint", seen.endpoint.base_url
    trouble = seen.health.detail or seen.error
    yield "state", "healthy" if trouble is None else f"unhealthy: {trouble}"
    if seen.info is None:
        return
    info = seen.info
    yield "version", info.version or UNKNOWN
    yield "models", ", ".join(info.models) or UNKNOWN
    yield "context", UNKNOWN if info.context_window is None else f"{info.context_window:,} tokens"
    yield "at once", UNKNOWN if info.concurrency is None else _requests(info.concurrency)
    yield "can do", ", ".join(info.capabilities) or UNKNOWN
    counters = None if seen.snapshot is None else seen.snapshot.counters
    if counters is not None:
        yield "since start", ", ".join(_totals(counters)) or UNKNOWN


def _totals(counters: Counters) -> Iterator[str]:
    if counters.finished is not None:
        yield _requests(counters.finished)
    for total, what in (
        (counters.prompt_tokens or counters.computed_tokens, "tokens read"),
        (counters.generation_tokens, "tokens made"),
    ):
        if total is not None:
            yield f"{total.total:,.0f} {what}"


def _requests(number: float) -> str:
    return "1 request" if number == 1 else f"{number:,.0f} requests"


def _document(seen: Seen) -> dict[str, Any]:
    snapshot = seen.snapshot or Snapshot()
    document: dict[str, Any] = {
        "name": seen.endpoint.name,
        "engine": seen.endpoint.engine,
        "base_url": seen.endpoint.base_url,
        "healthy": seen.healthy,
        "detail": seen.health.detail or seen.error or seen.unread,
        "seconds": seen.health.seconds,
        "load": [asdict(gauges) for gauges in snapshot.gauges],
    }
    if seen.info is not None:
        document |= asdict(seen.info)
        document["totals"] = None if snapshot.counters is None else _plain(snapshot.counters)
    return document


def _plain(counters: Counters) -> dict[str, float | None]:
    values = ((name, getattr(counters, name)) for name in Counters.__dataclass_fields__)
    return {name: value.total if isinstance(value, Sum) else value for name, value in values}


def _number(value: float | None) -> str:
    """`3`, `2.4`."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _share(ratio: float | None) -> str:
    """`41.2 %`."""
    return UNKNOWN if ratio is None else percent(round(ratio * 1000), 1000).replace(NBSP, " ")
