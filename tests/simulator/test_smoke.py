import httpx

from tests.servers.simulator import RunningSimulator, Start


def test_stream_and_truth(simulator: RunningSimulator) -> None:
    with httpx.Client(base_url=simulator.base_url) as client:
        answer = client.post(
            "/chat/completions",
            json={"model": "sim?ttft_ms=5&gap_ms=1&tokens=4", "stream": True, "messages": []},
            headers={"x-client-request-id": "one"},
        )
    assert answer.text.endswith("data: [DONE]\n\n")
    truth = simulator.truth("one")
    assert truth["tokens"] == 4
    assert truth["stamp"] == "kernel"


def test_tls(start_simulator: Start) -> None:
    simulator = start_simulator(tls="on")
    import ssl

    with httpx.Client(
        base_url=simulator.base_url, verify=ssl.create_default_context(cafile=simulator.ca_file)
    ) as client:
        answer = client.post(
            "/chat/completions",
            json={"model": "sim?ttft_ms=5&gap_ms=1&tokens=4", "stream": True, "messages": []},
            headers={"x-client-request-id": "one"},
        )
    assert answer.text.endswith("data: [DONE]\n\n")
    assert simulator.truth("one")["tokens"] == 4
