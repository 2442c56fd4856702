"""TLS, right and wrong, with a client that verifies."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from tests.servers.simulator import RunningSimulator, Start
from tests.simulator.client import QUICK, Answer, question, read_answer


def ask_tls(simulator: RunningSimulator, model: str, request_id: str, host: str = "localhost") -> Answer:
    context = ssl.create_default_context(cafile=simulator.ca_file)
    with (
        socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock,
        context.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=False) as tls,
    ):
        tls.sendall(question(model, request_id))
        return read_answer(tls, request_id)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_stream_over_tls(start_simulator: Start, tmp_path: Path, host: str) -> None:
    simulator = start_simulator(tls="on", ca_file=tmp_path / "ca.pem")
    assert simulator.base_url.startswith("https://")
    assert simulator.ca_file == str(tmp_path / "ca.pem")
    answer = ask_tls(simulator, f"sim?{QUICK}&split=2", "tls", host)
    assert answer.text() == "A probe walks in"
    assert answer.whole
    truth = simulator.truth("tls")
    assert truth["stamp"] == "kernel"
    assert truth["tokens"] == 4
    assert sum(truth["writes"]["bytes"]) == len(answer.raw)


def test_the_authority_has_a_file_even_where_none_is_named(start_simulator: Start) -> None:
    simulator = start_simulator(tls="on")
    assert simulator.ca_file is not None
    assert Path(simulator.ca_file).exists()
    simulator.stop()
    assert not Path(simulator.ca_file).exists()


@pytest.mark.parametrize(
    ("tls", "complaint"),
    [
        ("wrong_host", "not valid for 'localhost'"),
        ("expired", "certificate has expired"),
        ("unknown_ca", "unable to get (local )?issuer|self-signed|signature failure"),
    ],
)
def test_certificates_that_must_be_refused(start_simulator: Start, tls: str, complaint: str) -> None:
    simulator = start_simulator(tls=tls)
    with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
        ask_tls(simulator, f"sim?{QUICK}", "refused")


def test_a_client_that_speaks_no_tls(start_simulator: Start) -> None:
    simulator = start_simulator(tls="on")
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert read_answer(sock).status is None
    assert simulator.stats()["tls_failures"] == 1
    assert ask_tls(simulator, f"sim?{QUICK}", "after").text() == "A probe walks in"


def test_a_large_answer_over_tls(start_simulator: Start) -> None:
    simulator = start_simulator(tls="on")
    answer = ask_tls(simulator, "sim?ttft_ms=0&gap_ms=0&tokens=60000&tokens_per_chunk=5000", "large")
    assert len(answer.text().split()) == 60000


def test_a_cut_stream_over_tls_ends_without_a_goodbye(start_simulator: Start) -> None:
    simulator = start_simulator(tls="on")
    with pytest.raises(ssl.SSLEOFError):
        ask_tls(simulator, f"sim?{QUICK}&fault=close", "cut")
    with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):  # Python's ssl takes a reset for an end
        ask_tls(simulator, f"sim?{QUICK}&fault=reset", "torn")
    assert [truth["end"] for truth in simulator.truths()] == ["close", "reset"]
