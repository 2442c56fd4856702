from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.discovery.lists import Lists, listing_server
from tests.store.conftest import *  # noqa: F403


@pytest.fixture
def lists() -> Iterator[Lists]:
    with listing_server() as running:
        yield running
