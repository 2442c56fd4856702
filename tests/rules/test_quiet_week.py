"""A week of a healthy probe and healthy providers raises nothing; the same week with troubles raises them."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.synthetic.attempts import Subject, a_target
from tests.synthetic.plan import DAY_SECONDS, Plan
from tests.synthetic.trial import WEEK_SECONDS, last_week
from tests.synthetic.verdict import Raised
from tests.synthetic.weather import ALL, DAILY, SPIKY, STEADY, Trouble

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Four days for the rules to know what is usual; the daemon is started anew on the eighth.
PLAN = Plan(days=11, restarts=frozenset({700}))
SINCE = PLAN.days * DAY_SECONDS - WEEK_SECONDS
BEGINS = SINCE + DAY_SECONDS

QUIET = {
    "steady": Subject(target=a_target("steady"), weather=STEADY, seed=1),
    "spiky": Subject(target=a_target("spiky"), weather=SPIKY, seed=2),
    "daily": Subject(target=a_target("daily"), weather=DAILY, seed=3),
    "all": Subject(target=a_target("all"), weather=ALL, seed=4),
    "slow": Subject(target=a_target("slow"), weather=ALL, ttft_seconds=0.8, tokens_per_second=30, seed=5),
}
STAGED = {
    "out": Trouble(since_seconds=BEGINS, until_seconds=BEGINS + 6 * 3600, failure="server_error"),
    "overdue": Trouble(since_seconds=BEGINS, until_seconds=BEGINS + 4 * 3600, waiting=6),
    "late": Trouble(since_seconds=BEGINS, waiting=1.5),
    "sluggish": Trouble(since_seconds=BEGINS, streaming=1.6),
}


def _staged(name: str) -> Subject:
    return Subject(target=a_target(name, provider=name), weather=ALL, troubles=(STAGED[name],), seed=4)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def week(tmp_path_factory: pytest.TempPathFactory) -> list[Raised]:
    subjects = [*QUIET.values(), *map(_staged, STAGED)]
    return await last_week(subjects, PLAN, tmp_path_factory.mktemp("week"), step_seconds=PLAN.every_seconds)


async def test_a_quiet_week_raises_nothing(week: list[Raised]) -> None:
    quiet = [each for each in week if each.labels.get("provider") not in STAGED]
    assert [each.name for each in quiet] == ["Watchdog"]


@pytest.mark.parametrize(
    ("name", "alerts"),
    [
        ("out", {"TargetDown", "HighErrorRate", "ProbeStale"}),
        ("overdue", {"TtftSloBurn"}),
        ("late", {"LatencyRegression"}),
        ("sluggish", {"TpsRegression", "LatencyRegression"}),
    ],
)
async def test_trouble_is_told(week: list[Raised], name: str, alerts: set[str]) -> None:
    told = [each for each in week if each.target == name]
    assert {each.name for each in told} == alerts
    assert all(each.at_seconds >= BEGINS for each in told)
