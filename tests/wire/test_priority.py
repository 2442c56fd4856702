"""A stopwatch that runs before others, and gives way before it harms them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from probe.wire.http1 import read_response
from probe.wire.process import StopwatchProcess
from tests.wire.asking import ask
from tests.wire.raw_server import answers, response, serving

ROOT = Path(__file__).parents[2]


def run(code: str) -> str:
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return completed.stdout.strip()


def policy_allowed_here() -> int:
    """What a process of this user gets that asks for precedence."""
    try_it = "os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"
    return int(run(f"import os\ntry: {try_it}\nexcept OSError: pass\nprint(os.sched_getscheduler(0))"))


async def test_the_stopwatch_process_takes_what_it_may() -> None:
    stopwatch = await StopwatchProcess.start()
    try:
        assert stopwatch.pid is not None
        policy = os.sched_getscheduler(stopwatch.pid) & ~os.SCHED_RESET_ON_FORK
        assert policy == policy_allowed_here()
        with serving(answers(response(b"x"))) as server:
            capture = await stopwatch.exchange(ask(server, host="localhost"))
        assert read_response(capture).body == b"x"
    finally:
        await stopwatch.aclose()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_it_gives_way_when_it_never_waits() -> None:
    """It would run for ever here, were precedence not given up; where there is none, it ends at once."""
    code = """
import os
from probe.wire.worker import take_priority
take_priority(longest_run_us=50_000)
while os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR:
    pass
print("gave way")
"""
    assert run(code) == "gave way"


def test_a_machine_that_allows_nothing_is_no_error() -> None:
    code = """
import os
def refuse(*_): raise PermissionError(1, "Operation not permitted")
os.sched_setscheduler = refuse
from probe.wire.worker import take_priority
take_priority()
print(os.sched_getscheduler(0) == os.SCHED_OTHER)
"""
    assert run(code) == "True"
