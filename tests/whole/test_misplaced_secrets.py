"""A reload with a secret where a name belongs is refused, and nobody who asks the daemon gets to see it."""

from __future__ import annotations

import json

from tests.config.misplaced import cases
from tests.servers.daemon import StartDaemon

PAGES = ("/", "/readyz", "/metrics", "/api/v1/status", "/api/v1/targets", "/api/v1/budgets")


def test_no_misplaced_secret_leaves_the_daemon(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({}, environment={"PROBE_LOG__DIRECTORY": "logs", "PROBE_LOG__LEVEL": "debug"})
    pages = [page for page in PAGES if daemon.client.get(page).status_code != 404]
    assert len(pages) > 3
    secrets = []
    for number, case in enumerate(cases(rounds=1)):
        secrets.append(case.secret)
        daemon.rewrite(json.dumps(case.values))
        answers = [daemon.post("/-/reload").text]
        if number % 8 == 0:
            answers += [daemon.client.get(page).text for page in pages]
        for answer in answers:
            assert case.secret not in answer, case.id
    logs = "".join(path.read_text() for path in (daemon.log_file.parent / "logs").iterdir())
    assert "the configuration was not reloaded" in logs
    for secret in secrets:
        assert secret not in daemon.log + logs
