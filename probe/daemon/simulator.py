"""The bundled simulator, if the configuration needs one: started once, started again if it dies."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

import structlog

from probe.errors import SimulatorError
from probe.lib.retry import Backoff
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess

_log = structlog.get_logger("probe.daemon.simulator")

# One that dies is started again after a pause, which doubles with each try that fails.
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0


class BundledSimulator:
    """`base_url` is None until it was started; it stays the same when the process has to be started again."""

    def __init__(
        self, options: SimulatorOptions | None = None, *, first_pause_seconds: float = _FIRST_PAUSE_SECONDS
    ) -> None:
        self._options = options or SimulatorOptions()
        self._first_pause_seconds = first_pause_seconds
        self._process: SimulatorProcess | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str | None:
        return None if self._process is None else self._process.base_url

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Harmless while it runs. Raises SimulatorError."""
        if self._process is not None:
            return
        self._process = await _start(self._options)
        port = urlsplit(self._process.base_url).port
        assert port is not None
        self._options = replace(self._options, port=port)
        self._keeper = asyncio.create_task(self._keep(self._process), name="simulator keeper")

    async def aclose(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        if self._process is not None:
            await self._process.stop()
            self._process = None

    async def _keep(self, process: SimulatorProcess) -> None:
        while True:
            code = await process.wait()
            _log.error("the simulator ended; another is started", exit_code=code)
            process = self._process = await self._start_again()

    async def _start_again(self) -> SimulatorProcess:
        backoff = Backoff(self._first_pause_seconds, _LONGEST_PAUSE_SECONDS)
        pause = backoff.next_seconds()
        while True:
            await asyncio.sleep(pause)
            try:
                return await _start(self._options)
            except SimulatorError as exc:
                pause = backoff.next_seconds()
                _log.error("the simulator does not start", error=str(exc), pause_seconds=pause)


async def _start(options: SimulatorOptions) -> SimulatorProcess:
    """Raises SimulatorError, also if the system gives no process."""
    try:
        return await SimulatorProcess.start(options)
    except OSError as exc:
        raise SimulatorError(f"the simulator cannot be started: {exc.strerror}") from exc
