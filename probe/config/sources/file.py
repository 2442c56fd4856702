"""The bytes of a file that somebody named, or the reason why there are none."""

import os
import select
from pathlib import Path
from stat import S_ISFIFO
from typing import Final

# A shell's `<(command)` has its writer; into a pipe with a name of its own perhaps nobody ever writes.
_OPEN_PIPES: Final = ("/dev/", "/proc/")
_WRITER_SECONDS: Final = 2.0


def read_bytes(path: Path, most: int) -> bytes:
    """At most so many bytes from the start. Raises OSError with a reason, for a link to nothing as well.

    Of a pipe all is read; one that nobody writes into is waited for no longer than two seconds.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise _failure(f"a link to {path.readlink()}, which does not exist") from None
        raise
    except ValueError as exc:
        raise _failure(str(exc)) from None
    if S_ISFIFO(mode) and not str(path).startswith(_OPEN_PIPES):
        return _read_pipe(path, most)
    with path.open("rb") as file:
        return file.read(most)


def _read_pipe(path: Path, most: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123  of a descriptor
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not any(event & select.POLLIN for _, event in poll.poll(_WRITER_SECONDS * 1000)):
            raise _failure("a pipe (FIFO) that nobody writes into; a file is needed")
        os.set_blocking(descriptor, True)
        return file.read(most)


def _failure(reason: str) -> OSError:
    """With a reason in the place where the system's own errors have it."""
    return OSError(0, reason)
