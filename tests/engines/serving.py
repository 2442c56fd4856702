"""A server of one's own at a real socket: answers paths as it is told and keeps what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from probe.engines.client import EngineClient
from probe.facts.sample import EngineName
from probe.providers.preset import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`until` holds the body back until it is set."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    until: threading.Event | None = None


Route = Reply | Callable[[bytes], Reply]


def page(text: str) -> Reply:
    return Reply(body=text.encode(), content_type="text/plain; version=0.0.4; charset=utf-8")


class FakeServer:
    """`routes` by path; what is not there is a 404. `asked` are (path, headers) in order."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self.routes = dict(routes)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def serving(routes: Mapping[str, Route]) -> Iterator[FakeServer]:
    fake = FakeServer(routes)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            fake.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            route = fake.routes.get(self.path, Reply(status=404, body=b'{"detail":"Not Found"}'))
            reply = route if isinstance(route, Reply) else route(body)
            with suppress(ConnectionError):  # a client may have had enough of it
                self.send_response(reply.status)
                self.send_header("content-type", reply.content_type)
                self.send_header("content-length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.until is not None:
                    self.wfile.flush()
                    reply.until.wait(30)
                self.wfile.write(reply.body)

        do_GET = do_POST = answer  # noqa: N815  http.server looks for these

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def endpoint(base_url: str, engine: EngineName = "vllm", api_key: str | None = None) -> Endpoint:
    return Endpoint(
        name="mine",
        display_name="Mine",
        base_url=base_url,
        kind="engine",
        engine=engine,
        api_key=api_key,
    )


def client(base_url: str, *, timeout_seconds: float = 20.0, api_key: str | None = None) -> EngineClient:
    return EngineClient(endpoint(base_url, api_key=api_key), timeout_seconds=timeout_seconds)
