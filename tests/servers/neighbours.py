"""Busy neighbours: `pytest --neighbours 2` runs beside so many processes that want a whole processor each.

A test that holds beside them does not depend on an idle machine.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(100_000))"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--neighbours", type=int, default=0, help="how many busy processes run beside the tests")


@pytest.fixture(scope="session", autouse=True)
def neighbours(request: pytest.FixtureRequest) -> Iterator[None]:
    count = 0 if _is_another_worker() else request.config.getoption("--neighbours")
    busy = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    yield
    for process in busy:
        process.kill()
        process.wait()


def _is_another_worker() -> bool:
    """The first of several workers has them for all."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0"
