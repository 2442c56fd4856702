"""Taking values out of JSON of any shape."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from probe.providers import values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, 12),
        (0, 0),
        (-3, -3),
        (12.0, 12),
        ("12", 12),
        ("12.00", 12),
        (12.5, None),
        ("twelve", None),
        ("-1", None),
        ("9" * 400, None),
        (True, None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        ([12], None),
    ],
)
def test_counts(value: object, expected: int | None) -> None:
    assert values.count(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(8192, 8192), ("8192", 8192), (0, None), (-1, None), (2**31, None), (None, None)]
)
def test_sizes(value: object, expected: int | None) -> None:
    assert values.size(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-21T12:00:00Z", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-21T13:00:00+01:00", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-21T12:00:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("soon", None),
        (1795262400, None),
        (None, None),
    ],
)
def test_instants(value: object, expected: datetime | None) -> None:
    assert values.instant(value) == expected


@pytest.mark.parametrize("data", [b'{"a":"\\ud800"}', b'{"a":NaN}', b'{"a":1e999}', b'{"a":1,"a":2}'])
def test_objects_that_only_some_readers_take(data: bytes) -> None:
    assert set(values.decode_object(data)) == {"a"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"1",
        b"{",
        b'{"a":\xff}',
        b'{"a":"\xff"}',
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b"{}{}",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_object(data: bytes) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  any message, but one line
        values.decode_object(data)
    assert "\n" not in str(raised.value)


def test_texts() -> None:
    assert values.text("é") == "é"
    assert values.text(7) == "7"
    assert values.text(True) is None
    assert values.text({"a": 1}) is None
    assert values.label("a\x00b\ud800") == "a\ufffdb\ufffd"
    assert values.written({"city": "Paris é"}) == '{"city": "Paris é"}'


def test_containers() -> None:
    assert values.items([{"a": 1}, 7, None, {}]) == [{"a": 1}, {}]
    assert values.items({"a": 1}) == []
    assert values.mapping({"a": 1}) == {"a": 1}
    assert values.mapping([1]) == {}
    assert values.mapping(None) == {}
