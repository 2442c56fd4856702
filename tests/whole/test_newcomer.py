"""What somebody sees who has never seen the project: `make run` in a fresh copy, and the installed wheel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.ports import free_port
from tests.servers.process import running, until_answers

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every tracked file, as it stands now, and nothing else."""
    folder = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _environment(**more: str) -> dict[str, str]:
    """Nobody's keys; pip and uv keep their settings and caches."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, **more}


def test_make_run_probes_the_simulator(copy: Path) -> None:
    port = free_port()
    log = copy / "run.log"
    with (
        log.open("wb") as out,
        running(
            ["make", "run", f"PYTHON={sys.executable}"],
            cwd=copy,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environment(PROBE_SERVER__PORT=str(port), MAKEFLAGS="", MAKELEVEL=""),
            start_new_session=True,
        ) as make,
    ):
        url = f"http://127.0.0.1:{port}"
        until_answers(f"{url}/healthz", make, seconds=240)
        try:
            results = _first_results(url)
            board = httpx.get(url, trust_env=False).text
        finally:
            os.killpg(make.pid, signal.SIGINT)
            make.wait(30)

    said = log.read_text()
    assert f"{url}/" in said
    assert f"{url}/metrics" in said
    assert "simulated" in said
    assert {result["target"]["kind"] for result in results} == {"simulated"}
    assert board.count("sim-") >= 3
    assert "simulated" in board
    assert "Traceback" not in said


def _first_results(url: str) -> list[dict[str, Any]]:
    """Those of the run at the start: three targets."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        while True:
            items: list[dict[str, Any]] = client.get("/api/v1/results").json()["items"]
            if len(items) >= 3:
                return items


def test_the_wheel_holds_everything(copy: Path, tmp_path: Path) -> None:
    """Suites, templates, migrations and presets are found away from the source."""
    uv = Path(sys.executable).with_name("uv")
    python = ["--python", sys.executable, "--quiet"]
    build = [str(uv), "build", "--wheel", "--no-build-isolation", *python, "-o", str(tmp_path)]
    subprocess.run(build, cwd=copy, check=True)
    (wheel,) = tmp_path.glob("inference_probe-*.whl")
    site = tmp_path / "site"
    install = [str(uv), "pip", "install", *python, "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True)
    # The dependencies come from this environment, the project from the wheel: its folder stands first.
    path = f"{site}{os.pathsep}{sysconfig.get_paths()['purelib']}"
    program = (
        "import probe, sys; assert probe.__file__.startswith(sys.argv.pop(1));"
        "from probe.cli import main; main()"
    )

    def probe(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-S", "-c", program, str(site), *arguments],
            cwd=tmp_path,
            env=_environment(PYTHONPATH=path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert probe("--version").startswith("probe ")
    assert "ok" in probe("run", "--suite", "quick", "--target", "*sim-swift")
    assert "sim-swift" in probe("results")
