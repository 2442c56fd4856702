"""Server processes of a test: started by hand, awaited until they answer, stopped by their pid."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

# What a test waits for comes far sooner, or within the minute that a schedule knows; not so on a machine
# that does ten other things.
PATIENCE_SECONDS: Final = 120.0


@contextmanager
def running(
    arguments: Sequence[str], *, stop_seconds: float = 15, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """The process while the block runs; SIGTERM at its end, SIGKILL when that does not help."""
    process = subprocess.Popen(arguments, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until_answers(url: str, process: subprocess.Popen[bytes], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Return once the URL answers with a status below 500; fail when the process ends before."""
    deadline = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise AssertionError(f"the server for {url} ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"{url} did not answer within {seconds} s")
        time.sleep(0.02)


def until_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once somebody takes a connection at this port; fail when the process ends before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        if process.poll() is not None:
            raise AssertionError(f"the server at {port} ended with exit code {process.returncode}")
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            raise AssertionError(f"nobody listens at {port} within {PATIENCE_SECONDS} s")
        time.sleep(0.02)
