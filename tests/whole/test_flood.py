"""Providers that send without end, many at once: the daemon stays small and answers meanwhile."""

from __future__ import annotations

import gzip
import re
import threading
import time
from typing import Final, Self

import psutil

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator
from tests.wire.raw_server import CHUNKED_HEAD, Peer, chunk, serving

MB: Final = 1024 * 1024
# Of the daemon and its stopwatch together.
LARGEST_RSS: Final = 400 * MB
AT_ONCE: Final = 32
# What the program keeps of a text: 16 characters a token of the longest answer asked for, or this.
LONGEST_TEXT: Final = 4096
# An answer of the API takes milliseconds; how busy the machine is besides, nobody knows.
PATIENCE_SECONDS: Final = 10

STREAM: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def _event(text: bytes) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % text


BOMB: Final = gzip.compress(_event(b"x") * 1_000_000)

# What begins an answer, and what follows without end.
FLOODS: Final = {
    "text": (STREAM, _event(b"x" * 1000) * 60),
    "short-texts": (STREAM, _event(b"x") * 1000),
    "empty-events": (STREAM, b"data: {}\n\n" * 6000),
    "comments": (STREAM, b":\n" * 30_000),
    "line-breaks": (STREAM, b"\r" * 60_000),
    "names": (STREAM, b"event: a\n\n" * 6000),
    "chunks": (CHUNKED_HEAD, chunk(b"\n") * 10_000),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"a:\r\n" * 15_000),
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000),
    "bomb": (STREAM.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection"), BOMB),
    "body": (b'HTTP/1.1 200 OK\r\n\r\n{"choices": [{"message": {"content": "', b"x" * 60_000),
}
PIECES: Final = (STREAM, b"\n")


def _flood(peer: Peer) -> None:
    model = re.search(rb'"model":\s*"([^"]+)"', peer.request())
    assert model is not None
    begin, more = FLOODS.get(model[1].decode(), PIECES)
    peer.socket.sendall(begin)
    while True:
        peer.socket.sendall(more)


class Watch:
    """The most memory that a daemon and its children had, and its slowest answer, in the block."""

    def __init__(self, daemon: RunningDaemon) -> None:
        self._daemon = daemon
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.largest_rss = 0
        self.slowest_seconds = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        process = psutil.Process(self._daemon.process.pid)
        while not self._over.wait(0.05):
            family = (process, *process.children(recursive=True))
            self.largest_rss = max(self.largest_rss, sum(each.memory_info().rss for each in family))
            began = time.monotonic()
            self._daemon.get("/api/v1/providers")
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)


def test_floods_fill_neither_memory_nor_disk(start_daemon: StartDaemon, simulator: RunningSimulator) -> None:
    kinds = [*FLOODS, "pieces"]
    with serving(_flood) as server:
        deadlines = {"first_token": 30, "stall": 30, "total": 40}
        hostile = {"base_url": f"http://127.0.0.1:{server.port}/v1", "kind": "simulated"}
        daemon = start_daemon(
            {
                "providers": {
                    "hostile": {**hostile, "concurrency": AT_ONCE, "deadlines": deadlines},
                    "sound": {"base_url": simulator.base_url, "kind": "simulated"},
                },
                "targets": [
                    *(
                        {"provider": "hostile", "name": f"{number}", "model": kinds[number % len(kinds)]}
                        for number in range(AT_ONCE)
                    ),
                    {"provider": "sound", "name": "sound", "model": "sim?ttft_ms=50&gap_ms=5&tokens=20"},
                ],
            }
        )
        with Watch(daemon) as watch:
            run = daemon.finished(daemon.trigger("quick"))
        results = daemon.results(run_id=run["id"])

    assert watch.largest_rss <= LARGEST_RSS, f"{watch.largest_rss / MB:.0f} MB"
    assert watch.slowest_seconds < PATIENCE_SECONDS
    assert {
        each["failure"] and each["failure"]["kind"] for each in results if each["target"]["name"] == "sound"
    } == {None}
    floods = [each for each in results if each["target"]["name"] != "sound"]
    assert len(floods) == 3 * AT_ONCE
    assert {each["failure"]["kind"] for each in floods} <= {"too_large", "protocol", "timeout", "stall"}
    text = next(each for each in floods if each["target"]["model"] == "text")
    kept = daemon.get(f"/api/v1/results/{text['id']}")["text"]
    assert LONGEST_TEXT < len(kept) < LONGEST_TEXT + 100
    assert kept.startswith("x" * LONGEST_TEXT)
    assert "characters are kept" in kept
