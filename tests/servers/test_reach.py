"""Who is marked `full`: whoever gets to a program or a package that `make unit` does without."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.servers.programs import program
from tests.servers.reach import reaches

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _server() -> Iterator[str]:
    yield program("some-server")


@cache
def _import_in_a_function() -> None:
    import playwright

    print(playwright)


class _Client:
    def call(self) -> str:
        with _server() as name:
            return name


def _by_a_class() -> None:
    _Client()


def _by_a_nested_function() -> None:
    def later() -> str:
        return program("later")

    later()


def _back_and_forth(times: int) -> None:
    if times:
        _back_and_forth(times - 1)


@pytest.mark.parametrize("function", [_server, _import_in_a_function, _by_a_class, _by_a_nested_function])
def test_what_needs_a_program_is_found(function: object) -> None:
    assert reaches(function)


@pytest.mark.parametrize("function", [_back_and_forth, len, pytest.fail, "text"])
def test_what_needs_none_is_not(function: object) -> None:
    assert not reaches(function)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def test_of_two_databases_one_is_a_server(database: str, request: pytest.FixtureRequest) -> None:
    assert (request.node.get_closest_marker("full") is not None) == (database == "postgresql")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(AssertionError, match="no-such-program is not installed"):
        program("no-such-program", "nor-this")
