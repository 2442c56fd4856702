"""The modules that take longest, first: a run on several cores ends when its last long one does.

Kept by hand, from `pytest --durations`; what is missing here comes after them, what is wrong costs seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
SLOWEST: Final = (
    "whole/test_kill.py",
    "whole/test_influxdb.py",
    "whole/test_outage.py",
    "whole/test_stop.py",
    "cli/test_models.py",
    "whole/test_reload.py",
    "whole/test_discovery.py",
    "whole/test_alerts.py",
    "whole/test_otlp.py",
    "whole/test_many.py",
    "whole/test_two_daemons.py",
    "whole/test_newcomer.py",
    "whole/test_prometheus.py",
    "whole/test_slots.py",
    "cli/test_prices.py",
    "whole/test_input.py",
    "whole/test_board.py",
    "rules/test_quiet_week.py",
    "dashboards/test_queries.py",
    "api/test_board_page.py",
    "whole/test_clock.py",
    "cli/test_requests.py",
    "cli/test_no_secret.py",
    "config/test_any_input.py",
    "store/test_spending.py",
)

_PLACES: Final = {TESTS / name: place for place, name in enumerate(SLOWEST)}


def slowest_first(items: list[pytest.Item]) -> None:
    """Sort them in place; tests of one module stay together, in their order."""
    items.sort(key=lambda item: _PLACES.get(item.path, len(SLOWEST)))
