"""Taking values out of JSON of any shape."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
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
    assert values.whole_number(value) == expected


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
    assert values.timestamp(value) == expected


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
    assert values.clean_text("a\x00b\ud800") == "a\ufffdb\ufffd"
    assert values.written({"city": "Paris é"}) == '{"city": "Paris é"}'


def test_containers() -> None:
    assert values.items([{"a": 1}, 7, None, {}]) == [{"a": 1}, {}]
    assert values.items({"a": 1}) == []
    assert values.mapping({"a": 1}) == {"a": 1}
    assert values.mapping([1]) == {}
    assert values.mapping(None) == {}


class Inner(msgspec.Struct, rename="camel"):
    how_many: int | None = None
    raw: msgspec.Raw = msgspec.Raw(b"none")


class Outer(msgspec.Struct):
    name: str | None = None
    done: bool | None = None
    inner: Inner | None = None
    inners: list[Inner] | None = None
    objects: list[dict[str, Any]] | None = None
    one: dict[str, Any] | None = None
    anything: Any = None
    kept: str = "as it was"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, Outer()),
        ({"name": 7, "unknown": 1}, Outer(name="7")),
        ({"name": [], "done": "yes", "inner": 3, "inners": {}, "objects": 1, "one": []}, Outer()),
        ({"name": None, "kept": None, "anything": [None]}, Outer(anything=[None])),
        ({"inner": {"howMany": "12", "how_many": 3}}, Outer(inner=Inner(how_many=12))),
        ({"inners": [{"howMany": 1.5}, None, {"howMany": 2.0}]}, Outer(inners=[Inner(), Inner(how_many=2)])),
        ({"inner": {"raw": {"a": "é"}}}, Outer(inner=Inner(raw=msgspec.Raw('{"a": "é"}'.encode())))),
        ({"objects": [{"a": 1}, 2], "one": {"b": None}}, Outer(objects=[{"a": 1}], one={"b": None})),
    ],
)
def test_an_object_is_fitted_field_by_field(sent: dict[str, Any], expected: Outer) -> None:
    assert values.fitted(Outer, sent) == expected
