"""What a process holds in memory until the store takes it, on the disk as well, lest a kill loses it.

Each process writes a file of its own beside the spill file, `*.held-…`, and keeps it locked: the kernel lets
go of it when the process ends, however it ends, and the next start adds its lines to the spill file.
"""

import fcntl
import glob
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from probe.facts.sample import Sample
from probe.store.spill import SpillFile, write_durably

# Lines of samples that are stored by now stay in the file until there are more of them than this.
_MOST_STALE = 1000


def spare_folder() -> Path:
    """Where held samples go if the folder of the spill file takes none: one of this user's own."""
    return Path(tempfile.gettempdir(), f"inference-probe-{os.getuid()}")


@dataclass(slots=True)
class _Open:
    """`synced` of its lines are on the disk, or None if the disk takes no more."""

    path: Path
    descriptor: int
    ids: set[UUID] = field(default_factory=set)
    synced: int | None = 0

    def serves(self, ids: set[UUID]) -> bool:
        """It holds some of these, and little else, on a disk that takes more."""
        return self.synced is not None and bool(ids & self.ids) and len(self.ids - ids) <= _MOST_STALE

    def close(self, *, remove: bool) -> None:
        if remove:
            with suppress(OSError):  # read back once more it does no harm
                self.path.unlink()
        os.close(self.descriptor)


class HeldFile:
    """`encode` makes a line of a sample; `spare` is the folder that is tried second. Threads may use it."""

    def __init__(self, spill: SpillFile, encode: Callable[[Sample], str], spare: Path | None = None) -> None:
        self._spill = spill
        self._encode = encode
        self._folders = [spill.path.parent]
        if spare is not None:
            # One folder serves every database of a user.
            place = hashlib.sha256(os.fsencode(spill.path.absolute())).hexdigest()[:16]
            self._folders.append(spare / place)
        self._lock = threading.Lock()
        self._open: _Open | None = None
        self._closed = False

    def keep(self, samples: Sequence[Sample]) -> None:
        """Returns once all of these are in the kernel's hands; raises OSError. Others may go from it."""
        with self._lock:
            if self._closed:
                return
            current, ids = self._open, {sample.id for sample in samples}
            if current is not None and current.serves(ids):
                with suppress(OSError):  # another place may take them
                    self._append(current, samples)
                    return
            self._open = self._anew(samples) if samples else None
            if current is not None:
                current.close(remove=True)

    def sync(self) -> None:
        """Returns once what is kept by now survives a power cut, too; raises OSError."""
        with self._lock:
            current = self._open
            if current is None or current.synced in (None, len(current.ids)):
                return
            count, descriptor = len(current.ids), os.dup(current.descriptor)
        try:
            os.fsync(descriptor)
            current.synced = count
        except OSError:
            current.synced = None
            # The place that took them last is tried last.
            self._folders.append(self._folders.pop(self._folders.index(current.path.parent)))
            raise
        finally:
            os.close(descriptor)

    def close(self, *, leave: bool = False) -> None:
        """Nothing is kept from here on; what is kept by now is left to the next start if told so."""
        with self._lock:
            self._closed = True
            if self._open is not None:
                self._open.close(remove=not leave)
                self._open = None

    @property
    def orphaned(self) -> bool:
        """There may be files of processes that are no more."""
        own = None if self._open is None else self._open.path
        return any(path != own for path in self._files())

    def adopt(self) -> None:
        """Add what processes kept that are no more to the spill file. Raises OSError."""
        with self._spill.alone():
            for path in self._files():
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    if _lock(descriptor):
                        self._spill.append_lines(path.read_bytes())
                        path.unlink()
                finally:
                    os.close(descriptor)

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from sorted(folder.glob(f"{glob.escape(self._spill.path.name)}.held-*"))

    def _anew(self, samples: Sequence[Sample]) -> _Open:
        """All of them in a new file, in the first folder that takes it."""
        reasons: list[OSError] = []
        for folder in self._folders:
            try:
                created = self._create(folder)
                try:
                    self._append(created, samples)
                except OSError:
                    created.close(remove=True)
                    raise
            except OSError as exc:
                reasons.append(exc)
            else:
                return created
        raise reasons[0]

    def _create(self, folder: Path) -> _Open:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder != self._spill.path.parent and folder.parent.lstat().st_uid != os.getuid():
            raise PermissionError(f"{folder.parent} is another user's")
        # Locked before anybody looks for it.
        with self._spill.alone():
            path = folder / f"{self._spill.path.name}.held-{uuid4().hex}"
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            _lock(descriptor)
            return _Open(path, descriptor)

    def _append(self, file: _Open, samples: Sequence[Sample]) -> None:
        new = [sample for sample in samples if sample.id not in file.ids]
        if new:
            lines = "".join(f"{self._encode(each)}\n" for each in new).encode()
            write_durably(file.descriptor, lines, sync=False)
            file.ids.update(sample.id for sample in new)


def _lock(descriptor: int) -> bool:
    """False if another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: what is read twice is stored once
        return True
    return True
