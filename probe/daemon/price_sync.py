"""Prices on schedule: the daemon's chore of that name."""

from __future__ import annotations

import structlog

from probe.config import PricingConfig
from probe.daemon.maintenance import Chores
from probe.errors import StoreError
from probe.pricing.pricing import Pricing
from probe.pricing.report import say
from probe.scheduling.job import ScheduledJob

_log = structlog.get_logger("probe.pricing")

NAME = "prices"


def scheduled_sync(pricing: Pricing, chores: Chores, config: PricingConfig) -> list[ScheduledJob]:
    """Nothing where nothing is to be fetched."""
    if not config.fetch:
        return []

    async def work(_: str) -> bool:
        try:
            done = await pricing.sync()
        except StoreError as exc:
            _log.error("prices cannot be kept", error=str(exc))
            return False
        for report in done.sources:
            say(report, report.source)
        return done.complete

    return [chores.job(NAME, config.cron, config.timezone, work)]
