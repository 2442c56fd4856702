"""The program as somebody types it: in a directory of its own, with an environment of its own."""

from __future__ import annotations

import atexit
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import dedent

from tests.servers.process import PATIENCE_SECONDS

REPOSITORY = Path(__file__).parents[2]
WARM = Path(__file__).with_name("warm.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def errors(self) -> list[str]:
        return self.err.splitlines()


@dataclass(slots=True, kw_only=True)
class Shell:
    """`variables` is all that a command sees beside PATH. SIGINT is ignored by a command `in_background`."""

    directory: Path
    variables: dict[str, str] = field(default_factory=dict)
    in_background: bool = False

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Its stdout and stderr are pipes."""
        with _sigint(signal.SIG_IGN if self.in_background else signal.SIG_DFL):
            return subprocess.Popen(
                self._command(arguments),
                cwd=self.directory,
                env=self._environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def run(self, *arguments: str, **variables: str) -> Said:
        """To its end, through pipes."""
        return end_of(self.start(*arguments, **variables))

    def on_terminal(self, columns: int, *arguments: str, typed: str = "", **variables: str) -> Said:
        """To its end on a terminal of that width; `out` is everything that was shown.

        `typed` waits on the keyboard for whoever asks.
        From its very start: what help looks like is settled while the program is imported.
        """
        main, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = self._environment({"TERM": "xterm-256color", **variables})
        process = subprocess.Popen(
            [sys.executable, "-m", "probe", *arguments],
            cwd=self.directory,
            env=environment,
            stdin=other,
            stdout=other,
            stderr=other,
            close_fds=True,
        )
        os.close(other)
        os.write(main, typed.encode())
        shown = b""
        with os.fdopen(main, "rb", buffering=0) as screen:
            while True:
                try:
                    piece = screen.read(65536)
                except OSError:  # how Linux says that the other side is closed
                    break
                if not piece:
                    break
                shown += piece
        status = process.wait(PATIENCE_SECONDS)
        return Said(status=status, out=shown.decode().replace("\r\n", "\n"), err="")

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-I", "-S", str(WARM), "call", _warm(), *arguments]

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**inherited, "PYTHONPATH": str(REPOSITORY), **self.variables, **variables}


@cache
def _warm() -> str:
    """The socket at which `tests.cli.warm` waits, from the first command on until this process ends."""
    path = f"{tempfile.mkdtemp(prefix='probe-warm-')}/socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.warm", "wait", path],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    def end() -> None:
        process.communicate()
        shutil.rmtree(Path(path).parent)

    atexit.register(end)
    return path


@contextmanager
def _sigint(inherited: signal.Handlers) -> Iterator[None]:
    """What a program that is started in the block does at SIGINT, until it asks for something else.

    It would inherit what this process does, and a shell script that starts pytest in the background has it
    ignore SIGINT.
    """
    before = signal.signal(signal.SIGINT, inherited)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def plain(shown: str) -> str:
    """What a terminal was sent, without colours; of a line that was drawn over, the last drawing."""
    without = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    return "\n".join(line.rpartition("\r")[2] for line in without.split("\n"))


def end_of(process: subprocess.Popen[str]) -> Said:
    try:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return Said(status=process.returncode, out=out, err=err)


def signalled(process: subprocess.Popen[str], number: signal.Signals, when: Callable[[], bool]) -> Said:
    """Send a signal as soon as something is so in another process, then wait for the end."""
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not when():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "it never came to that"
            time.sleep(0.01)
        process.send_signal(number)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return end_of(process)
