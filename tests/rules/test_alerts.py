"""Every alert fires on what it is for, with all that it says, and is silent on what only looks like it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from probe.config import Config
from probe.rules.rules import rule_groups
from tests.rules.cases import account, burning, down, engines, market, operation, sources, trends
from tests.rules.promtool import run_cases

CASES = tuple(
    case
    for module in (down, account, engines, burning, trends, market, sources, operation)
    for case in module.CASES
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return run_cases(CASES, tmp_path_factory.mktemp("promtool"))


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_alert(name: str, found: dict[str, str]) -> None:
    assert not found[name], found[name]


def test_every_alert_is_seen_firing_and_silent() -> None:
    seen: dict[str, set[bool]] = defaultdict(set)
    for case in CASES:
        seen[case.alert].add(bool(case.firing))
    alerts = {alert.name for group in rule_groups(Config()) for alert in group.alerts}
    assert dict(seen) == {name: {True} if name == "Watchdog" else {True, False} for name in alerts}
