"""Programs that tests start: servers and checkers that `make unit` does without."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def program(*names: str) -> str:
    """The path of the first that is installed, with the packages or on PATH. Fails the test without any.

    A test that reaches this function is no unit test: see `tests.servers.reach`.
    """
    folder = str(Path(sys.executable).parent)
    for name in names:
        if found := shutil.which(name, path=folder) or shutil.which(name):
            return found
    raise AssertionError(f"{names[0]} is not installed: make test installs what is missing")
