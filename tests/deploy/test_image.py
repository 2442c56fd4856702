"""The image: its Dockerfile is well formed and takes what is there; the daemon lives where it puts it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.request import urlopen

from tests.deploy.contained import contained
from tests.deploy.files import DOCKERFILE, ROOT, image_environment, instructions, run, versions
from tests.servers.programs import program


def test_hadolint_finds_nothing() -> None:
    found = run(program("hadolint"), DOCKERFILE)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout == ""


def test_what_is_copied_is_sent_to_the_builder_and_nothing_else_is() -> None:
    copied = {
        source
        for line in instructions("COPY")
        if not line.startswith("--from")
        for source in line.split()[:-1]
    }
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert {str(Path(source).parent) if source.startswith("deploy/") else source for source in copied} == sent


def test_packages_come_from_locks_by_hash() -> None:
    for step in instructions("RUN"):
        for command in re.findall(r"pip install[^&]*", step):
            assert "--require-hashes" in command or "--no-deps --offline" in command, command


def test_nothing_runs_as_root() -> None:
    assert instructions("USER") == ["10001:10001"]
    # A user that has no number cannot be checked by Kubernetes (runAsNonRoot).
    assert "--uid 10001" in instructions("RUN")[-1]


def test_every_stage_has_the_same_pinned_python() -> None:
    stages = [line.split()[0] for line in instructions("FROM")]
    assert stages == [versions()["images"]["python"]] * 2


def test_the_environment_has_the_port_free_to_choose() -> None:
    assert instructions("EXPOSE") == ["9797"]
    assert "PROBE_SERVER__PORT" not in image_environment()
    assert "PROBE_DATABASE_URL" not in image_environment()


def test_the_daemon_lives_on_a_root_that_is_read_only(tmp_path: Path) -> None:
    with contained(tmp_path) as probe:
        assert probe.healthcheck().returncode == 0, probe.healthcheck().stderr
        deadline = time.monotonic() + 60
        while not any(result["success"] for result in results(probe.url)):
            assert time.monotonic() < deadline, probe.log_file.read_text()
            time.sleep(0.1)
        assert (probe.folder / "data" / "probe.db").exists()
        assert "simulated" in probe.log_file.read_text()
        # Nothing but data was written.
        assert sorted(path.name for path in probe.folder.iterdir()) == ["data", "log", "tmp"]
    assert probe.healthcheck().returncode != 0


def results(url: str) -> list[dict[str, object]]:
    with urlopen(f"{url}/api/v1/results?limit=50", timeout=10) as answer:
        items: list[dict[str, object]] = json.loads(answer.read())["items"]
    return items
