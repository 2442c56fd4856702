"""Upper bounds of histogram buckets.

From 50 ms to 30 s two neighbours are never further apart than a factor of 1.25, which bounds the error of a
quantile read off a histogram. The round numbers that objectives are made of (0.1, 0.5, 1, 2, 5, 10 …) are
among them, so that "answered within 2 s" is counted exactly.
"""

_STEPS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0)


def _fine() -> tuple[float, ...]:
    """From 50 ms to 30 s."""
    bounds = (round(step * 10.0**power, 6) for power in (-2, -1, 0, 1) for step in _STEPS)
    return tuple(bound for bound in bounds if 0.05 <= bound <= 30)


_SLOW = (40.0, 60.0, 90.0, 120.0)

LATENCY_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.04, *_fine(), *_SLOW)
GAP_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, *_fine())
LAG_SECONDS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    5.0,
    30.0,
)
TOKENS_PER_SECOND = (
    *(1.0, 2.0, 3.0, 5.0, 7.5),
    *(10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0),
    *(100.0, 125.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 750.0),
    *(1000.0, 1500.0, 2000.0, 3000.0, 5000.0),
)
