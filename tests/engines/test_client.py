"""Questions over real sockets, and what goes wrong with them."""

from __future__ import annotations

import socket
import threading
from contextlib import aclosing, closing
from dataclasses import replace

import pytest

from probe.engines.client import EngineClient, root_of
from probe.errors import EngineError
from tests.engines.serving import Reply, client, endpoint, serving


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("http://host:8000/v1", "http://host:8000"),
        ("http://host:8000/v1/", "http://host:8000"),
        ("http://host:11434/api", "http://host:11434"),
        ("http://host:8080", "http://host:8080"),
        ("https://gateway/llm/v1", "https://gateway/llm"),
    ],
)
def test_health_and_metrics_stand_beside_the_api(base_url: str, root: str) -> None:
    assert root_of(base_url) == root


async def trouble(asking: EngineClient, path: str = "/props") -> EngineError:
    async with aclosing(asking):
        with pytest.raises(EngineError) as caught:
            await asking.json(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"mine: {path}: ")
    return caught.value


async def test_the_key_is_sent_and_nothing_is_compressed() -> None:
    with serving({"/props": Reply(body=b"{}")}) as fake:
        async with aclosing(client(fake.url, api_key="sk-secret-12345678")) as asking:
            assert await asking.json("/props") == {}
        ((_, headers),) = fake.asked
    assert headers["authorization"] == "Bearer sk-secret-12345678"
    assert headers["user-agent"] == "inference-probe"
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("reply", "said", "status"),
    [
        (Reply(status=500, body=b'{"error":{"message":"out of memory"}}'), "status 500: out of memory", 500),
        (
            Reply(status=503, body=b'{"error":"unhealthy","error_type":"healthcheck"}'),
            "status 503: unhealthy",
            503,
        ),
        (Reply(status=502, body=b"<html>bad gateway</html>"), "status 502", 502),
        (Reply(status=302, headers={"location": "http://127.0.0.1:1/"}), "status 302", 302),
        (Reply(body=b"\xff\x00 no json"), "the answer is no JSON", None),
        (Reply(body=b"[" * 100_000), "the answer is no JSON", None),
        (Reply(body=b"[" + b"1," * 5_000_000 + b"1]"), "the answer is larger than 4 MiB", None),
    ],
    ids=["500", "503", "html", "redirect", "garbage", "deep", "10 MB"],
)
async def test_what_cannot_be_used_is_one_line(reply: Reply, said: str, status: int | None) -> None:
    with serving({"/props": reply}) as fake:
        error = await trouble(client(fake.url))
    assert str(error).endswith(said)
    assert error.status == status


async def test_a_server_that_stalls_is_given_up() -> None:
    release = threading.Event()
    with serving({"/props": Reply(body=b"{}", until=release)}) as fake:
        try:
            error = await trouble(client(fake.url, timeout_seconds=0.1))
        finally:
            release.set()
    assert str(error).endswith("no answer within 0.1 s")


async def test_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    error = await trouble(client(f"http://127.0.0.1:{port}/v1"))
    assert str(error) == "mine: /props: Connection refused"
    assert error.status is None


async def test_certificates_that_cannot_be_read_are_an_error_of_the_question() -> None:
    trusting = replace(endpoint("https://127.0.0.1:1/v1"), ca_file="/nowhere/ca.pem")
    assert str(await trouble(EngineClient(trusting))).endswith("No such file or directory")


async def test_what_is_not_served_is_none_and_trouble_is_not() -> None:
    with serving({"/gone": Reply(status=501), "/broken": Reply(status=500)}) as fake:
        async with aclosing(client(fake.url)) as asking:
            assert await asking.optional("/gone") is None
            assert await asking.optional("/unknown") is None
            with pytest.raises(EngineError, match="status 500"):
                await asking.optional("/broken")
