"""The truth agrees with what a client sees."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import httpx

from tests.servers.simulator import RunningSimulator, Start
from tests.simulator.client import QUICK, ask, question, read_answer


def test_instants_lie_between_those_of_the_client(simulator: RunningSimulator) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        before_ns = time.monotonic_ns()
        sock.sendall(question("sim?ttft_ms=20&gap_ms=20&tokens=3&first=none", "between"))
        sent_ns = time.monotonic_ns()
        first = sock.recv(65536)
        head_read_ns = time.monotonic_ns()
        rest = read_answer(sock)
    truth = simulator.truth("between")
    assert truth["stamp"] == "kernel"
    assert before_ns <= truth["received_ns"] <= sent_ns
    assert truth["received_ns"] <= truth["head_ns"] <= head_read_ns
    assert truth["head_ns"] < truth["first_token_ns"] < truth["last_token_ns"] <= truth["end_ns"]
    assert truth["end_ns"] <= rest.received_ns
    writes = truth["writes"]
    for at, returned in zip(writes["at_ns"], writes["returned_ns"], strict=True):
        assert at < returned
    assert sum(writes["bytes"]) == len(first) + len(rest.raw)


def test_the_first_request_of_a_new_simulator_is_stamped_by_the_kernel(start_simulator: Start) -> None:
    simulator = start_simulator()
    assert simulator.truth(ask(simulator, f"sim?{QUICK}").id)["stamp"] == "kernel"


def test_what_a_record_says(simulator: RunningSimulator) -> None:
    answer = ask(simulator, f"sim?{QUICK}&reasoning_tokens=2")
    truth = simulator.truth(answer.id)
    own_id = answer.chunks()[0]["id"]
    assert simulator.truth(own_id) == truth
    assert truth["client_request_id"] == answer.id
    assert truth["model"] == f"sim?{QUICK}&reasoning_tokens=2"
    assert (truth["stream"], truth["status"], truth["fault"]) == (True, 200, None)
    assert truth["tokens"] == 6
    assert truth["end"] == "complete"
    assert truth["writes"]["tokens"] == [0, 0, 1, 1, 1, 1, 1, 1, 0]
    assert truth["writes"]["answer_tokens"] == [0, 0, 0, 0, 1, 1, 1, 1, 0]
    at = truth["writes"]["at_ns"]
    assert truth["head_ns"] == at[0]
    assert (truth["first_token_ns"], truth["first_answer_ns"], truth["last_token_ns"]) == (
        at[2],
        at[4],
        at[7],
    )


def test_instants_that_never_came_are_unknown(simulator: RunningSimulator) -> None:
    truth = simulator.truth(ask(simulator, "sim?fault=reset_head").id)
    assert truth["head_ns"] is None
    assert truth["first_token_ns"] is None
    assert truth["tokens"] == 0


def test_a_file_gets_a_line_for_every_request_once_none_is_open(
    start_simulator: Start, tmp_path: Path
) -> None:
    path = tmp_path / "truth.jsonl"
    simulator = start_simulator(truth_file=path)
    ids = [ask(simulator, f"sim?{QUICK}").id, ask(simulator, "sim?fault=http_500").id]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["client_request_id"] for line in lines] == ids
    assert lines == simulator.truths()


def test_an_open_request_is_written_when_the_simulator_stops(tmp_path: Path, start_simulator: Start) -> None:
    path = tmp_path / "truth.jsonl"
    simulator = start_simulator(truth_file=path)
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(question("sim?ttft_ms=1&gap_ms=60000", "cut-short"))
        while b'"content":"A"' not in sock.recv(65536):
            pass
        simulator.stop()
        read_answer(sock)
    (line,) = [json.loads(line) for line in path.read_text().splitlines()]
    assert (line["client_request_id"], line["end"], line["tokens"]) == ("cut-short", "stopped", 1)


def test_only_the_last_are_remembered_and_all_can_be_forgotten(start_simulator: Start) -> None:
    simulator = start_simulator(keep_truths=2)
    ids = [ask(simulator, f"sim?{QUICK}").id for _ in range(3)]
    assert [truth["client_request_id"] for truth in simulator.truths()] == ids[1:]
    assert httpx.get(f"{simulator.origin}/truth/{ids[0]}").status_code == 404
    assert httpx.delete(f"{simulator.origin}/truth").status_code == 200
    assert simulator.truths() == []


def test_the_latest_of_one_client_id_is_found(simulator: RunningSimulator) -> None:
    for tokens in (1, 2):
        ask(simulator, f"sim?ttft_ms=1&gap_ms=1&tokens={tokens}", headers={"x-client-request-id": "twice"})
    assert simulator.truth("twice")["tokens"] == 2
