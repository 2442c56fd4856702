"""The bundled simulator, where the configuration needs one: started once, started again if it dies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

import structlog

from probe.errors import SimulatorError
from probe.simulator.options import SimulatorOptions
from probe.simulator.process import SimulatorProcess

_log = structlog.get_logger("probe.bundled")

_PAUSE_SECONDS = 1.0


class BundledSimulator:
    """`base_url` is None until it was started; it stays the same when the process has to be started again."""

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self._options = options or SimulatorOptions()
        self._process: SimulatorProcess | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str | None:
        return None if self._process is None else self._process.base_url

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Harmless where it runs. Raises SimulatorError."""
        if self._process is not None:
            return
        self._process = await SimulatorProcess.start(self._options)
        port = urlsplit(self._process.base_url).port
        assert port is not None
        self._options = replace(self._options, port=port)
        self._keeper = asyncio.create_task(self._keep(), name="simulator keeper")

    async def aclose(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        if self._process is not None:
            await self._process.stop()
            self._process = None

    async def _keep(self) -> None:
        while True:
            assert self._process is not None
            code = await self._process.wait()
            _log.error("the simulator ended, starting it again", exit_code=code)
            await self._start_again()

    async def _start_again(self) -> None:
        while True:
            try:
                self._process = await SimulatorProcess.start(self._options)
                return
            except SimulatorError as exc:
                _log.error("the simulator does not start", error=str(exc))
                await asyncio.sleep(_PAUSE_SECONDS)
