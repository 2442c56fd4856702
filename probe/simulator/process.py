"""The simulator as a child process that never outlives its parent."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

import msgspec

from probe.errors import SimulatorError
from probe.simulator.options import SimulatorOptions, to_arguments


class Listening(msgspec.Struct, frozen=True):
    """What the child says once it listens."""

    base_url: str
    origin: str
    pid: int
    ca_file: str | None


class SimulatorProcess:
    """A running simulator. It stops when told to, and when this process ends in whatever way.

    Its standard input is held open by the parent: the kernel closes it with the parent, and the child goes.
    """

    def __init__(self, process: Process, ready: Listening) -> None:
        self._process = process
        self.base_url = ready.base_url
        self.origin = ready.origin
        self.pid = ready.pid
        self.ca_file = Path(ready.ca_file) if ready.ca_file else None

    @classmethod
    async def start(cls, options: SimulatorOptions | None = None, *, ready_seconds: float = 20.0) -> Self:
        """Start one and wait until it listens.

        Raises SimulatorError where it ends, or says nothing in time; its reason is on standard error.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "probe.simulator",
            "--until-stdin-closes",
            *to_arguments(options or SimulatorOptions()),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,  # Ctrl-C is for the parent: what is in flight may end first
        )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), ready_seconds)
            return cls(process, msgspec.json.decode(line, type=Listening))
        except (TimeoutError, msgspec.DecodeError) as exc:
            await _end(process)
            raise SimulatorError("the simulator did not start") from exc
        except BaseException:
            await _end(process)
            raise

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> int:
        """Until it ends; its exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it and wait for its end. Harmless where it has ended."""
        await _end(self._process)


async def _end(process: Process, grace_seconds: float = 5.0) -> None:
    assert process.stdin is not None
    process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), grace_seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.wait_closed()
