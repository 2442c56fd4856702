"""Which process this is, told so that another one on the same machine can tell whether it has ended."""

import os
from pathlib import Path

_PROC = Path("/proc")
# In what follows the name in /proc/PID/stat, which may hold anything.
_STATE, _START = 0, 19
_ENDED = {"Z", "X"}


def own_process() -> str | None:
    """Boot, namespace, number and start of this process, with spaces between; None without Linux' /proc."""
    try:
        number = os.getpid()
        return f"{_boot_and_namespace()} {number} {_stat(number)[_START]}"
    except OSError:
        return None


def has_ended(process: str) -> bool:
    """Whether what `own_process` returned somewhere is known to have ended.

    Returns False if that cannot be told from here: on another machine, in another container.
    """
    where, number, start = process.rsplit(" ", 2)
    try:
        if where != _boot_and_namespace():
            return False
        # What belongs to another user may be hidden in /proc, and is found by this all the same.
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    except OSError:
        return False
    try:
        stat = _stat(int(number))
    except OSError:
        return False
    return stat[_STATE] in _ENDED or stat[_START] != start


def _boot_and_namespace() -> str:
    boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"


def _stat(number: int) -> list[str]:
    return (_PROC / str(number) / "stat").read_text().rpartition(")")[2].split()
