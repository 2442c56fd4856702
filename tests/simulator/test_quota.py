from __future__ import annotations

import pytest

from probe.lib.clock import NS_PER_SECOND
from probe.simulator.quota import Admission, Quotas, go_duration


def test_a_minute_holds_so_many_and_refusals_do_not_count() -> None:
    quotas = Quotas()
    second = NS_PER_SECOND
    assert quotas.admit("a", 2, 0) == Admission(True, 1, 0, 60)
    assert quotas.admit("a", 2, 10 * second) == Admission(True, 0, 50, 60)
    assert quotas.admit("a", 2, 20 * second) == Admission(False, 0, 40, 50)
    assert quotas.admit("b", 2, 20 * second).admitted
    assert quotas.admit("a", 2, 60 * second) == Admission(True, 0, 10, 60)
    assert quotas.admit("a", 2, 69 * second) == Admission(False, 0, 1, 51)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0ms"), (0.0061, "7ms"), (0.012, "12ms"), (1, "1s"), (7.5, "7.5s"), (62.5, "1m2.5s"), (120, "2m0s")],
)
def test_durations_as_the_headers_write_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text
