"""Whether a process has ended, as another one can tell."""

from __future__ import annotations

import subprocess
import sys

from probe.lib.process import has_ended, own_process

TELL = "from probe.lib.process import own_process; print(own_process(), flush=True); input()"


def test_a_process_has_ended_once_it_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline().strip()
        assert not has_ended(told)
        process.kill()
        # Dead, and not waited for yet by its parent.
        while not has_ended(told):
            pass
    assert has_ended(told)


def test_another_process_under_the_same_number_is_another() -> None:
    mine = own_process()
    assert mine is not None
    assert not has_ended(mine)
    where, number, start = mine.rsplit(" ", 2)
    assert has_ended(f"{where} {number} {int(start) - 1}")


def test_of_another_machine_or_container_nothing_is_known() -> None:
    assert not has_ended("another-boot pid:[1] 4194304999 1")
