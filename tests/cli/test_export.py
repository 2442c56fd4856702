"""`probe export` over a real database, and a sink on loopback that keeps what it is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from probe.catalog.prices.price import DatedPrice
from probe.store.store import Store
from tests.cli.shell import Shell
from tests.exporters.influx_server import Answer, InfluxServer, Request, answering
from tests.exporters.samples import NOW, TARGET, make_sample
from tests.store.knowledge import a_price, an_event

DAY = timedelta(days=1)


@pytest.fixture
async def sink() -> AsyncIterator[InfluxServer]:
    async with answering() as running:
        yield running


@pytest.fixture
async def filled(shell: Shell, sink: InfluxServer) -> Shell:
    """Five results of five days; the exporter has had two, one of which was refused."""
    (shell.directory / "data").mkdir()
    async with await Store.open(f"sqlite:///{shell.directory}/data/probe.db") as store:
        run = await store.runs.start(run_name="test", triggered_by="test", suite="quick")
        samples = [make_sample(run_id=run, at=NOW - (4 - n) * DAY, case_id=f"case-{n}") for n in range(5)]
        for sample in samples:
            await store.results.add(sample)
        await store.delivery.move("influxdb", 2)
        await store.delivery.refuse("influxdb", {samples[0].id: "malformed"})
    shell.write("probe.yaml", f"exporters: {{influxdb: {{url: '{sink.url}'}}}}\n")
    return shell


async def run(shell: Shell, *arguments: str) -> tuple[int, str, str]:
    process = shell.start("export", *arguments)
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    return process.returncode, out, err


def cases(sink: InfluxServer) -> list[str]:
    """Of the points that came, in their order."""
    lines = [line for request in sink.requests for line in request.lines]
    return [line.partition(",case=")[2].partition(",")[0] for line in lines]


async def test_status(filled: Shell) -> None:
    status, out, err = await run(filled, "status", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    ended = datetime.fromisoformat(found.pop("oldest_at"))
    assert ended == make_sample(at=NOW - 2 * DAY).ended_at
    assert found == {"exporter": "influxdb", "journal": "results", "waiting": 3, "refused": 1}
    _, table, _ = await run(filled, "status")
    assert table.splitlines()[1].split() == [
        "influxdb",
        "results",
        "3",
        *f"{ended:%Y-%m-%d %H:%M:%S}".split(),
        "1",
    ]


@pytest.fixture
async def with_facts(filled: Shell) -> Shell:
    """An event and a price of each of the five days; the exporter has begun with them."""
    async with await Store.open(f"sqlite:///{filled.directory}/data/probe.db") as store:
        for n in range(5):
            at = NOW - (4 - n) * DAY
            await store.events.add([an_event(key=str(n), at=at, provider=f"provider-{n}")])
            await store.prices.record(TARGET, DatedPrice(at, a_price(str(n + 1))))
        await store.delivery.begin("influxdb", ["events", "prices", "results"])
        await store.delivery.move("influxdb", 4, "events")
    return filled


async def test_status_of_all_that_is_delivered(with_facts: Shell) -> None:
    lines = (await run(with_facts, "status", "--json"))[1].splitlines()
    found = {each["journal"]: (each["waiting"], each["oldest_at"]) for each in map(json.loads, lines)}
    assert found["events"] == (1, NOW.isoformat().replace("+00:00", "Z"))
    assert found["prices"] == (5, (NOW - 4 * DAY).isoformat().replace("+00:00", "Z"))
    assert found["results"][0] == 3


async def test_replay_gives_events_and_prices_of_the_span_too(with_facts: Shell, sink: InfluxServer) -> None:
    span = ("--from", f"{NOW - 3 * DAY:%Y-%m-%d}", "--to", f"{NOW - DAY:%Y-%m-%dT%H:%M}")
    said = "influxdb: 2 results, 2 events, 2 prices delivered\n"
    assert await run(with_facts, "replay", *span) == (0, said, "")
    points = [line for request in sink.requests for line in request.lines]
    events = [line for line in points if line.startswith("inference_probe_event,")]
    prices = [line for line in points if line.startswith("inference_probe_price,")]
    assert [f"provider=provider-{n}," in line for n, line in zip((1, 2), events, strict=True)] == [True, True]
    assert [f"tokens_input={n + 1}," in line for n, line in zip((1, 2), prices, strict=True)] == [True, True]


async def test_status_without_an_exporter(shell: Shell) -> None:
    status, out, err = await run(shell, "status")
    assert (status, out) == (0, "")
    assert "no exporter is configured" in err


async def test_replay_gives_everything_and_accepts_what_was_refused(
    filled: Shell, sink: InfluxServer
) -> None:
    assert await run(filled, "replay") == (0, "influxdb: 5 results delivered\n", "")
    assert sorted(cases(sink)) == [f"case-{n}" for n in range(5)]
    found = json.loads((await run(filled, "status", "--json"))[1])
    assert (found["waiting"], found["refused"]) == (3, 0), "the cursor stays where it is"


async def test_replay_of_a_span(filled: Shell, sink: InfluxServer) -> None:
    span = ("--from", f"{NOW - 3 * DAY:%Y-%m-%d}", "--to", f"{NOW - DAY:%Y-%m-%dT%H:%M}")
    assert await run(filled, "replay", *span) == (0, "influxdb: 2 results delivered\n", "")
    assert sorted(cases(sink)) == ["case-1", "case-2"]


async def test_replay_remembers_what_is_refused(filled: Shell, sink: InfluxServer) -> None:
    def answer(request: Request) -> Answer:
        if any("case-3" in line for line in request.lines):
            return 400, {}, b'{"code": "invalid", "message": "malformed"}'
        return 204, {}, b""

    sink.answer = answer
    status, out, _ = await run(filled, "replay")
    assert (status, out) == (0, "influxdb: 4 results delivered, 1 refused\n")
    assert json.loads((await run(filled, "status", "--json"))[1])["refused"] == 1


async def test_replay_to_a_sink_that_is_out(filled: Shell, sink: InfluxServer) -> None:
    sink.answer = lambda _: (503, {}, b'{"message": "starting"}')
    status, out, err = await run(filled, "replay")
    assert (status, out) == (1, "")
    assert err.startswith("error: influxdb: InfluxDB answered 503: starting; it may take them later; ")
    assert err.endswith("; 0 results were delivered before\n")


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("{}", (), "no exporter is configured"),
        ("{}", ("--exporter", "influxdb"), "no exporter 'influxdb'; none is configured"),
        (
            "exporters: {influxdb: {url: http://x}}",
            ("--exporter", "influx"),
            "no exporter 'influx'; configured are influxdb",
        ),
    ],
)
async def test_replay_to_nobody(shell: Shell, text: str, arguments: tuple[str, ...], words: str) -> None:
    shell.write("probe.yaml", f"{text}\n")
    status, _, err = await run(shell, "replay", *arguments)
    assert status == 2
    assert words in err
