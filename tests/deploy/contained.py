"""The daemon as the image runs it, without an engine: its variables, a read-only root, no capability.

The file system is mounted read-only in a namespace of its own, but for data and temporary files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.deploy.files import DEPLOY, image_environment, instructions
from tests.servers.daemon import COMMAND
from tests.servers.ports import free_port
from tests.servers.process import running, until_answers
from tests.servers.programs import program

_READ_ONLY: Final = """
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
mount --bind "$2" "$2"
# What is mounted apart from the root stays as it is: the kernel's own, and memory.
mount -o remount,bind,ro /
shift 2
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


@dataclass(frozen=True)
class Contained:
    """`folder` is the working directory, which holds `data`; `log_file` what the daemon said."""

    url: str
    folder: Path
    log_file: Path
    environment: dict[str, str]

    def healthcheck(self) -> subprocess.CompletedProcess[str]:
        """The image's own, as the engine runs it."""
        command = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
        return subprocess.run(
            [sys.executable, *command[1:]],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


@contextmanager
def contained(folder: Path) -> Iterator[Contained]:
    """A daemon over an empty volume, without any key, once it is ready."""
    data, temporary = folder / "data", folder / "tmp"
    data.mkdir()
    temporary.mkdir()
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(temporary),
        **image_environment(),
        "PROBE_CONFIG": str(DEPLOY / "probe" / "probe.yaml"),
        # Of the image it is every address: here there is no network of a container's own.
        "PROBE_SERVER__HOST": "127.0.0.1",
        "PROBE_SERVER__PORT": str(port),
    }
    namespace = [program("unshare"), "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    command = [*namespace, "sh", "-c", _READ_ONLY, "sh", str(data), str(temporary)]
    url = f"http://127.0.0.1:{port}"
    # The log is opened before everything becomes read-only.
    log_file = folder / "log"
    with (
        log_file.open("wb") as log,
        running(
            [*command, str(COMMAND), "daemon"],
            stop_seconds=40,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            until_answers(f"{url}/readyz", process)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log_file.read_text()}") from None
        yield Contained(url, folder, log_file, environment)
