"""What the SDKs put on the wire: every field as the provider wants it, and nothing from the environment."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from probe.errors import ProviderError, StopwatchError
from probe.providers.calls import largest_answer_bytes
from probe.providers.openai_chat.chat import CHAT_COMPLETIONS
from probe.providers.protocol import Prompt
from probe.suites.case import Message
from probe.wire.capture import Capture
from probe.wire.request import Deadlines, WireRequest
from tests.providers.conftest import OpenProvider
from tests.wires.answering import AnsweringWire, header
from tests.wires.compose import body_of, chunk, stream_of

REQUEST_ID = UUID("01890000-0000-7000-8000-000000000001")
ANSWER = stream_of(chunk("Paris"), chunk(finish="stop"), "[DONE]")
BASE_URLS = {
    "openai-compatible": "https://llm.example/v1",
    "openai-compatible-minimal": "https://llm.example/v1",
    "simulator": "http://127.0.0.1:9/v1",
}
BOTH_SDKS = pytest.mark.parametrize("preset", ["openai", "groq"])


def prompt(**changes: Any) -> Prompt:
    fields: dict[str, Any] = {
        "request_id": REQUEST_ID,
        "model": "some-model",
        "messages": (Message(role="system", content="Be brief."), Message(role="user", content="Où?")),
        "max_tokens": 64,
        "temperature": 0.0,
        "seed": 7,
    }
    return Prompt(**{**fields, **changes})


async def sent_body(open_provider: OpenProvider, preset: str, **changes: Any) -> dict[str, Any]:
    wire = AnsweringWire(ANSWER)
    config = {"base_url": BASE_URLS[preset]} if preset in BASE_URLS else {}
    await open_provider(preset, **config).send(prompt(**changes), wire)
    body: dict[str, Any] = json.loads(wire.request.body)
    return body


COMMON = {
    "model": "some-model",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Où?"}],
    "stream": True,
    "temperature": 0.0,
    "seed": 7,
}


@pytest.mark.parametrize(
    ("preset", "own"),
    [
        (
            "openai",
            {
                "max_completion_tokens": 64,
                "stream_options": {"include_usage": True, "include_obfuscation": False},
            },
        ),
        ("groq", {"max_completion_tokens": 64, "stream_options": {"include_usage": True}}),
        ("together", {"max_tokens": 64}),
        ("openrouter", {"max_tokens": 64}),
        ("openai-compatible", {"max_tokens": 64, "stream_options": {"include_usage": True}}),
        ("openai-compatible-minimal", {"max_tokens": 64}),
        ("simulator", {"max_tokens": 64, "stream_options": {"include_usage": True}}),
    ],
)
async def test_the_body(open_provider: OpenProvider, preset: str, own: dict[str, Any]) -> None:
    assert await sent_body(open_provider, preset) == {**COMMON, **own}


@BOTH_SDKS
async def test_a_body_without_streaming(open_provider: OpenProvider, preset: str) -> None:
    body = await sent_body(open_provider, preset, stream=False)
    assert body["stream"] is False
    assert "stream_options" not in body


@BOTH_SDKS
async def test_what_the_prompt_leaves_open_is_left_out(open_provider: OpenProvider, preset: str) -> None:
    body = await sent_body(open_provider, preset, temperature=None, seed=None)
    assert "temperature" not in body
    assert "seed" not in body


@pytest.mark.parametrize(("preset", "asked", "sent"), [("openai", 5, 16), ("openai", 17, 17), ("groq", 5, 5)])
async def test_the_smallest_limit(open_provider: OpenProvider, preset: str, asked: int, sent: int) -> None:
    body = await sent_body(open_provider, preset, max_tokens=asked)
    assert body["max_completion_tokens"] == sent


@pytest.mark.parametrize(
    ("preset", "model", "is_sent"),
    [
        ("openai", "gpt-4o-mini", True),
        ("openai", "o4-mini", False),
        ("openai", "gpt-5-mini", False),
        ("openai-compatible", "gpt-5-mini", True),
    ],
)
async def test_models_with_a_fixed_temperature(
    open_provider: OpenProvider, preset: str, model: str, is_sent: bool
) -> None:
    assert ("temperature" in await sent_body(open_provider, preset, model=model)) is is_sent


@pytest.mark.parametrize(
    ("preset", "base_url", "scheme", "host", "port", "target"),
    [
        ("openai", None, "https", "api.openai.com", 443, "/v1/chat/completions"),
        ("groq", None, "https", "api.groq.com", 443, "/openai/v1/chat/completions"),
        ("together", None, "https", "api.together.ai", 443, "/v1/chat/completions"),
        ("openrouter", None, "https", "openrouter.ai", 443, "/api/v1/chat/completions"),
        ("groq", "http://127.0.0.1:8080/groq/openai/v1", "http", "127.0.0.1", 8080,
         "/groq/openai/v1/chat/completions"),
        ("groq", "http://127.0.0.1:8080/v1", "http", "127.0.0.1", 8080, "/v1/chat/completions"),
        ("openai", "https://gateway.example/x/y/", "https", "gateway.example", 443, "/x/y/chat/completions"),
        ("openai-compatible", "http://[::1]:80", "http", "::1", 80, "/chat/completions"),
    ],
)  # fmt: skip
async def test_the_address(
    open_provider: OpenProvider,
    preset: str,
    base_url: str | None,
    scheme: str,
    host: str,
    port: int,
    target: str,
) -> None:
    wire = AnsweringWire(ANSWER)
    config = {} if base_url is None else {"base_url": base_url}
    await open_provider(preset, **config).send(prompt(), wire)
    request = wire.request
    assert (request.method, request.scheme, request.host, request.port, request.target) == (
        "POST",
        scheme,
        host,
        port,
        target,
    )


@BOTH_SDKS
async def test_the_headers(open_provider: OpenProvider, preset: str) -> None:
    wire = AnsweringWire(ANSWER)
    await open_provider(preset, api_key="the-key-0123456789").send(prompt(), wire)
    request = wire.request
    assert header(request, "authorization") == "Bearer the-key-0123456789"
    assert header(request, "x-client-request-id") == str(REQUEST_ID)
    assert header(request, "accept-encoding") == "identity"
    assert header(request, "content-type") == "application/json"
    assert header(request, "x-stainless-retry-count") == "0"


@BOTH_SDKS
async def test_without_a_key_there_is_no_authorization(open_provider: OpenProvider, preset: str) -> None:
    wire = AnsweringWire(ANSWER)
    provider = open_provider(preset, kind="engine", api_key=None)
    await provider.send(prompt(), wire)
    await provider.models(AnsweringWire())
    assert header(wire.request, "authorization") is None


@BOTH_SDKS
async def test_nothing_comes_from_the_environment(
    open_provider: OpenProvider, preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {
        "OPENAI_API_KEY": "sk-foreign",
        "OPENAI_ADMIN_KEY": "sk-foreign",
        "OPENAI_ORG_ID": "org-foreign",
        "OPENAI_PROJECT_ID": "proj-foreign",
        "OPENAI_BASE_URL": "http://foreign.example",
        "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer foreign\nX-Foreign: yes",
        "GROQ_API_KEY": "gsk-foreign",
        "GROQ_BASE_URL": "http://foreign.example",
        "GROQ_CUSTOM_HEADERS": "authorization: Bearer foreign\nX-Foreign: yes",
        "HTTP_PROXY": "http://foreign.example:3128",
        "HTTPS_PROXY": "http://foreign.example:3128",
        "ALL_PROXY": "http://foreign.example:3128",
    }
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    wire, listing = AnsweringWire(ANSWER), AnsweringWire()
    provider = open_provider(preset)
    await provider.send(prompt(), wire)
    await provider.models(listing)
    for request in (wire.request, listing.request):
        assert "foreign" not in repr(request)
        assert header(request, "authorization") == "Bearer test-key-0123456789"
        assert request.proxy is None


async def test_the_way_is_the_endpoints_and_the_pace_the_prompts(open_provider: OpenProvider) -> None:
    deadlines = Deadlines(connect=1, first_token=2, stall=3, total=4)
    wire = AnsweringWire(ANSWER)
    provider = open_provider("openai", ca_file="/etc/ca.pem", proxy="http://user:hush@127.0.0.1:3128")
    await provider.send(prompt(connection="warm", deadlines=deadlines, planned_monotonic_ns=5), wire)
    request = wire.request
    assert (request.ca_file, request.proxy) == ("/etc/ca.pem", "http://user:hush@127.0.0.1:3128")
    assert (request.connection, request.deadlines, request.planned_monotonic_ns) == ("warm", deadlines, 5)
    assert request.max_response_bytes == largest_answer_bytes(prompt().max_tokens) < 2 * 1024 * 1024
    assert request.output_pattern == CHAT_COMPLETIONS.output_pattern


async def test_without_streaming_any_byte_is_output(open_provider: OpenProvider) -> None:
    wire = AnsweringWire(ANSWER)
    await open_provider("openai").send(prompt(stream=False), wire)
    assert wire.request.output_pattern is None


# What comes back is the capture, whatever the SDK thinks of it ---------------------------------------------


@BOTH_SDKS
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(ANSWER, id="a stream"),
        pytest.param(body_of({"error": {"message": "no"}}, 401), id="401"),
        pytest.param(
            body_of({"error": {"message": "slow down"}}, 429, headers={"retry-after": "1"}), id="429"
        ),
        pytest.param(body_of(b"", 500), id="500"),
        pytest.param(body_of(b"", 302, headers={"location": "http://127.0.0.1:1/elsewhere"}), id="redirect"),
        pytest.param(body_of(b"<html>", 200, content_type="text/html"), id="a page"),
        pytest.param(body_of(b"\xff\xfe", 200, content_type="application/json; charset=no-such"), id="bytes"),
        pytest.param(body_of(b"[" * 5000, 400), id="nested without end"),
        pytest.param(body_of(b"x", 200, headers={"content-encoding": "gzip"}), id="falsely compressed"),
        pytest.param(stream_of({"error": {"message": "boom"}}), id="an error in a stream"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_one_exchange_and_its_capture(
    open_provider: OpenProvider, preset: str, answer: Capture, stream: bool
) -> None:
    wire = AnsweringWire(answer)
    assert await open_provider(preset).send(prompt(stream=stream), wire) is answer
    assert len(wire.requests) == 1


@BOTH_SDKS
async def test_a_stopwatch_that_is_gone_is_said_to_be(open_provider: OpenProvider, preset: str) -> None:
    def die(_: WireRequest) -> Capture:
        raise StopwatchError("the stopwatch process died")

    with pytest.raises(StopwatchError, match="the stopwatch process died"):
        await open_provider(preset).send(prompt(), AnsweringWire(die))


@BOTH_SDKS
async def test_a_prompt_that_cannot_be_sent(open_provider: OpenProvider, preset: str) -> None:
    wire = AnsweringWire(ANSWER)
    half_a_pair = (Message(role="user", content="\ud83d"),)
    with pytest.raises(ProviderError, match=r"^under-test: no request could be made: ") as caught:
        await open_provider(preset).send(prompt(messages=half_a_pair), wire)
    assert "\n" not in str(caught.value)
    assert wire.requests == []


@BOTH_SDKS
async def test_warming_up_makes_a_call_without_a_network(open_provider: OpenProvider, preset: str) -> None:
    provider = open_provider(preset)
    await provider.warm_up()
    wire = AnsweringWire(ANSWER)
    await provider.send(prompt(), wire)
    assert json.loads(wire.request.body)["model"] == "some-model"
