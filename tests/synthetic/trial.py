"""A synthetic history under the rules as they are delivered: what it raises in its last week."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from probe.metrics import CATALOGUE, names
from probe.metrics.names import PREFIX
from tests.synthetic.attempts import Subject
from tests.synthetic.history import History
from tests.synthetic.plan import DAY_SECONDS, Plan
from tests.synthetic.series import Recorded
from tests.synthetic.verdict import Raised, raised

RULES = tuple(sorted((Path(__file__).parents[2] / "deploy" / "prometheus" / "rules").glob("*.yml")))
WEEK_SECONDS = 7 * DAY_SECONDS
# As the delivered configuration of Prometheus names what it scrapes.
_SCRAPED_AS = 'job="inference-probe",instance="probe:9797"'
_NAME = re.compile(rf"{PREFIX}\w+")
_BOUND = re.compile(r'[{,]le=~"([^"]+)"')


async def last_week(
    subjects: Sequence[Subject],
    plan: Plan,
    folder: Path,
    *,
    step_seconds: int,
    evaluated_every_seconds: int | None = None,
    rules: Sequence[Path] = RULES,
) -> list[Raised]:
    """The alerts that fired in the last seven days, scraped and evaluated every `step_seconds`."""
    assert rules, "no rules"
    texts = [file.read_text() for file in rules]
    # A bucket that no rule reads costs as much as one that does.
    bounds = {bound for text in texts for bound in _BOUND.findall(text)}
    assert bounds, "no rule reads a bucket"
    recorded = Recorded(_SCRAPED_AS, re.compile("|".join(bounds)))
    scrapes = 1
    async for page in History(subjects, plan, _families(texts)).pages():
        recorded.add(page, scrapes)
        scrapes = plan.every_seconds // step_seconds
    until = plan.days * DAY_SECONDS
    # There are thirty kinds of failure, and few happen: to add up the zeros would take most of the time.
    series = recorded.series(idle={names.ATTEMPTS_TOTAL})
    return raised(
        rules,
        series,
        step_seconds,
        until - WEEK_SECONDS,
        until,
        folder,
        evaluated_every_seconds=evaluated_every_seconds,
    )


def _families(texts: Sequence[str]) -> AbstractSet[str]:
    """Those that rules read."""
    read = {name for text in texts for name in _NAME.findall(text)}
    return {
        family.name
        for family in CATALOGUE
        if read & {family.name, *(f"{family.name}{end}" for end in ("_bucket", "_sum", "_count"))}
    }
