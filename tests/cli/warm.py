"""Starts `probe` without importing it anew: most of a command's second is imports, and tests run hundreds.

A process that has imported the commands waits at a socket (`python -m tests.cli.warm wait SOCKET`) and forks
a process of its own for each command. What a test starts is `python warm.py call SOCKET arguments…`: it gives
the command its own directory, environment and standard streams, hands on the signals that it is sent, and
ends as the command did. So a test sees a real process with real pipes or a real terminal. What is about
imports or the start of the interpreter itself is tested without this.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HANDED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)


def call(path: str, arguments: list[str]) -> None:
    """Have the command run, and end as it does."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)
    order = {
        "arguments": arguments,
        "directory": os.getcwd(),  # noqa: PTH109  pathlib takes longer to import than all else here
        "environment": dict(os.environ),
        "interruptible": signal.getsignal(signal.SIGINT) != signal.SIG_IGN,
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(path)
        streams = array.array("i", [0, 1, 2])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)]
        connection.sendmsg([json.dumps(order).encode()], rights)
        pid = int(connection.recv(100))
        for number in HANDED_ON:
            signal.signal(number, lambda number, _: os.kill(pid, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
        ended = int(connection.recv(100))
    if os.WIFSIGNALED(ended):
        signal.signal(os.WTERMSIG(ended), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(ended))
    os._exit(os.WEXITSTATUS(ended))


class _Waiting:
    """Forks for every call until standard input is closed."""

    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(path)
        self._listener.listen()
        # By the file descriptor that tells of the end of a process.
        self._running: dict[int, tuple[int, socket.socket]] = {}

    def run(self) -> None:
        """Returns in the forked processes, ready to run."""
        while True:
            callers = {connection.fileno(): pid for pid, connection in self._running.values()}
            ready = select.select([0, self._listener.fileno(), *self._running, *callers], [], [])[0]
            if 0 in ready:
                os._exit(0)
            for gone in filter(callers.__contains__, ready):
                # Who called was killed: that is meant for the command.
                os.kill(callers[gone], signal.SIGKILL)
            for ending in filter(self._running.__contains__, ready):
                self._tell(ending)
            if self._listener.fileno() in ready and self._fork():
                return

    def _tell(self, ending: int) -> None:
        pid, connection = self._running.pop(ending)
        os.close(ending)
        with connection, contextlib.suppress(OSError):
            connection.send(b"%d" % os.waitpid(pid, 0)[1])

    def _fork(self) -> bool:
        """Whether this is the new process."""
        connection, _ = self._listener.accept()
        text, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        pid = os.fork()
        if pid == 0:
            self._leave(connection)
            _become(json.loads(text), streams)
            return True
        for stream in streams:
            os.close(stream)
        connection.send(b"%d" % pid)
        self._running[os.pidfd_open(pid)] = (pid, connection)
        return False

    def _leave(self, connection: socket.socket) -> None:
        """Nothing of this is the command's."""
        self._listener.close()
        connection.close()
        for ending, (_, other) in self._running.items():
            os.close(ending)
            other.close()


def _become(order: dict[str, Any], streams: list[int]) -> None:
    """The process that was asked for, as if the interpreter had just started."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler if order["interruptible"] else signal.SIG_IGN)
    sys.argv = ["probe", *order["arguments"]]
    lines = 1 if os.isatty(1) else -1
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False, buffering=lines)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115


def _import_what_commands_use() -> None:
    import importlib
    import pkgutil

    import probe.cli.actions
    import probe.cli.commands

    for package in (probe.cli.commands, probe.cli.actions):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


if __name__ == "__main__":
    if sys.argv[1] == "call":
        call(sys.argv[2], sys.argv[3:])
    _import_what_commands_use()
    waiting = _Waiting(sys.argv[2])
    # Otherwise each command would look through all of it at its end, and pay half a second for that.
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    waiting.run()
    from probe.cli import main

    main()
