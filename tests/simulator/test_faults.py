"""Every fault as a client sees it on the wire."""

from __future__ import annotations

import json
import socket
from itertools import pairwise

import pytest

from probe.simulator.faults import FAULT_EFFECTS, HTTP_ERRORS, UNRESOLVABLE_HOST, refused_port
from tests.servers.simulator import RunningSimulator
from tests.simulator.client import QUICK, Answer, ask, question, read_answer

STREAM_FAULTS = [
    name for name in FAULT_EFFECTS if name not in {"endless", "reset_head", "close_head", "garbage"}
]


def faulty(simulator: RunningSimulator, fault: str, *, stream: bool = True) -> Answer:
    return ask(simulator, f"sim?{QUICK}&fault={fault}&stall_ms=20", stream=stream)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 429, 500, 502, 503])
@pytest.mark.parametrize("stream", [True, False])
def test_error_statuses(simulator: RunningSimulator, status: int, stream: bool) -> None:
    answer = faulty(simulator, f"http_{status}", stream=stream)
    assert answer.status == status
    error = answer.json()["error"]
    assert set(error) == {"type", "code", "message", "param"}
    if status in HTTP_ERRORS:
        assert error["message"] == HTTP_ERRORS[status].message
    assert simulator.truth(answer.id)["fault"] == f"http_{status}"


def test_a_429_says_when_to_come_back(simulator: RunningSimulator) -> None:
    answer = faulty(simulator, "http_429&retry_after_seconds=7.5")
    assert answer.headers["retry-after"] == "7.5"
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    assert answer.headers["x-ratelimit-reset-requests"] == "7.5s"
    assert "retry-after" not in faulty(simulator, "http_503").headers


@pytest.mark.parametrize(
    ("shape", "content_type", "start"),
    [("html", "text/html", b"<html>"), ("text", "text/plain", b"The model"), ("none", "text/plain", b"")],
)
def test_bodies_of_errors(simulator: RunningSimulator, shape: str, content_type: str, start: bytes) -> None:
    answer = faulty(simulator, f"http_503&error_body={shape}")
    assert answer.headers["content-type"].startswith(content_type)
    assert answer.body.startswith(start)
    assert answer.whole


@pytest.mark.parametrize("fault", ["stall_first", "slow_head", "stall_stream"])
@pytest.mark.parametrize("stream", [True, False])
def test_stalls_end_and_the_answer_goes_on(simulator: RunningSimulator, fault: str, stream: bool) -> None:
    answer = faulty(simulator, fault, stream=stream)
    text = answer.text() if stream else answer.json()["choices"][0]["message"]["content"]
    assert text == "A probe walks in"
    truth = simulator.truth(answer.id)
    assert truth["end_ns"] - truth["received_ns"] >= 20_000_000


def test_where_the_stalls_are(simulator: RunningSimulator) -> None:
    def silence_ms(fault: str) -> tuple[float, float, float]:
        truth = simulator.truth(faulty(simulator, fault).id)
        planned = truth["writes"]["planned_ns"]
        output = [at for at, tokens in zip(planned, truth["writes"]["tokens"], strict=True) if tokens]
        gaps = [after - before for before, after in pairwise(output)]
        start = truth["received_ns"]
        return (planned[0] - start) / 1e6, (output[0] - start) / 1e6, max(gaps) / 1e6

    assert silence_ms("stall_first") == (0, 24, 1)
    assert silence_ms("slow_head") == (20, 20, 1)
    assert silence_ms("stall_stream") == (0, 4, 21)


@pytest.mark.parametrize("stream", [True, False])
def test_a_stall_lasts_until_the_client_leaves(simulator: RunningSimulator, stream: bool) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(question(f"sim?{QUICK}&fault=stall_stream", f"stalled-{stream}", stream=stream))
        received = b""
        while b'{"id":' not in received:
            received += sock.recv(65536)
        assert simulator.truth(f"stalled-{stream}")["end"] is None
    assert simulator.until_ended(f"stalled-{stream}")["end"] == "client_left"


@pytest.mark.parametrize("stream", [True, False])
def test_reset_in_the_middle(simulator: RunningSimulator, stream: bool) -> None:
    answer = faulty(simulator, "reset", stream=stream)
    assert answer.end == "reset"
    assert not answer.whole
    if stream:
        assert answer.text() == "A probe"
    assert simulator.truth(answer.id)["end"] == "reset"


@pytest.mark.parametrize("stream", [True, False])
def test_close_in_the_middle(simulator: RunningSimulator, stream: bool) -> None:
    answer = faulty(simulator, "close&fault_after=3", stream=stream)
    assert answer.end == "eof"
    assert not answer.whole
    if stream:
        assert answer.text() == "A probe walks"
        assert answer.finish_reasons() == []
    assert simulator.truth(answer.id)["end"] == "close"


@pytest.mark.parametrize(("fault", "end"), [("reset_head", "reset"), ("close_head", "eof")])
@pytest.mark.parametrize("stream", [True, False])
def test_no_head_at_all(simulator: RunningSimulator, fault: str, end: str, stream: bool) -> None:
    answer = faulty(simulator, fault, stream=stream)
    assert answer.raw == b""
    assert answer.end == end
    assert simulator.truth(answer.id)["status"] is None


def test_an_error_inside_the_stream(simulator: RunningSimulator) -> None:
    answer = faulty(simulator, "error_event")
    assert answer.status == 200
    assert answer.whole
    assert answer.text() == "A probe"
    assert answer.chunks()[-1]["error"]["type"] == "server_error"
    assert b"[DONE]" not in answer.body
    assert b"event: error" not in answer.body


def test_an_error_by_the_name_of_the_event(simulator: RunningSimulator) -> None:
    answer = faulty(simulator, "error_event_named")
    assert b'\n\nevent: error\ndata: {"error":' in answer.body
    assert answer.whole


def test_an_error_instead_of_a_whole_answer(simulator: RunningSimulator) -> None:
    answer = faulty(simulator, "error_event", stream=False)
    assert answer.status == 200
    assert answer.json()["error"]["type"] == "server_error"


def test_streams_that_end_too_early(simulator: RunningSimulator) -> None:
    truncated = faulty(simulator, "truncated")
    assert truncated.whole
    assert truncated.text() == "A probe"
    assert truncated.finish_reasons() == []
    undone = faulty(simulator, "no_done")
    assert undone.finish_reasons() == ["stop"]
    assert b"[DONE]" not in undone.body


def test_data_after_the_end(simulator: RunningSimulator) -> None:
    events = faulty(simulator, "after_done").events()
    assert events[-2] == b"[DONE]"
    assert json.loads(events[-1])["choices"][0]["delta"] == {"content": " late"}


def test_malformed_json(simulator: RunningSimulator) -> None:
    answer = faulty(simulator, "malformed_json")
    broken = []
    for data in answer.events()[:-1]:
        try:
            json.loads(data)
        except ValueError:
            broken.append(data)
    assert len(broken) == 1
    assert answer.events()[-1] == b"[DONE]"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        faulty(simulator, "malformed_json", stream=False).json()


@pytest.mark.parametrize("stream", [True, False])
def test_invalid_utf8(simulator: RunningSimulator, stream: bool) -> None:
    answer = faulty(simulator, "invalid_utf8", stream=stream)
    assert answer.whole
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()
    assert b"content" in answer.body


@pytest.mark.parametrize("stream", [True, False])
def test_an_endless_answer_goes_on_until_the_client_leaves(simulator: RunningSimulator, stream: bool) -> None:
    request_id = f"endless-{stream}"
    model = "sim?ttft_ms=0&gap_ms=0&tokens=3&fault=endless"
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(question(model, request_id, stream=stream, fields={"max_tokens": 3}))
        received = 0
        while received < 20_000:
            received += len(sock.recv(65536))
    truth = simulator.until_ended(request_id)
    assert truth["end"] == "client_left"
    assert truth["status"] == 200


def test_garbage(simulator: RunningSimulator) -> None:
    answer = faulty(simulator, "garbage")
    assert answer.raw.endswith(b"this is no HTTP\r\n\r\n")
    assert answer.status is None
    assert answer.end == "eof"


def test_a_kept_connection_that_is_closed_all_the_same(simulator: RunningSimulator) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(
            question(f"sim?{QUICK}&fault=false_keep_alive", "liar", headers={"connection": "keep-alive"})
        )
        answer = read_answer(sock)
    assert answer.headers["connection"] == "keep-alive"
    assert answer.whole
    assert answer.text() == "A probe walks in"


@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_the_simulator_lives_on(simulator: RunningSimulator, fault: str) -> None:
    faulty(simulator, fault)
    assert ask(simulator, f"sim?{QUICK}").text() == "A probe walks in"


def test_faults_strike_their_share_of_requests(simulator: RunningSimulator) -> None:
    model = "sim?ttft_ms=0&gap_ms=0&tokens=1&fault=http_503&fault_share=0.5"
    statuses = {ask(simulator, model).status for _ in range(40)}
    assert statuses == {200, 503}


def test_a_port_that_refuses() -> None:
    with refused_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(UNRESOLVABLE_HOST, 443)
