"""Routes, connections and counts, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import select
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from probe.errors import ConfigError, SimulatorError
from probe.simulator.connection import ClientConnection, Playback
from probe.simulator.options import SimulatorOptions
from probe.simulator.request import RequestReader
from probe.simulator.server import Simulator
from probe.simulator.writer import Writer
from tests.servers.simulator import RunningSimulator, Start
from tests.simulator.client import QUICK, ask, parsed, question, read_answer


def exchange(simulator: RunningSimulator, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(sent)
        return read_answer(sock).raw


@pytest.mark.parametrize("base", ["/v1", "/openai/v1", "/api/v1", ""])
def test_any_base_path(simulator: RunningSimulator, base: str) -> None:
    assert ask(simulator, f"sim?{QUICK}", path=f"{base}/chat/completions").text() == "A probe walks in"
    listed = httpx.get(f"{simulator.origin}{base}/models").json()
    assert {"sim", "sim-swift", "sim-steady", "sim-moody"} <= {model["id"] for model in listed["data"]}


def test_one_model(simulator: RunningSimulator) -> None:
    model = httpx.get(f"{simulator.base_url}/models/sim-swift").json()
    assert model["object"] == "model"
    assert model["context_window"] > 0
    missing = httpx.get(f"{simulator.base_url}/models/acme%2Fnone")
    assert missing.status_code == 404
    assert "`acme/none`" in missing.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("GET", "/v1/embeddings", 404),
        ("GET", "/v1/modelsandmore", 404),
        ("GET", "/truth/unknown", 404),
    ],
)
def test_what_is_not_there(simulator: RunningSimulator, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, simulator.origin + path)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "truncated"),
        (b'{"messages": []}', "`model`"),
        (b'{"model": "sim", "messages": 3}', "Expected `array`"),
        (b'{"model": "sim", "messages": [], "max_tokens": 0}', "Expected `int` >= 1"),
        (b'\xff{"model": "sim"}', "cannot be read"),
        (b'{"model": "sim?ttf_ms=3", "messages": []}', "did you mean 'ttft_ms'?"),
    ],
)
def test_a_request_that_cannot_be_read(simulator: RunningSimulator, body: bytes, complaint: str) -> None:
    answer = httpx.post(f"{simulator.base_url}/chat/completions", content=body)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]["message"]


def test_an_unknown_model(simulator: RunningSimulator) -> None:
    answer = ask(simulator, "gpt-4o-mini")
    assert answer.status == 404
    assert answer.json()["error"]["code"] == "model_not_found"


def test_what_is_no_http(simulator: RunningSimulator) -> None:
    assert exchange(simulator, b"\x16\x03\x01\x02\x00\x01\x00").startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert exchange(simulator, b"GET / HTTP/9.9\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_body_that_is_too_large(simulator: RunningSimulator) -> None:
    size = 17 * 1024 * 1024
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(head + b" " * size)
        answer = read_answer(sock)
    assert answer.status == 413
    assert answer.headers["connection"] == "close"


def test_expect_continue(simulator: RunningSimulator) -> None:
    sent = question(f"sim?{QUICK}", "expecting", headers={"expect": "100-continue"})
    head, _, body = sent.partition(b"\r\n\r\n")
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(head + b"\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert read_answer(sock).text() == "A probe walks in"


def test_a_request_in_many_pieces(simulator: RunningSimulator) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in question(f"sim?{QUICK}", "slow-typist"):
            sock.send(bytes((byte,)))
        assert read_answer(sock).text() == "A probe walks in"


def test_requests_sent_at_once_are_answered_in_order(simulator: RunningSimulator) -> None:
    keep = {"connection": "keep-alive"}
    sent = question("sim?ttft_ms=20&tokens=1&text=first", "p1", headers=keep, stream=False)
    sent += question("sim?ttft_ms=1&tokens=1&text=second", "p2", stream=False)
    raw = exchange(simulator, sent)
    assert raw.index(b'"first"') < raw.index(b'"second"')


def test_a_key_is_required_where_one_is_set(start_simulator: Start) -> None:
    simulator = start_simulator(require_key="right")
    refused = [ask(simulator, "sim"), ask(simulator, "sim", headers={"authorization": "Bearer wrong"})]
    for answer in refused:
        assert answer.status == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
    accepted = ask(simulator, f"sim?{QUICK}", headers={"authorization": "Bearer right"})
    assert accepted.text() == "A probe walks in"
    assert httpx.get(f"{simulator.base_url}/models").status_code == 401
    key = {"authorization": "Bearer right"}
    assert httpx.get(f"{simulator.base_url}/models", headers=key).status_code == 200
    assert simulator.stats()["total"]["statuses"] == {"401": 2, "200": 1}


KEYS = dict.fromkeys(("authorization", "api-key", "x-api-key", "x-goog-api-key"), "Bearer sk-secret")


def test_stats_count_and_show_no_key(start_simulator: Start) -> None:
    simulator = start_simulator()
    ask(simulator, f"sim?{QUICK}", headers=KEYS | {"x-mark": "seen"})
    ask(simulator, "sim?fault=reset_head")
    stats = simulator.stats()
    assert stats["models"][f"sim?{QUICK}"] == {
        "requests": 1,
        "active": 0,
        "max_active": 1,
        "statuses": {"200": 1},
    }
    assert stats["total"]["statuses"] == {"200": 1, "none": 1}
    headers = dict(stats["recent"][0]["headers"])
    assert headers["x-mark"] == "seen"
    assert {headers[name] for name in KEYS} == {"[redacted]"}
    assert stats["recent"][0]["body"]["model"] == f"sim?{QUICK}"
    assert "sk-secret" not in str(stats)


def test_the_most_at_once_is_counted(start_simulator: Start) -> None:
    simulator = start_simulator()
    model = "sim?fault=stall_first"
    with ExitStack() as opened:
        for number in range(6):
            sock = opened.enter_context(socket.create_connection(("127.0.0.1", simulator.port), timeout=20))
            sock.sendall(question(model, f"held-{number}"))
            sock.recv(65536)
        assert simulator.stats()["models"][model]["active"] == 6
    for number in range(6):
        simulator.until_ended(f"held-{number}")
    ask(simulator, model + "&stall_ms=1")
    total = simulator.stats()["total"]
    assert (total["requests"], total["active"], total["max_active"]) == (7, 0, 6)
    assert simulator.stats()["models"][model]["max_active"] == 6


def test_a_client_that_is_slow_to_read_gets_everything(simulator: RunningSimulator) -> None:
    tokens = 3_000_000
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(20)
        sock.connect(("127.0.0.1", simulator.port))
        sock.sendall(question(f"sim?ttft_ms=0&gap_ms=0&tokens={tokens}", "slow-reader", stream=False))
        select.select([sock], [], [], 20)
        unfinished = simulator.truth("slow-reader")
        assert (unfinished["end"], unfinished["tokens"]) == (None, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        answer = read_answer(sock)
    assert answer.whole
    assert answer.json()["choices"][0]["message"]["content"].count(" ") == tokens - 1
    truth = simulator.truth("slow-reader")
    assert truth["tokens"] == tokens
    assert truth["writes"]["bytes"] == [len(answer.raw)]


def test_the_same_seed_gives_the_same_pace(start_simulator: Start) -> None:
    model = "sim?ttft_ms=5&ttft_spread_ms=5&gap_ms=1&gap_spread_ms=1&tokens=5"

    def pace(seed: int) -> list[list[int]]:
        simulator = start_simulator(seed=seed)
        paces = []
        for _ in range(2):
            truth = simulator.truth(ask(simulator, model).id)
            paces.append([at - truth["received_ns"] for at in truth["writes"]["planned_ns"]])
        return paces

    first = pace(1)
    assert first == pace(1) != pace(2)
    assert first[0] != first[1]


def test_a_behaviour_file_changes_what_a_model_does(start_simulator: Start, tmp_path: Path) -> None:
    path = tmp_path / "behaviour.yaml"
    path.write_text("models: {acme/large: {ttft_ms: 1, text: before}}")
    simulator = start_simulator(behaviour_file=path)
    assert ask(simulator, "acme/large").text() == "before"
    assert httpx.get(f"{simulator.base_url}/models/acme/large").json()["id"] == "acme/large"
    path.write_text("models: {acme/large: {fault: http_503, error_body: none}}")
    assert ask(simulator, "acme/large").status == 503
    path.write_text("models: {acme/large: {falt: http_503}}")
    assert ask(simulator, "acme/large").status == 503
    assert "unknown parameter 'falt'" in simulator.stats()["behaviour_error"]


async def test_in_this_process() -> None:
    async with Simulator() as simulator, httpx.AsyncClient(base_url=simulator.base_url) as client:
        body = {"model": f"sim?{QUICK}", "messages": []}
        answer = await client.post("/chat/completions", json=body)
        assert answer.json()["choices"][0]["message"]["content"] == "A probe walks in"
        assert simulator.stats.total.requests == 1


async def test_over_ipv6() -> None:
    async with Simulator(SimulatorOptions(host="::1")) as simulator, httpx.AsyncClient() as client:
        assert simulator.base_url.startswith("http://[::1]:")
        assert (await client.get(f"{simulator.base_url}/models")).status_code == 200


async def test_stopping_ends_what_is_open() -> None:
    simulator = Simulator()
    await simulator.start()
    port = int(simulator.origin.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(question("sim?ttft_ms=1&gap_ms=60000", "open"))
    await reader.readuntil(b'"content":"A"')
    await simulator.stop()
    rest = parsed(b"HTTP/1.1 200 OK\r\n\r\n" + await reader.read(), "eof")
    assert b"[DONE]" not in rest.raw
    writer.close()
    await writer.wait_closed()
    assert simulator.stats.open_connections == 0
    await simulator.stop()


async def test_nothing_is_collected_while_an_answer_is_open() -> None:
    assert gc.isenabled()
    async with Simulator() as simulator:
        port = int(simulator.origin.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(question("sim?ttft_ms=1&gap_ms=5&tokens=3", "open"))
        await reader.readuntil(b'"content":"A"')
        assert not gc.isenabled()
        await reader.read()
        assert gc.isenabled()
        writer.close()
        await writer.wait_closed()


async def test_what_keeps_it_from_starting(tmp_path: Path) -> None:
    async with Simulator() as running:
        port = int(running.origin.rpartition(":")[2])
        with pytest.raises(
            SimulatorError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"
        ):
            await Simulator(SimulatorOptions(port=port)).start()
    with pytest.raises(SimulatorError, match=r"truth file .*: Is a directory"):
        await Simulator(SimulatorOptions(truth_file=tmp_path)).start()
    with pytest.raises(ConfigError, match="No such file"):
        await Simulator(SimulatorOptions(behaviour_file=tmp_path / "none.yaml")).start()


KINDS = (ClientConnection, Writer, Playback, RequestReader)


async def test_an_answer_leaves_nothing_for_the_collector() -> None:
    models = [f"sim?{QUICK}", f"sim?{QUICK}&fault=reset", "sim?fault=http_500", "nobody"]
    async with Simulator(SimulatorOptions(keep_truths=1)) as simulator:
        port = int(simulator.origin.rpartition(":")[2])
        gc.collect()
        gc.disable()
        try:
            for model in models:
                await asyncio.to_thread(lost_answer, port, model)
            alive = [thing for thing in gc.get_objects() if isinstance(thing, KINDS)]
        finally:
            gc.enable()
    assert alive == []


def lost_answer(port: int, model: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(question(model, "any"))
        read_answer(sock)
