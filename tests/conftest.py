"""What every test shares: nothing may leave this machine, and no clock decides."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import settings

from tests.servers.order import slowest_first
from tests.servers.reach import needs_more

# The same examples each time, however slow the machine: a failure is about the change. To look for more:
# pytest --hypothesis-profile=search
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("steady")

pytest_plugins = [
    "tests.servers.chromium",
    "tests.servers.daemon",
    "tests.servers.engine",
    "tests.servers.neighbours",
    "tests.servers.postgres",
    "tests.servers.simulator",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before `-m` looks at the marks."""
    for item in items:
        if isinstance(item, pytest.Function) and needs_more(item):
            item.add_marker(pytest.mark.full)
    slowest_first(items)


_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _refuse_foreign(address: Any) -> None:
    """Only loopback and local sockets: a test can never reach a paid API."""
    if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
        raise AssertionError(f"a test tried to reach {address[0]}")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: Any) -> None:
        _refuse_foreign(address)
        _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_foreign(address)
        return _connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
