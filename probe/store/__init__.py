"""The memory: samples, runs, slots, prices and delivery cursors, in SQLite or PostgreSQL."""

from probe.store.backup import backup, restore
from probe.store.migrate import upgrade
from probe.store.records import (
    LeaderboardRow,
    ModelRecord,
    Page,
    Points,
    PriceRecord,
    ProviderRecord,
    PruneReport,
    ResultFilter,
    RunEnd,
    RunFilter,
    RunRecord,
    RunStatus,
    SlotCounts,
    SlotStatus,
    StoredSample,
    StoreFacts,
)
from probe.store.store import Store

__all__ = [
    "LeaderboardRow",
    "ModelRecord",
    "Page",
    "Points",
    "PriceRecord",
    "ProviderRecord",
    "PruneReport",
    "ResultFilter",
    "RunEnd",
    "RunFilter",
    "RunRecord",
    "RunStatus",
    "SlotCounts",
    "SlotStatus",
    "Store",
    "StoreFacts",
    "StoredSample",
    "backup",
    "restore",
    "upgrade",
]
