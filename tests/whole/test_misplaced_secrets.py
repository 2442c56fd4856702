"""A reload with a secret where a name belongs is refused, and nobody who asks the daemon gets to see it."""

import gzip
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.config.folder import Folder
from tests.config.misplaced import cases
from tests.config.test_misplaced_secrets import COMMANDS, shown_of
from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

PAGES = ("/", "/healthz", "/readyz", "/metrics", "/openapi.json")

Shown = defaultdict[str, list[str]]


@contextmanager
def _sink(shown: Shown) -> Iterator[str]:
    """Takes everything for InfluxDB and over OTLP; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            kind = self.path.partition("?")[0]
            shown[f"sent to {kind}"].append(body.decode("latin-1") + str(self.headers))
            self.send_response(200 if kind.startswith("/v1/") else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _config(simulator: RunningSimulator, sink: str) -> dict[str, Any]:
    return {
        "exporters": {"influxdb": {"url": sink}, "otlp": {"url": sink}},
        "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
        "targets": [{"provider": "sim", "name": "one", "model": "sim?ttft_ms=5&gap_ms=1&tokens=5"}],
    }


def test_no_misplaced_secret_leaves_the_daemon(
    start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path
) -> None:
    shown: Shown = defaultdict(list)
    with _sink(shown) as sink:
        config = _config(simulator, sink)
        logs = {"PROBE_LOG__DIRECTORY": "logs", "PROBE_LOG__LEVEL": "debug"}
        daemon = start_daemon(config, environment=logs)
        listings = [
            path
            for path, methods in daemon.get("/openapi.json")["paths"].items()
            if "get" in methods and "{" not in path and path not in PAGES
        ]
        before = daemon.config_file.read_text()
        secrets = set()
        for number, case in enumerate(cases(rounds=1)):
            secrets.add(case.secret)
            daemon.rewrite(json.dumps({**({} if number % 2 else config), **case.values}))
            shown["reload"].append(daemon.post("/-/reload").text)
            if number % 8 == 0:
                _look(daemon, (*PAGES, *listings), shown)
        daemon.rewrite(before)
        assert daemon.post("/-/reload").status_code == 200
        daemon.finished(daemon.trigger("quick"))
        _look(daemon, (*PAGES, *listings), shown)
        for result in daemon.results():
            shown["result"].append(daemon.client.get(f"/api/v1/results/{result['id']}").text)
        assert daemon.stop() == 0

    shown["log"].append(daemon.log)
    shown["log file"] += [path.read_text() for path in (tmp_path / "logs").iterdir()]
    shown["database"] += [path.read_bytes().decode("latin-1") for path in tmp_path.glob("probe.db*")]
    assert "the configuration was not reloaded" in shown["log"][0]
    leaks = {
        (kind, secret) for kind, texts in shown.items() for secret in secrets if secret in "\n".join(texts)
    }
    assert leaks == set()
    assert all(any(texts) for texts in shown.values())
    assert {"sent to /v1/traces", "sent to /v1/metrics", "sent to /api/v2/write"} <= shown.keys()
    kinds = {*shown, *COMMANDS, *_kinds_of_loading(tmp_path)}
    print(len(kinds), "kinds of output:", ", ".join(sorted(kinds)))
    assert len(kinds) >= 20


def _look(daemon: RunningDaemon, pages: tuple[str, ...], shown: Shown) -> None:
    for page in pages:
        shown["listing" if page.startswith("/api/") else page].append(daemon.client.get(page).text)


def _kinds_of_loading(path: Path) -> set[str]:
    """Of which `tests.config.test_misplaced_secrets` reads all with every secret."""
    folder = Folder(path / "loaded")
    folder.path.mkdir()
    sound = shown_of(folder, {})
    folder.write("probe.yaml", "nothing: 1")
    return {*sound, *shown_of(folder, {})}
