"""A real Prometheus that holds the stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.dashboards.recorded.alerts import alert_series
from tests.dashboards.recorded.remote_write import write
from tests.dashboards.recorded.scrapes import recorded
from tests.servers.ports import free_port
from tests.servers.process import running, until_answers
from tests.servers.programs import program


@contextmanager
def staged(folder: Path) -> Iterator[str]:
    """Its address. Nothing is scraped and no rule evaluated: all there is was written."""
    config = folder / "prometheus.yml"
    config.write_text("global: {scrape_interval: 15s}\n")
    port = free_port()
    arguments = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    with (folder / "prometheus.log").open("wb") as log, running(arguments, stderr=log) as process:
        until_answers(f"{url}/-/ready", process)
        write(url, [*recorded().points.items(), *alert_series()])
        yield url
