"""Where samples go that the store does not take: a file of JSON lines, read back when it takes them again.

One line is one sample, whole. What cannot be read back, or will never be stored, is kept in a file beside it,
`*.rejected`: nothing is deleted that is not in the store.
"""

import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from probe.errors import StoreError, StoreUnavailable
from probe.facts.sample import Sample
from probe.store.url import parse_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """How many lines of a spill file were stored, set aside for good, and left for the next time."""

    stored: int = 0
    rejected: int = 0
    left: int = 0


def spill_path(url: str) -> Path:
    """Beside the SQLite file; in the working directory if the database is elsewhere."""
    file = parse_url(url).path
    return Path("data/probe.spill.jsonl") if file is None else file.with_suffix(".spill.jsonl")


class SpillFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.rejected_path = path.with_name(path.name + ".rejected")
        # Lines are appended to `path` while those of an earlier time are being restored from here. It stays
        # as it is until all of it was handed over: a full disk must not keep it from being read back.
        self._restoring_path = path.with_name(path.name + ".restoring")

    @property
    def waiting(self) -> bool:
        """There is something to restore."""
        return self.path.exists() or self._restoring_path.exists()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Other processes that share the file neither add to it nor take it over meanwhile."""
        with ExitStack() as stack:
            with suppress(OSError):  # no folder yet, or a file system without locks
                descriptor = os.open(self.path.parent, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    def append(self, samples: Iterable[Sample]) -> None:
        """Returns once they are on the disk; raises OSError."""
        with self.alone():
            self.append_lines("".join(encode_sample(sample) + "\n" for sample in samples).encode())

    def append_lines(self, lines: bytes) -> None:
        """The same with lines that were written before, by who is `alone`."""
        _append(self.path, lines)

    def reject(self, sample: Sample) -> None:
        """Keep a sample that will never be stored; raises OSError."""
        with self.alone():
            _append(self.rejected_path, (encode_sample(sample) + "\n").encode())

    async def restore(self, add: Callable[[Sample], Awaitable[None]]) -> Restored:
        """Hand every sample to `add`, as `Store.add`, until it raises StoreUnavailable.

        What an earlier restoring left comes first, alone: there may be something `waiting` afterwards. Raises
        OSError. A restoring that does not come to its end begins anew the next time: `add` is handed samples
        again that it has stored.
        """
        with self.alone():
            if self.path.exists() and not self._restoring_path.exists():
                self.path.rename(self._restoring_path)
        if not self._restoring_path.exists():
            return Restored()
        stored = 0
        rejected: list[bytes] = []
        with self._restoring_path.open("rb") as lines:
            for line in lines:
                try:
                    await add(decode_sample(line))
                except StoreUnavailable:
                    return Restored(stored=stored, left=len(rejected) + 1 + sum(1 for _ in lines))
                except (ValueError, StoreError):
                    # Set aside at the end only: every beginning anew would set it aside once more.
                    rejected.append(line)
                else:
                    stored += 1
            self._end_restoring(lines.fileno(), rejected)
        return Restored(stored=stored, rejected=len(rejected))

    async def load_rejected(self, add: Callable[[Sample], Awaitable[None]]) -> Restored:
        """Hand what was rejected to `add` once more; what is refused again stays where it is.

        Raises OSError, and StoreUnavailable with nothing taken from the file.
        """
        lines = self.rejected_path.read_bytes().splitlines(keepends=True)
        refused: list[bytes] = []
        for line in lines:
            try:
                await add(decode_sample(line))
            except StoreUnavailable:
                raise
            except (ValueError, StoreError):
                refused.append(line)
        with self.alone():
            rest = b"".join(refused) + self.rejected_path.read_bytes()[sum(map(len, lines)) :]
            unfinished = self.rejected_path.with_name(self.rejected_path.name + ".part")
            unfinished.unlink(missing_ok=True)
            _append(unfinished, rest)
            unfinished.rename(self.rejected_path)
            if not rest:
                self.rejected_path.unlink()
        return Restored(stored=len(lines) - len(refused), rejected=len(refused))

    def _end_restoring(self, descriptor: int, rejected: list[bytes]) -> None:
        """Nothing is done if another process ended it before."""
        with self.alone(), suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), self._restoring_path.stat()):
                if rejected:
                    _append(self.rejected_path, b"".join(rejected))
                self._restoring_path.unlink()


def encode_sample(sample: Sample) -> str:
    """One line of ASCII: also text that is no valid Unicode survives."""
    return json.dumps(_adapter().dump_python(sample, mode="json"))


def decode_sample(line: str | bytes) -> Sample:
    """Raises ValueError."""
    sample: Sample = _adapter().validate_python(json.loads(line))
    return sample


def prepare_lines() -> None:
    """Have at hand what makes the first line take a second."""
    _adapter()


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Sample)


def _append(path: Path, lines: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Answers of models may be in it: for nobody else's eyes.
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            # Whoever wrote it was killed in the middle of a line.
            lines = b"\n" + lines
        write_durably(descriptor, lines)
    finally:
        os.close(descriptor)


def write_durably(descriptor: int, lines: bytes, *, sync: bool = True) -> None:
    """All of it is on the disk or, with an OSError, nothing: half a line would spoil the next one too.

    Without `sync` it is in the kernel's hands: safe from a kill, not yet from a power cut.
    """
    size_before = os.fstat(descriptor).st_size
    rest = memoryview(lines)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if sync:
            os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size_before)
        raise
