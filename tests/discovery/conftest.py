from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.discovery.lists import Lists, listing_server
from tests.servers.postgres import postgres
from tests.store.conftest import (
    clock,
    postgres_template,
    postgres_url,
    sqlite_template,
    sqlite_url,
    store,
    url,
)

__all__ = [
    "clock",
    "postgres",
    "postgres_template",
    "postgres_url",
    "sqlite_template",
    "sqlite_url",
    "store",
    "url",
]


@pytest.fixture
def lists() -> Iterator[Lists]:
    with listing_server() as running:
        yield running
