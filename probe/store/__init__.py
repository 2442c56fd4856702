"""The memory: samples, runs, slots, prices and delivery cursors, in SQLite or PostgreSQL."""

from probe.store.records import (
    LeaderboardRow,
    ModelRecord,
    Page,
    PriceRecord,
    ProviderRecord,
    PruneReport,
    ResultFilter,
    RunEnd,
    RunRecord,
    RunStatus,
    Series,
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
    "PriceRecord",
    "ProviderRecord",
    "PruneReport",
    "ResultFilter",
    "RunEnd",
    "RunRecord",
    "RunStatus",
    "Series",
    "SlotCounts",
    "SlotStatus",
    "Store",
    "StoreFacts",
    "StoredSample",
]
