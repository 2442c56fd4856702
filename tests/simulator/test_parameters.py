"""Every parameter as a client sees it on the wire."""

from __future__ import annotations

import json
import socket

import pytest

from tests.servers.simulator import RunningSimulator
from tests.simulator.client import QUICK, Answer, ask, parsed, question, read_answer

USAGE = {"stream_options": {"include_usage": True}}


def quick(simulator: RunningSimulator, query: str = "", **options: object) -> Answer:
    return ask(simulator, f"sim?{QUICK}&{query}".rstrip("&"), **options)  # type: ignore[arg-type]


def test_a_stream(simulator: RunningSimulator) -> None:
    answer = quick(simulator)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["x-request-id"].startswith("req-sim-")
    assert answer.whole
    assert answer.text() == "A probe walks in"
    assert answer.finish_reasons() == ["stop"]
    assert answer.events()[-1] == b"[DONE]"
    assert answer.body.endswith(b"data: [DONE]\n\n")
    chunk = answer.chunks()[0]
    assert chunk["object"] == "chat.completion.chunk"
    assert chunk["id"].startswith("chatcmpl-sim-")
    assert chunk["model"] == "sim"
    assert chunk["system_fingerprint"] == "fp_simulated"
    assert isinstance(chunk["created"], int)


def test_a_whole_answer(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "reasoning_tokens=2", stream=False)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    message = answer.json()["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "A probe walks in", "reasoning": "First the"}
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    assert answer.json()["usage"]["completion_tokens"] == 6


@pytest.mark.parametrize("stream", [True, False])
def test_max_tokens(simulator: RunningSimulator, stream: bool) -> None:
    answer = quick(simulator, stream=stream, fields={"max_tokens": 2, **USAGE})
    newer = quick(simulator, stream=stream, fields={"max_tokens": 9, "max_completion_tokens": 2, **USAGE})
    for each in (answer, newer):
        last = each.chunks() if stream else [each.json()]
        assert (each.text() if stream else last[0]["choices"][0]["message"]["content"]) == "A probe"
        assert last[-1]["usage"]["completion_tokens"] == 2
        assert "length" in json.dumps(last)


def test_a_small_budget_is_eaten_by_reasoning(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "reasoning_tokens=50", fields={"max_tokens": 16, **USAGE})
    assert answer.text() == ""
    assert len(answer.text("reasoning").split()) == 16
    assert answer.finish_reasons() == ["length"]
    assert answer.chunks()[-1]["usage"]["completion_tokens_details"]["reasoning_tokens"] == 16
    whole = quick(simulator, "reasoning_tokens=50", stream=False, fields={"max_tokens": 16})
    assert whole.json()["choices"][0]["message"]["content"] is None


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_comes_first_in_its_field(simulator: RunningSimulator, field: str) -> None:
    answer = quick(simulator, f"reasoning_tokens=3&reasoning_field={field}&first=none")
    kinds = [next(iter(delta), None) for delta in answer.deltas()]
    assert kinds == [field] * 3 + ["content"] * 4 + [None]
    assert answer.text(field) == "First the question"


@pytest.mark.parametrize(
    ("first", "delta"),
    [
        ("role", {"role": "assistant"}),
        ("null_content", {"role": "assistant", "content": None}),
        ("empty", {"role": "assistant", "content": ""}),
        ("none", {"content": "A"}),
    ],
)
def test_the_opening_event(simulator: RunningSimulator, first: str, delta: dict[str, object]) -> None:
    answer = quick(simulator, f"first={first}")
    assert answer.deltas()[0] == delta
    assert answer.text() == "A probe walks in"


def test_usage_is_given_where_it_is_asked_for(simulator: RunningSimulator) -> None:
    assert "usage" not in json.dumps(quick(simulator).chunks())
    last = quick(simulator, "cached_tokens=3", fields=USAGE).chunks()[-1]
    assert last["choices"] == []
    assert last["usage"] == {
        "prompt_tokens": 8,
        "completion_tokens": 4,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def test_usage_unasked_absent_and_zero(simulator: RunningSimulator) -> None:
    assert quick(simulator, "usage=final").chunks()[-1]["usage"]["completion_tokens"] == 4
    assert "usage" not in json.dumps(quick(simulator, "usage=absent", fields=USAGE).chunks())
    assert "usage" not in quick(simulator, "usage=absent", stream=False).json()
    assert quick(simulator, "usage=zero").chunks()[-1]["usage"]["completion_tokens"] == 0
    assert quick(simulator, "usage=zero", stream=False).json()["usage"]["total_tokens"] == 0


def test_usage_on_the_last_chunk_of_output(simulator: RunningSimulator) -> None:
    last = quick(simulator, "usage=last_chunk").chunks()[-1]
    assert last["choices"][0]["delta"] == {"content": " in"}
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["completion_tokens"] == 4
    without_output = quick(simulator, "usage=last_chunk&tokens=0").chunks()[-1]
    assert without_output["usage"]["completion_tokens"] == 0


def test_usage_in_the_envelope_of_groq(simulator: RunningSimulator) -> None:
    last = quick(simulator, "usage=x_groq").chunks()[-1]
    assert "usage" not in last
    assert last["x_groq"]["usage"]["completion_tokens"] == 4
    assert last["x_groq"]["usage"]["prompt_time"] == 0.004
    assert last["x_groq"]["usage"]["completion_time"] == 0.003
    whole = quick(simulator, "usage=x_groq", stream=False).json()
    assert whole["usage"]["completion_tokens"] == 4
    assert whole["x_groq"]["id"].startswith("req_")


def test_comments(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "comments=2&comment_every=2")
    parts = answer.body.split(b": OPENROUTER PROCESSING\n\n")
    assert len(parts) == 4
    assert b'"content":"A"' not in b"".join(parts[:2])
    assert parts[2].endswith(b"\n\n")
    assert answer.text() == "A probe walks in"


@pytest.mark.parametrize(("newline", "end"), [("lf", b"\n"), ("crlf", b"\r\n"), ("cr", b"\r")])
def test_newlines(simulator: RunningSimulator, newline: str, end: bytes) -> None:
    answer = quick(simulator, f"newline={newline}&comments=1")
    assert answer.body.endswith(b"data: [DONE]" + end + end)
    assert answer.body.replace(end, b"").isascii()
    assert b"\n" not in answer.body.replace(end, b"")
    assert b"\r" not in answer.body.replace(end, b"")
    assert answer.text() == "A probe walks in"


def test_data_without_a_space(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "data_space=false")
    assert b"data: " not in answer.body
    assert answer.body.startswith(b'data:{"id"')
    assert answer.text() == "A probe walks in"


def test_a_missing_last_blank_line(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "last_blank_line=false")
    assert answer.body.endswith(b"\n\ndata: [DONE]")
    assert answer.whole


def test_a_missing_done(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "done=false")
    assert b"[DONE]" not in answer.body
    assert answer.finish_reasons() == ["stop"]
    assert answer.whole


def test_tokens_per_chunk_and_merged_events(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "tokens_per_chunk=3&first=none&tokens=7")
    assert [delta.get("content") for delta in answer.deltas()[:-1]] == [
        "A probe walks",
        " in like any",
        " other",
    ]
    merged = quick(simulator, "merge=3&first=none&tokens=7")
    assert merged.text() == answer.text()
    assert len(merged.deltas()) == 8
    assert simulator.truth(merged.id)["writes"]["tokens"] == [0, 3, 3, 1, 0]


def test_split_writes_cut_through_characters(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "split=3&first=none&text=naïve café 東京")
    assert answer.text() == "naïve café 東京"
    writes = simulator.truth(answer.id)["writes"]
    assert writes["tokens"] == [0, *([0, 0, 1] * 3), 0]
    assert sum(writes["bytes"]) == len(answer.raw)
    ends = [sum(writes["bytes"][: count + 1]) for count in range(len(writes["bytes"]))]
    torn = [end for end in ends if is_torn(answer.raw[:end])]
    assert len(torn) == 3


def is_torn(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def test_a_fixed_text(simulator: RunningSimulator) -> None:
    text = "The capital of France is Paris."
    assert quick(simulator, f"text={text}").text() == text
    assert quick(simulator, f"text={text}", stream=False).json()["choices"][0]["message"]["content"] == text


def test_what_the_answer_says_of_itself(simulator: RunningSimulator) -> None:
    chunk = quick(simulator, "served_model=other-7b&system_fingerprint=&finish_reason=tool_calls").chunks()[
        -1
    ]
    assert chunk["model"] == "other-7b"
    assert "system_fingerprint" not in chunk
    assert chunk["choices"][0]["finish_reason"] == "tool_calls"
    whole = quick(simulator, "served_model=other-7b&system_fingerprint=fp_9", stream=False).json()
    assert (whole["model"], whole["system_fingerprint"]) == ("other-7b", "fp_9")


def test_a_body_until_the_connection_closes(simulator: RunningSimulator) -> None:
    answer = quick(simulator, "framing=close", headers={"connection": "keep-alive"})
    assert "transfer-encoding" not in answer.headers
    assert "content-length" not in answer.headers
    assert answer.headers["connection"] == "close"
    assert answer.text() == "A probe walks in"


def test_http_1_0_gets_no_chunks(simulator: RunningSimulator) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        sock.sendall(question(f"sim?{QUICK}", "old", version="1.0", headers={"connection": "keep-alive"}))
        answer = read_answer(sock)
    assert "transfer-encoding" not in answer.headers
    assert answer.text() == "A probe walks in"


def test_keep_alive_and_close(simulator: RunningSimulator) -> None:
    keep = {"connection": "keep-alive"}
    closed = quick(simulator, "keep_alive=false", headers=keep)
    assert closed.headers["connection"] == "close"
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=20) as sock:
        for number in range(2):
            sock.sendall(question(f"sim?{QUICK}", f"kept-{number}", headers=keep))
            raw = b""
            while not raw.endswith(b"\r\n0\r\n\r\n"):
                raw += sock.recv(65536)
            answer = parsed(raw, "eof")
            assert answer.headers["connection"] == "keep-alive"
            assert answer.text() == "A probe walks in"
    first, second = simulator.truth("kept-0"), simulator.truth("kept-1")
    assert first["connection"] == second["connection"]
    assert [first["request_of_connection"], second["request_of_connection"]] == [1, 2]


def test_ratelimit_headers(simulator: RunningSimulator) -> None:
    assert not [name for name in quick(simulator).headers if name.startswith("x-ratelimit")]
    headers = quick(simulator, "ratelimit_headers=true").headers
    assert headers["x-ratelimit-limit-requests"] == "10000"
    assert headers["x-ratelimit-remaining-requests"] == "9999"
    assert headers["x-ratelimit-reset-requests"] == "6ms"


def test_a_quota_a_minute(simulator: RunningSimulator) -> None:
    model = f"sim?{QUICK}&rpm=2"
    first, second, third = (ask(simulator, model) for _ in range(3))
    assert [first.status, second.status, third.status] == [200, 200, 429]
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert second.headers["x-ratelimit-remaining-requests"] == "0"
    assert third.headers["x-ratelimit-remaining-requests"] == "0"
    assert 1 <= int(third.headers["retry-after"]) <= 60
    assert third.json()["error"]["code"] == "rate_limit_exceeded"


def test_refused_fields(simulator: RunningSimulator) -> None:
    refused = quick(simulator, "refuse=seed, stream_options", fields=USAGE)
    assert refused.status == 400
    assert refused.json()["error"]["message"] == "Unsupported parameter: stream_options."
    assert quick(simulator, "refuse=seed, stream_options").status == 200


def test_plans_are_kept(simulator: RunningSimulator) -> None:
    answer = ask(simulator, "sim?head_ms=10&ttft_ms=30&gap_ms=5&tokens=3&end_ms=8&first=none")
    truth = simulator.truth(answer.id)
    after = [at - truth["received_ns"] for at in truth["writes"]["planned_ns"]]
    assert after == [10_000_000, 30_000_000, 35_000_000, 40_000_000, 48_000_000]
    for planned, at in zip(truth["writes"]["planned_ns"], truth["writes"]["at_ns"], strict=True):
        assert at >= planned


def test_what_the_answer_cost_stands_in_the_usage(simulator: RunningSimulator) -> None:
    usage = quick(simulator, "usage=final&charged_usd=0.0125").chunks()[-1]["usage"]
    assert usage["cost"] == 0.0125
    assert "cost" not in quick(simulator, "usage=final").chunks()[-1]["usage"]
