"""Running before everything else on the machine, where that is allowed."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from types import FrameType

_LONGEST_RUN_US = 5_000_000


def take_precedence(longest_run_us: int = _LONGEST_RUN_US) -> None:
    """Have the system wake this thread within microseconds, beside whatever else is busy (SCHED_RR).

    Allowed to root, with CAP_SYS_NICE, and within RLIMIT_RTPRIO; nothing changes elsewhere. Threads and
    processes started from here on run like any other. After `longest_run_us` of processor time without once
    waiting, precedence is given up for good: a mistake of ours must not take the machine away from others.
    """
    if sys.platform != "linux":
        return
    signal.signal(signal.SIGXCPU, _give_way)
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_RTTIME)
        resource.setrlimit(resource.RLIMIT_RTTIME, (longest_run_us, hard))
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _give_way(_number: int, _frame: FrameType | None) -> None:
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
