"""Whatever happens to the file of a daemon's database is told everywhere within seconds, and costs nothing.

One daemon goes through all of it: attempts are under way when damage is done, and stored once it is undone.
`pytest -s` shows how soon each was told.
"""

from __future__ import annotations

import html
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.daemon import RunningDaemon, StartDaemon
from tests.servers.simulator import RunningSimulator

PAGE = 4096
TARGETS = 3
# Long enough for the damage to be done while all are under way.
SLOW = "sim?ttft_ms=1500&gap_ms=1&tokens=10"
TOLD_WITHIN_SECONDS = 10
# Of the slowest look at the daemon: what a busy machine adds to its looks at the file.
LOOKS = 10

Repair = Callable[[], object]


def _in_place(change: Callable[[bytes], bytes]) -> Callable[[Path], Repair]:
    """The same file with other bytes."""

    def damage(path: Path) -> Repair:
        data = path.read_bytes()
        _write(path, change(data))
        return lambda: _write(path, data)

    return damage


def _write(path: Path, data: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        file.write(data)
        file.truncate()


def _instead(make: Callable[[Path], object]) -> Callable[[Path], Repair]:
    """The file goes elsewhere, and something else comes to its place."""

    def damage(path: Path) -> Repair:
        aside = path.rename(path.with_name("aside"))
        make(path)

        def repair() -> None:
            if path.is_symlink() or path.exists():
                path.rename(path.with_name(f"done-{time.monotonic_ns()}"))
            aside.rename(path)

        return repair

    return damage


def _copy_of_the_file(path: Path) -> None:
    path.write_bytes(path.with_name("aside").read_bytes())


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("/nowhere")


def _log_moved(path: Path) -> Repair:
    log = path.with_name(path.name + "-wal")
    aside = log.rename(path.with_name("aside-wal"))
    return lambda: aside.rename(log)


def _folder_moved(path: Path) -> Repair:
    aside = path.parent.rename(path.parent.with_name("elsewhere"))
    return lambda: aside.rename(path.parent)


def _read_only(path: Path) -> Repair:
    """A mount that allows no writing; where none may be mounted, permissions, which stop all but root."""
    folder = str(path.parent)
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode == 0:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        return lambda: subprocess.run(["umount", "--lazy", folder], check=True)
    path.chmod(0o400)
    return lambda: path.chmod(0o600)


KINDS: dict[str, tuple[Callable[[Path], Repair], str]] = {
    "moved": (_instead(Path.exists), "was deleted or moved"),
    "replaced by a copy": (_instead(_copy_of_the_file), "was replaced by another file"),
    "replaced by an empty file": (_instead(Path.touch), "was replaced by another file"),
    "replaced by a directory": (_instead(Path.mkdir), "was replaced by another file"),
    "replaced by a pipe": (_instead(os.mkfifo), "was replaced by another file"),
    "replaced by a dangling link": (
        _instead(_link_to_nothing),
        "was deleted or moved",
    ),
    "folder moved": (_folder_moved, "was deleted or moved"),
    "log moved": (_log_moved, "had its log"),
    "read-only": (_read_only, "is read-only"),
    "zeros": (_in_place(lambda data: bytes(len(data))), "is damaged"),
    "text": (_in_place(lambda data: b"no database\n" * (len(data) // 12)), "is damaged"),
    "header": (_in_place(lambda data: b"\xff" * 100 + data[100:]), "is damaged"),
    "pages": (_in_place(lambda data: data[:PAGE] + b"\xff" * (len(data) - PAGE)), "is damaged"),
    "cut in half": (_in_place(lambda data: data[: len(data) // PAGE // 2 * PAGE]), "is damaged"),
}


@pytest.fixture
def daemon(start_daemon: StartDaemon, simulator: RunningSimulator, tmp_path: Path) -> RunningDaemon:
    folder = tmp_path / "data"
    folder.mkdir()
    return start_daemon(
        {
            "database": {"url": f"sqlite:///{folder}/probe.db"},
            "providers": {"sim": {"base_url": simulator.base_url, "kind": "simulated"}},
            "targets": [{"provider": "sim", "name": f"t{i}", "model": SLOW} for i in range(TARGETS)],
        }
    )


def test_damage_is_told_within_seconds_and_costs_nothing(daemon: RunningDaemon, tmp_path: Path) -> None:
    path = tmp_path / "data" / "probe.db"
    runs = []
    for kind, (damage, words) in KINDS.items():
        runs.append(daemon.trigger("mystery-shopper"))
        daemon.until(lambda: daemon.metrics()["inference_probe_attempts_in_flight"] == TARGETS)
        with closing(sqlite3.connect(path)) as connection:
            # What is in the log would be read from there.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        logged = len(daemon.log)
        repair = damage(path)
        try:
            told = _told(daemon, words, logged)
        finally:
            repair()
        print(f"{kind}:", ", ".join(f"{where} {seconds:.1f} s" for where, seconds in told.items()))
        daemon.until(lambda: daemon.client.get("/readyz").status_code == 200)
        daemon.finished(runs[-1])
    for run in runs:
        results = daemon.results(run_id=run)
        assert len({result["id"] for result in results}) == len(results) == TARGETS
    assert daemon.metrics()["inference_probe_store_dropped_samples_total"] == 0
    assert "Traceback" not in daemon.log
    assert list(path.parent.glob("*.rejected")) == []


def _told(daemon: RunningDaemon, words: str, logged: int) -> dict[str, float]:
    """After how many seconds it was said where."""
    looks: dict[str, Callable[[], bool]] = {
        "readyz": lambda: words in daemon.client.get("/readyz").text,
        "store_up": lambda: daemon.metrics()["inference_probe_store_up"] == 0,
        "board": lambda: words in html.unescape(daemon.client.get("/").text),
        "log": lambda: words in daemon.log[logged:],
    }
    began = time.monotonic()
    told: dict[str, float] = {}
    slowest = 0.0

    def look() -> bool:
        nonlocal slowest
        for where in looks.keys() - told.keys():
            before = time.monotonic()
            if looks[where]():
                told[where] = time.monotonic() - began
            slowest = max(slowest, time.monotonic() - before)
        return len(told) == len(looks)

    daemon.until(look)
    assert max(told.values()) <= TOLD_WITHIN_SECONDS + LOOKS * slowest, told
    return told
