"""A daemon that claims slots: `python -m tests.store.claimer URL OWNER`, told to go on standard input.

Prints the numbers of the slots that it won, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime

from probe.facts.slot import Slot
from probe.store.store import Store

FIRST = datetime(2026, 3, 1, tzinfo=UTC)


async def claim(url: str, owner: str) -> None:
    async with await Store.open(url, owner=owner, patience_seconds=60) as store:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        slots = [Slot(job=f"job-{index}", planned_at=FIRST) for index in range(40)]
        claims = [await store.runs.claim(slot, suite="quick") for slot in slots]
    print(json.dumps([index for index, run in enumerate(claims) if run is not None]))


if __name__ == "__main__":
    asyncio.run(claim(*sys.argv[1:]))
