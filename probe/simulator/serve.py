"""Running a simulator as a process of its own."""

import asyncio
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable

import msgspec

from probe.errors import SimulatorError
from probe.simulator.options import SimulatorOptions
from probe.simulator.server import Simulator

Announce = Callable[[Simulator], None]


def announce_for_people(simulator: Simulator) -> None:
    """Where it listens and how to talk to it, on standard output."""
    trust = f" --cacert {simulator.ca_file}" if simulator.ca_file else ""
    key = simulator.options.require_key
    authorization = " \\\n    -H 'Authorization: Bearer KEY'" if key else ""
    sys.stdout.write(
        f"The simulator listens on {simulator.base_url}; Ctrl-C stops it.\n\n"
        f"  curl -N{trust} {simulator.base_url}/chat/completions{authorization} \\\n"
        "    -H 'Content-Type: application/json' \\\n"
        '    -d \'{"model": "sim?ttft_ms=300&gap_ms=40&tokens=30", "stream": true,\n'
        '         "messages": [{"role": "user", "content": "Hello"}]}\'\n\n'
        f"  {simulator.base_url}/models  the models\n"
        f"  {simulator.origin}           the same in every other API: docs/simulator.md\n"
        f"  {simulator.origin}/stats      what was asked of it\n"
        f"  {simulator.origin}/truth      what it wrote, and when\n"
    )
    sys.stdout.flush()


def announce_as_json(simulator: Simulator) -> None:
    """One JSON line for a parent process."""
    ready = {
        "base_url": simulator.base_url,
        "origin": simulator.origin,
        "pid": os.getpid(),
        "ca_file": str(simulator.ca_file) if simulator.ca_file else None,
    }
    sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
    sys.stdout.buffer.flush()


def serve(
    options: SimulatorOptions, announce: Announce = announce_for_people, *, until_stdin_closes: bool = False
) -> None:
    """Serve until SIGTERM or Ctrl-C, or until standard input ends if that is requested.

    Raises ConfigError or SimulatorError if it cannot start.
    """
    _allow_many_connections()
    asyncio.run(_serve(options, announce, until_stdin_closes=until_stdin_closes))


async def _serve(options: SimulatorOptions, announce: Announce, *, until_stdin_closes: bool) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if until_stdin_closes:
        _watch_stdin(stopping)
    async with Simulator(options) as simulator:
        gc.collect()
        gc.freeze()
        announce(simulator)
        await stopping.wait()


def _watch_stdin(stopping: asyncio.Event) -> None:
    """Set the event when standard input ends."""
    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stopping.set()

    try:
        loop.add_reader(0, readable)
    except PermissionError as exc:
        raise SimulatorError("standard input must be a pipe or a terminal to be watched") from exc


def _allow_many_connections() -> None:
    """As many open files as this process may have: every stream is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
