"""What 0.1 stored is read as it was: a database, spilled samples, a capture.

The files in `made_by_0_1` were written by commit 5fdd579 with SQLite 3.40 and PostgreSQL 15. They are never
written anew: what they hold is what people have.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from probe.facts.sample import Sample
from probe.facts.slot import Slot
from probe.lib.clock import FakeClock
from probe.store.backup import restore_backup
from probe.store.records import SlotCounts
from probe.store.spill import Restored, SpillFile
from probe.store.store import Store
from probe.store.url import parse_url
from probe.wire.archive import load_capture
from tests.store.knowledge import a_dated_price, a_listed_model, a_quote, an_event
from tests.store.samples import NOW, a_failure, a_sample

FILES = Path(__file__).parent / "made_by_0_1"
RUN = UUID(int=1000)


def of_0_1(sample: Sample) -> Sample:
    """What 0.1 did not know is unknown."""
    timing = replace(sample.timing, redirect_seconds=None, later_try_ttft_seconds=None)
    return replace(sample, timing=timing, remarks=(), gateway=None, gateway_tries=None, unreported=None)


SAMPLES = (
    of_0_1(a_sample(RUN, id=UUID(int=1))),
    of_0_1(a_failure(RUN, id=UUID(int=2))),
    of_0_1(a_sample(RUN, id=UUID(int=3), text="snow ☃", reported=None, rate_limit={}, trusted=False)),
)
HOUR = timedelta(hours=1)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """Opened, and so upgraded, as by the next start."""
    path = parse_url(url).path
    if path is None:
        await restore_backup(url, FILES / "postgresql.backup")
    else:
        path.write_bytes(gzip.decompress((FILES / "sqlite.db.gz").read_bytes()))
    async with await Store.open(url, clock=FakeClock(NOW), owner="daemon") as opened:
        yield opened


async def test_results(store: Store) -> None:
    assert tuple(await store.results.after(0)) == tuple(enumerate(SAMPLES, start=1))
    assert await store.results.get(UUID(int=3)) == SAMPLES[2]
    rows = {row.target: (row.attempts, row.successes) for row in await store.recent_attempts.rows()}
    assert rows == {"openai/gpt-4o-mini": (3, 2)}


async def test_runs_and_slots(store: Store) -> None:
    scheduled = await store.runs.get(RUN)
    assert scheduled is not None
    assert (scheduled.run_name, scheduled.status, scheduled.attempts) == ("benchmark", "finished", 3)
    assert (scheduled.started_at, scheduled.finished_at) == (NOW, NOW + timedelta(minutes=1))
    assert (scheduled.planned_attempts, scheduled.skipped_attempts) == (2, 1)
    newest, *_ = (await store.runs.page()).items
    assert (newest.run_name, newest.status, newest.note) == ("by hand", "skipped", "no budget")
    assert await store.runs.slot_counts(0.1) == {
        "benchmark": SlotCounts(claimed=1, late=1, missed=3, overlapped=1)
    }
    assert await store.runs.last_slot("benchmark") == Slot(
        job="benchmark", planned_at=NOW + timedelta(minutes=20)
    )
    assert await store.runs.claim(Slot(job="benchmark", planned_at=NOW), suite="quick") is None


async def test_prices_and_quotes(store: Store) -> None:
    assert await store.prices.history("openai", "gpt-4o-mini") == (
        a_dated_price("0.15"),
        a_dated_price("0.2", at=NOW + HOUR),
    )
    assert [each.sequence for each in await store.prices.after(0)] == [1, 2]
    assert await store.quotes.current() == (a_quote("0.15", id=UUID(int=11)),)
    assert await store.quotes.held() == (a_quote("0.3", id=UUID(int=12), status="held", reason="a jump"),)


async def test_models_and_events(store: Store) -> None:
    (known,) = await store.catalog.known_models("openai")
    assert known.listed == a_listed_model()
    (asked,) = await store.discoveries.latest("openai")
    assert (asked.status, asked.listed, asked.appeared) == ("complete", 1, 1)
    first = an_event(id=UUID(int=21))
    second = an_event(id=UUID(int=22), kind="model_vanished", severity="info", key="2026-03-02")
    assert [each.event for each in await store.events.after(0)] == [first, second]
    assert await store.events.add([first, second]) == ()


async def test_deliveries(store: Store) -> None:
    assert await store.delivery.positions(["influxdb"]) == {
        ("influxdb", "results"): 2,
        ("influxdb", "events"): 0,
    }
    assert await store.delivery.refused_counts() == {("influxdb", "results"): 1}


async def test_what_was_put_aside_is_stored(store: Store, tmp_path: Path) -> None:
    """Three of the four lines are in the database by then."""
    shutil.copy(FILES / "probe.spill.jsonl", tmp_path / "probe.spill.jsonl")
    restored = await SpillFile(tmp_path / "probe.spill.jsonl").restore(store.results.add)
    assert restored == Restored(stored=4)
    last = of_0_1(a_sample(RUN, id=UUID(int=4), text="not stored \ufffd"))
    assert [sample for _, sample in await store.results.after(0)] == [*SAMPLES, last]


def test_a_capture() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b'10\r\ndata: {"a": 1}\n\n\r\n'
    capture = load_capture(FILES / "capture.json")
    assert (capture.method, capture.url) == ("POST", "https://openai.test/v1/chat/completions")
    assert capture.request_headers == ((b"host", b"openai.test"), (b"content-length", b"2"))
    assert (capture.request_body, capture.received) == (b"{}", head + body)
    assert [(each.at_ns, each.size) for each in capture.arrivals] == [(6_000, len(head)), (7_000, len(body))]
    assert (capture.started_ns, capture.dns_ns, capture.connected_ns, capture.tls_ns) == (
        5100,
        5200,
        5300,
        5400,
    )
    assert (capture.end_ns, capture.stamps, capture.reused) == (8_900, "kernel", False)
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("stream", "reset")
