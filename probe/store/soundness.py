"""Whether an SQLite file is whole, and still the one that was opened: SQLite goes on in a deleted one."""

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from probe.errors import StoreError, StoreUnavailable
from probe.lib.clock import NS_PER_SECOND, Clock
from probe.store.faults import REPAIR, tells_damage

_CHECK_SECONDS = 1.0
# A check is made again after so many times what it took, so that a large file does not cost a processor.
_REST = 100
_STEPS = 10_000
# What `PRAGMA quick_check` says of values, not of the structure of the file.
_VALUES = ("NULL value", "NUMERIC value", "TEXT value", "non-", "CHECK constraint")

Identity = tuple[int, int]


def check_place(who: str, path: Path) -> None:
    """Raises StoreError where the path leads to what is no file; it may lead to nothing yet."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        if path.is_symlink():
            raise StoreError(
                f"{who} is a link to {path.readlink()}, which does not exist; mount or restore what it "
                "leads to, or remove the link"
            ) from error
        return
    except OSError as error:
        raise StoreUnavailable(f"{who} cannot be opened: {error.strerror}; check the path") from error
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "a device, pipe or socket"
        raise StoreError(f"{who} is {kind}, not a file; check the path, and what is mounted there")


def create_private(path: Path) -> None:
    """Make the file, if there is none, for this user alone: answers of models will be in it. SQLite gives its
    log the same mode. Whoever opens it says why it could not be made."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


class OpenFile:
    """The file that the connections to a database have open. `damage` is why it cannot be used."""

    def __init__(self, who: str, path: Path) -> None:
        self._who = who
        self.path = path
        self._log = path.with_name(path.name + "-wal")
        self._file: Identity | None = None
        self._log_file: Identity | None = None
        self._connections = 0
        self.damage: str | None = None
        # A connection met an error, or damage was found.
        self.stale = False

    def opened(self) -> None:
        self._connections += 1
        self._file = self._file or _identity(self.path)

    def closed(self) -> None:
        self._connections = max(0, self._connections - 1)
        if not self._connections:
            # Whoever comes next opens what is there then.
            self._file = self._log_file = None

    def check(self) -> None:
        """Raises StoreUnavailable where what is written would not be found at the path, or is damaged."""
        if self.damage is not None:
            raise StoreUnavailable(f"{self._who} is damaged: {self.damage}; {REPAIR}")
        self.check_identity()

    def check_identity(self) -> None:
        if self._file is None:
            return
        now = _identity(self.path)
        if now is None:
            raise StoreUnavailable(
                f"{self._who} was deleted or moved while it was open; put the file back, or {REPAIR}"
            )
        if now != self._file:
            raise StoreUnavailable(
                f"{self._who} was replaced by another file while it was open; restart the daemon to use it"
            )
        log = _identity(self._log)
        self._log_file = self._log_file or log
        if log != self._log_file:
            raise StoreUnavailable(
                f"{self._who} had its log {self._log.name} deleted or replaced while it was open; stop the "
                "daemon, which writes what is in it to the file, and start it again"
            )

    def check_rights(self) -> None:
        """Raises StoreUnavailable if this user could not open it again, though it is open now."""
        if self._file is not None and not os.access(self.path, os.R_OK | os.W_OK):
            raise StoreUnavailable(f"{self._who} is read-only; allow this user to read and write the file")


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Soundness:
    """Looks through the structure of a file again and again, for a hundredth of the time."""

    def __init__(self, file: OpenFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._next_ns = clock.monotonic_ns()

    def look(self) -> None:
        """Set `damage` of the file, or take it back. Raises StoreUnavailable as `OpenFile.check` does.

        A file that takes too long is left as it was.
        """
        # Another file must not be opened: closed again, it would be taken to own the log of this one.
        self._file.check_identity()
        self._look_through()
        self._file.stale |= self._file.damage is not None
        self._file.check()
        self._file.check_rights()

    def _look_through(self) -> None:
        began_ns = self._clock.monotonic_ns()
        if began_ns < self._next_ns:
            return
        try:
            self._file.damage = self._damage(began_ns + round(_CHECK_SECONDS * NS_PER_SECOND))
        except sqlite3.DatabaseError as error:
            if tells_damage(error):
                self._file.damage = str(error)
        self._next_ns = began_ns + _REST * (self._clock.monotonic_ns() - began_ns)

    def _damage(self, until_ns: int) -> str | None:
        uri = f"{self._file.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0.1)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.set_progress_handler(lambda: self._clock.monotonic_ns() > until_ns, _STEPS)
            for (line,) in connection.execute("PRAGMA quick_check(20)"):
                text = " ".join(line.split())
                if text != "ok" and not text.startswith(_VALUES):
                    return text[:200]
        return None
