"""The stopwatch in its own process: what it gives back, how it dies, and how it is brought back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from probe.errors import StopwatchError
from probe.wire import child
from probe.wire.http1 import read_response
from probe.wire.process import StopwatchProcess
from probe.wire.request import Deadlines
from tests.wire.asking import ask
from tests.wire.conftest import Authority
from tests.wire.raw_server import CHUNKED_HEAD, LAST_CHUNK, Peer, Script, answers, chunk, response, serving
from tests.wire.waiting import until

EVENT = b"data: x\n\n"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def stopwatch() -> AsyncIterator[StopwatchProcess]:
    stopwatch = await StopwatchProcess.start()
    yield stopwatch
    await stopwatch.aclose()


def pid_of(stopwatch: StopwatchProcess) -> int:
    pid = stopwatch.pid
    assert pid is not None
    return pid


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def holding(gone: threading.Event | None = None) -> Script:
    """Begins a stream and holds it until the client leaves."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED_HEAD + chunk(EVENT))
        peer.until_gone()
        if gone is not None:
            gone.set()

    return script


async def test_an_exchange_over_there(stopwatch: StopwatchProcess) -> None:
    pieces = (CHUNKED_HEAD, chunk(EVENT), chunk(EVENT), LAST_CHUNK)
    with serving(answers(*pieces, gap_seconds=0.05)) as server:
        request = ask(server, headers=((b"Authorization", b"Bearer sk-0123456789"),), planned_monotonic_ns=5)
        capture = await stopwatch.exchange(request)
    assert capture.failure is None
    assert capture.stamps == "kernel"
    assert capture.received == b"".join(pieces)
    assert [size for _, size in capture.arrivals] == [len(piece) for piece in pieces]
    assert read_response(capture).body == EVENT * 2
    assert (capture.planned_ns, capture.request_body) == (5, request.body)
    assert b"sk-0123456789" not in b"".join(value for _, value in capture.request_headers)
    assert pid_of(stopwatch) != os.getpid()


async def test_tls_warm_over_there(stopwatch: StopwatchProcess, authority: Authority) -> None:
    tls = authority.server_context("127.0.0.1")
    with serving(answers(response(b"x")), tls=tls) as server:
        for _ in range(2):
            capture = await stopwatch.exchange(ask(server, connection="warm", ca_file=authority.ca_file))
            assert (capture.failure, capture.reused, capture.tls_version) == (None, True, "TLSv1.3")
    assert len(server.peers) == 1


async def test_hundreds_at_once(stopwatch: StopwatchProcess) -> None:
    def script(peer: Peer) -> None:
        own = peer.request().partition(b"\r\n\r\n")[2]
        peer.send(CHUNKED_HEAD + chunk(own))
        peer.send(chunk(own) + LAST_CHUNK)

    with serving(script) as server:
        captures = await asyncio.gather(
            *(stopwatch.exchange(ask(server, body=b"%d" % n)) for n in range(300))
        )
    assert [read_response(capture).body for capture in captures] == [b"%d" % n * 2 for n in range(300)]


async def test_big_captures(stopwatch: StopwatchProcess) -> None:
    big = b"x" * 8_000_000
    with serving(answers(response(big))) as server:
        captures = await asyncio.gather(*(stopwatch.exchange(ask(server)) for _ in range(5)))
    assert all(read_response(capture).body == big for capture in captures)


async def test_what_cannot_be_sent_is_refused_here(stopwatch: StopwatchProcess) -> None:
    with pytest.raises(ValueError, match="not a method"):
        await stopwatch.exchange(ask(method="A B"))


# Its end --------------------------------------------------------------------------------------------------


async def test_a_killed_stopwatch_loses_no_attempt_and_comes_back(stopwatch: StopwatchProcess) -> None:
    first_pid = pid_of(stopwatch)
    with capture_logs() as logs, serving(holding()) as server:
        exchanges = [asyncio.create_task(stopwatch.exchange(ask(server))) for _ in range(3)]
        await until(lambda: len(server.requests) == 3)
        os.kill(first_pid, signal.SIGKILL)
        captures = await asyncio.gather(*exchanges)
        await until(lambda: logs)
    for capture in captures:
        assert capture.failure is not None
        assert capture.failure.reason == "probe"
        assert capture.failure.detail == "the stopwatch process ended before the exchange did"
        assert (capture.method, capture.request_body) == ("POST", b'{"stream":true}')
        assert capture.started_ns < capture.end_ns
    with serving(answers(response(b"x"))) as server:
        assert read_response(await stopwatch.exchange(ask(server))).body == b"x"
    assert pid_of(stopwatch) != first_pid
    assert stopwatch.restarts == 1
    assert [(entry["log_level"], entry["pid"], entry["status"]) for entry in logs] == [
        ("error", first_pid, -9)
    ]


async def test_a_stuck_stopwatch_is_replaced(
    stopwatch: StopwatchProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_GRACE_SECONDS", 0.1)
    first_pid = pid_of(stopwatch)
    os.kill(first_pid, signal.SIGSTOP)
    capture = await stopwatch.exchange(ask(deadlines=Deadlines(connect=0.1, total=0.1)))
    assert capture.failure is not None
    assert capture.failure.reason == "probe"
    with serving(answers(response(b"x"))) as server:
        assert (await stopwatch.exchange(ask(server))).failure is None
    assert is_gone(first_pid)


async def test_a_stopwatch_that_does_not_come_back_is_an_error_until_it_does(
    stopwatch: StopwatchProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/bin/false")
        os.kill(pid_of(stopwatch), signal.SIGKILL)
        await until(lambda: stopwatch.pid is None)
        with pytest.raises(StopwatchError, match="ended before it was ready"):
            await stopwatch.exchange(ask())
    await until(lambda: stopwatch.pid is not None)
    with serving(answers(response(b"x"))) as server:
        assert (await stopwatch.exchange(ask(server))).failure is None


@pytest.mark.parametrize(
    ("executable", "complaint"),
    [("/nonexistent/python", "No such file"), ("/bin/false", "ended before it was ready")],
)
async def test_a_stopwatch_that_cannot_start(
    monkeypatch: pytest.MonkeyPatch, executable: str, complaint: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(StopwatchError, match=complaint):
        await StopwatchProcess.start()


async def test_a_cancelled_caller_ends_the_exchange_over_there(stopwatch: StopwatchProcess) -> None:
    gone = threading.Event()
    with serving(holding(gone)) as server:
        exchange = asyncio.create_task(stopwatch.exchange(ask(server)))
        await until(lambda: server.requests)
        exchange.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange
        assert await asyncio.to_thread(gone.wait, 20)
    assert stopwatch.restarts == 0


async def test_closing_gives_back_what_was_open_and_leaves_no_process() -> None:
    stopwatch = await StopwatchProcess.start()
    pid = pid_of(stopwatch)
    with serving(holding()) as server:
        exchange = asyncio.create_task(stopwatch.exchange(ask(server)))
        await until(lambda: server.peers and server.peers[0].sent)
        await stopwatch.aclose()
        await stopwatch.aclose()
        capture = await exchange
    assert capture.failure is not None
    assert (capture.failure.phase, capture.failure.reason) == ("stream", "cancelled")
    assert read_response(capture).body == EVENT
    assert not psutil.pid_exists(pid)
    with pytest.raises(StopwatchError):
        await stopwatch.exchange(ask())


async def test_closing_while_it_is_being_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stopwatch = await StopwatchProcess.start()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    os.kill(pid_of(stopwatch), signal.SIGKILL)
    await until(lambda: stopwatch.restarts)
    await stopwatch.aclose()
    with pytest.raises(StopwatchError):
        await stopwatch.exchange(ask())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_only_its_daemon_ends_it(stopwatch: StopwatchProcess, number: signal.Signals) -> None:
    os.kill(pid_of(stopwatch), number)
    with serving(answers(response(b"x"))) as server:
        assert (await stopwatch.exchange(ask(server))).failure is None
    assert stopwatch.restarts == 0
    assert os.getsid(pid_of(stopwatch)) != os.getsid(0)


PARENT = """
import asyncio, sys
from probe.wire.process import StopwatchProcess
from probe.wire.request import WireRequest

async def main():
    stopwatch = await StopwatchProcess.start()
    print(stopwatch.pid, flush=True)
    await stopwatch.exchange(WireRequest(method="GET", scheme="http", host="127.0.0.1", port=int(sys.argv[1]),
                                         target="/", headers=((b"Host", b"x"),)))

asyncio.run(main())
"""


async def test_it_does_not_outlive_a_killed_daemon() -> None:
    gone = threading.Event()
    with serving(holding(gone)) as server:
        daemon = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(server.port)], cwd=ROOT, stdout=subprocess.PIPE
        )
        try:
            assert daemon.stdout is not None
            with daemon.stdout:
                pid = int(await asyncio.to_thread(daemon.stdout.readline))
            await until(lambda: server.requests)
        finally:
            daemon.kill()
            daemon.wait()
        await until(lambda: is_gone(pid))
        assert await asyncio.to_thread(gone.wait, 20)


# What it knows --------------------------------------------------------------------------------------------


async def test_neither_command_line_nor_environment_hold_a_secret() -> None:
    environment = {
        "OPENAI_API_KEY": "sk-secret",
        "PROBE_DATABASE_URL": "postgresql://u:secret@h/db",
        "HTTPS_PROXY": "http://u:secret@h:1",
        "SSL_CERT_DIR": "/etc/ssl/certs",
    }
    stopwatch = await StopwatchProcess.start(environment)
    try:
        directory = Path(f"/proc/{stopwatch.pid}")
        variables = (directory / "environ").read_bytes().split(b"\0")
        command = (directory / "cmdline").read_bytes()
    finally:
        await stopwatch.aclose()
    assert b"SSL_CERT_DIR=/etc/ssl/certs" in variables
    assert b"secret" not in b"".join(variables)
    assert b"secret" not in command


def test_it_loads_little() -> None:
    listing = subprocess.run(
        [sys.executable, "-c", "import sys, probe.wire.worker; print(*sys.modules, sep='\\n')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    own = {name for name in listing if name.partition(".")[0] == "probe"}
    strange = {name.partition(".")[0] for name in listing} - set(sys.stdlib_module_names) - {"probe"}
    rooms = {name for name in own if not name.startswith("probe.wire")}
    assert rooms <= {"probe", "probe.errors", "probe.lib", "probe.lib.clock", "probe.lib.gc_pause"}
    # The last two are what httptools and msgspec bring along.
    assert {name for name in strange if not name.startswith("_")} <= {
        "httptools",
        "msgspec",
        "cython_runtime",
        "typing_extensions",
    }
    assert not {"httpx", "http.client", "email", "pydantic", "unittest"} & set(listing)
