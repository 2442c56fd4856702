"""What stands before every route: hosts, headers, bodies, tokens, mistakes of our own."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from structlog.testing import capture_logs

from probe.api.app import build_app
from probe.api.guard import MAX_BODY_BYTES, is_loopback
from probe.api.server import ApiServer
from probe.errors import ConfigError, StoreUnavailable
from tests.api.daemon import ScriptedDaemon
from tests.api.serving import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = {"Authorization": "Bearer correct-horse"}


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("board.localhost", True),
        ("0.0.0.0", False),
        ("192.168.1.7", False),
        ("localhost.evil.test", False),
        ("127.0.0.1.nip.test", False),
        ("evil.test", False),
        ("", False),
    ],
)
async def test_names_of_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1234", "[::1]:9797", "LocalHost:80"])
async def test_loopback_names_are_answered(served: Served, host: str) -> None:
    assert (await served.client.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.test", "evil.test:9797", "10.0.0.1", "", "[", "[::1", "a b"])
@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/results", "/static/board.js"])
async def test_other_names_are_refused_on_loopback(served: Served, host: str, path: str) -> None:
    response = await served.client.get(path, headers={"Host": host})
    assert response.status_code == 421
    assert response.json()["title"] == "Misdirected Request"


async def test_a_listener_for_everybody_answers_to_any_name(served: Served) -> None:
    app = build_app(served.store, served.daemon, clock=served.clock, host="0.0.0.0")
    async with (
        await ApiServer.start(app, "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
    ):
        assert (await client.get("/healthz", headers={"Host": "probe.example"})).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/results", "/nowhere", "/metrics", "/static/board.css"])
async def test_every_answer_forbids_what_the_page_does_not_need(served: Served, path: str) -> None:
    headers = (await served.client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


async def test_only_static_parts_may_be_kept(served: Served) -> None:
    assert (await served.client.get("/")).headers["cache-control"] == "no-store"
    assert "immutable" in (await served.client.get("/static/board.css")).headers["cache-control"]


async def test_a_foreign_origin_is_allowed_nothing(served: Served) -> None:
    response = await served.client.options(
        "/api/v1/runs",
        headers={"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"},
    )
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/api/v1/providers"])
async def test_head_is_get_without_a_body(served: Served, path: str) -> None:
    response = await served.client.head(path)
    assert response.status_code == 200
    assert response.content == b""


@pytest.mark.parametrize(("method", "path"), [("PUT", "/"), ("POST", "/metrics"), ("DELETE", "/api/v1/runs")])
async def test_other_methods_are_refused(served: Served, method: str, path: str) -> None:
    response = await served.client.request(method, path)
    assert response.status_code == 405
    assert response.json()["detail"] == f"{method} is not possible here."


@pytest.mark.parametrize("path", ["/nowhere", "/static/../app.py", "/static/page.py", "/api/v1", "/docs"])
async def test_nothing_is_nowhere(served: Served, path: str) -> None:
    response = await served.client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_large_bodies_are_refused_unread(fresh: Served) -> None:
    body = b'{"suite": "' + b"x" * MAX_BODY_BYTES + b'"}'
    response = await fresh.client.post("/api/v1/runs", content=body, headers=TOKEN)
    assert response.status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"

    chunked = await fresh.client.post("/api/v1/runs", content=endless(), headers=TOKEN)
    assert chunked.status_code == 413
    assert fresh.daemon.orders == []


async def test_answers_are_packed_for_who_wants_it(served: Served) -> None:
    plain = await served.client.get("/api/v1/results", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with served.client.stream(
        "GET", "/api/v1/results", headers={"Accept-Encoding": "gzip"}
    ) as response:
        raw = b"".join([piece async for piece in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content


class Broken(ScriptedDaemon):
    """A daemon with a mistake in it."""

    async def metrics(self, accept: str, /) -> tuple[bytes, str]:
        raise RuntimeError("the key is sk-abcdef")


async def test_a_mistake_of_our_own_answers_an_id_and_logs_the_rest(served: Served) -> None:
    app = build_app(served.store, Broken(now=served.daemon.now), clock=served.clock, host="127.0.0.1")
    async with (
        await ApiServer.start(app, "127.0.0.1", 0) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
    ):
        with capture_logs() as logs:
            response = await client.get("/metrics")
        assert response.status_code == 500
        assert "sk-abcdef" not in response.text
        assert "RuntimeError" not in response.text
        [entry] = [each for each in logs if each["event"] == "request failed"]
        assert entry["error_id"] in response.json()["detail"]
        assert entry["path"] == "/metrics"
        assert (await client.get("/healthz")).status_code == 200


async def test_a_locked_database_is_worth_another_try(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("database /home/somebody/probe.db is locked")

    monkeypatch.setattr(served.store.catalog, "providers", locked)
    response = await served.client.get("/api/v1/providers")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "somebody" not in response.text


class TestToken:
    @pytest.mark.parametrize("path", ["/api/v1/runs", "/-/reload"])
    async def test_without_one_configured_everything_is_refused(self, fresh: Served, path: str) -> None:
        fresh.daemon.secret = None
        for headers in ({}, TOKEN, {"Authorization": "Bearer None"}):
            response = await fresh.client.post(path, headers=headers)
            assert response.status_code == 403
            assert "server.token" in response.json()["detail"]
        assert fresh.daemon.orders == []
        assert fresh.daemon.reloads == 0

    @pytest.mark.parametrize("path", ["/api/v1/runs", "/-/reload"])
    @pytest.mark.parametrize(
        "authorization",
        [None, "", "Bearer", "Bearer wrong", "Bearer correct-hors", "Basic correct-horse", "Bearer ÿ"],
    )
    async def test_a_wrong_one_is_refused(self, fresh: Served, path: str, authorization: str | None) -> None:
        headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
        response = await fresh.client.post(path, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert fresh.daemon.orders == []
        assert fresh.daemon.reloads == 0

    async def test_the_one_in_force_counts(self, fresh: Served) -> None:
        fresh.daemon.secret = "the-next-one"
        assert (await fresh.client.post("/-/reload", headers=TOKEN)).status_code == 401
        response = await fresh.client.post("/-/reload", headers={"Authorization": "bearer the-next-one"})
        assert response.status_code == 200


class TestReload:
    async def test_it_reloads(self, fresh: Served) -> None:
        response = await fresh.client.post("/-/reload", headers=TOKEN)
        assert response.json() == {"status": "reloaded"}
        assert fresh.daemon.reloads == 1

    async def test_a_bad_file_is_answered_with_its_reason(self, fresh: Served) -> None:
        fresh.daemon.refusal = ConfigError("probe.yaml: jobs.0.cron: must be five fields")
        response = await fresh.client.post("/-/reload", headers=TOKEN)
        assert response.status_code == 400
        assert response.json()["detail"] == "probe.yaml: jobs.0.cron: must be five fields"

    async def test_get_changes_nothing(self, fresh: Served) -> None:
        assert (await fresh.client.get("/-/reload", headers=TOKEN)).status_code == 405
        assert fresh.daemon.reloads == 0


class TestRawRequests:
    """What a well-behaved client does not send."""

    @staticmethod
    async def told(served: Served, request: str) -> bytes:
        port = httpx.URL(served.url).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request.encode("latin-1"))
        answer = await reader.read()
        writer.close()
        return answer

    @pytest.mark.parametrize(
        "headers",
        [
            ("Host: localhost", "Host: localhost"),
            ("Host: localhost", "Host: evil.test"),
            ("Host: evil.test", "Host: localhost"),
            ("Host: localhost", "Authorization: Bearer a", "Authorization: Bearer correct-horse"),
            ("Host: localhost", "Content-Type: text/plain", "Content-Type: application/json"),
        ],
    )
    async def test_what_is_said_once_is_not_said_twice(
        self, served: Served, headers: tuple[str, ...]
    ) -> None:
        request = "\r\n".join(("GET /healthz HTTP/1.1", *headers, "Connection: close", "", ""))
        answer = await self.told(served, request)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"application/problem+json" in answer

    @pytest.mark.parametrize("path", ["/api/v1/runs", "/api/v1/discoveries", "/-/reload"])
    async def test_the_token_is_looked_for_before_the_body_is_read(self, fresh: Served, path: str) -> None:
        """The body never comes: who waits for it gives no answer."""
        lines = (f"POST {path} HTTP/1.1", "Host: localhost", "Content-Length: 9", "Connection: close")
        answer = await self.told(fresh, "\r\n".join((*lines, "", "")))
        assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/runs", "GET, HEAD, POST"),
        ("/api/v1/discoveries", "GET, HEAD, POST"),
        ("/-/reload", "POST"),
        ("/api/v1/results", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/", "GET, HEAD"),
    ],
)
async def test_every_method_that_is_possible_is_said(served: Served, path: str, allowed: str) -> None:
    response = await served.client.request("PATCH", path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed


async def test_json_carries_nothing_that_steers_a_terminal(fresh: Served) -> None:
    """Neither of a result's text nor of what is said of a request; it says the same."""
    steering = "a\x9b31mb\u202ec\u2066d"
    fresh.daemon.refusal = ConfigError(f"no suite is called {steering}")
    response = await fresh.client.post("/api/v1/runs", json={"suite": "x"}, headers=TOKEN)
    assert response.json()["detail"].endswith(steering)
    assert not set(steering) & set(response.text) - set("abcd31m")
    quoted = quote(steering)
    response = await fresh.client.get(f"/{quoted}")
    assert response.json()["detail"] == f"There is nothing at /{steering}."
    assert not set(steering) & set(response.text) - set("abcd31m")
