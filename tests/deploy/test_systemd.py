"""The unit: systemd understands all of it, and it may do little."""

from __future__ import annotations

import re
from pathlib import Path

from probe.config import Config
from tests.deploy.files import DEPLOY, run
from tests.servers.daemon import COMMAND
from tests.servers.programs import program

UNIT = DEPLOY / "systemd" / "inference-probe.service"


def analyze(*arguments: str | Path) -> tuple[int, str]:
    done = run(program("systemd-analyze"), *arguments)
    return done.returncode, done.stdout + done.stderr


def settings(section: str) -> dict[str, list[str]]:
    text = UNIT.read_text().partition(f"[{section}]")[2].partition("\n[")[0]
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def test_systemd_has_nothing_to_say_of_it(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    # It looks for the program, which is not installed here.
    copy.write_text(UNIT.read_text().replace("/opt/inference-probe/bin/probe", str(COMMAND)))
    # Keys that it does not know are warnings, with exit status 0.
    assert analyze("verify", "--man=no", copy) == (0, "")


def test_it_is_exposed_to_little() -> None:
    _, report = analyze("security", "--offline=yes", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for [^:]*: ([\d.]+)", report)
    assert found, report
    assert float(found[1]) <= 1.5


def test_the_stopwatch_may_ask_for_precedence() -> None:
    service = settings("Service")
    assert service["LimitRTPRIO"] == ["1"]
    assert service["RestrictRealtime"] == ["no"]
    assert "@resources" not in " ".join(service["SystemCallFilter"])


def test_it_stops_after_what_is_in_flight() -> None:
    seconds = float(settings("Service")["TimeoutStopSec"][0].removesuffix("s"))
    assert seconds > Config().shutdown_seconds


def test_it_is_read_again_on_reload_and_not_restarted_over_a_bad_configuration() -> None:
    service = settings("Service")
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["RestartPreventExitStatus"] == ["2"]
