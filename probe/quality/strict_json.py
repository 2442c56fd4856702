"""JSON as it is defined, no more: no NaN, no key twice, no endless nesting; numbers by their exact value."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

MOST_DEPTH = 64
_MOST_DIGITS = 1000
# Each takes a look at the rest of the text.
_MOST_UNCLOSED = 8
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)
_OPENING: Final = re.compile(r"[{\[]")
_PAIRS: Final = {"}": "{", "]": "["}


def parse(text: str) -> Any:
    """Raises ValueError with the reason. Integers are int, other numbers Decimal."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        raise ValueError(f"{exc.msg} at character {exc.pos + 1}") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MOST_DEPTH}") from None
    if _deeper(value):
        raise ValueError(f"nested deeper than {MOST_DEPTH}")
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)[:60]!r} twice")
    return values


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number of more than 1000 digits")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number of more than 1000 digits")
    return Decimal(digits)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_integer, parse_float=_decimal
)


def _deeper(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return any(isinstance(each, dict | list) for each in level)


def embedded(text: str) -> Iterator[str]:
    """The objects and arrays in a text, from left to right, the outermost only, whether or not they are JSON.

    A bracket that is never closed is passed over, the first few times.
    """
    place = unclosed = 0
    while (opening := _OPENING.search(text, place)) is not None and unclosed < _MOST_UNCLOSED:
        start = opening.start()
        end = _closing(text, start)
        if end is None:
            unclosed += 1
            place = start + 1
            continue
        yield text[start:end]
        place = end


def _closing(text: str, start: int) -> int | None:
    open_brackets: list[str] = []
    for token in _TOKEN.finditer(text, start):
        mark = token[0]
        if mark in "{[":
            open_brackets.append(mark)
            if len(open_brackets) > MOST_DEPTH:
                return None
        elif mark in _PAIRS:
            if open_brackets.pop() != _PAIRS[mark]:
                return None
            if not open_brackets:
                return token.end()
    return None


def same(one: Any, other: Any, *, unordered: bool) -> bool:
    """1 is 1.0 and not true; what is missing is not null; arrays keep their order unless `unordered`."""
    return bool(_canonical(one, unordered) == _canonical(other, unordered))


def _canonical(value: Any, unordered: bool) -> Any:
    match value:
        case bool():
            return ("b", value)
        case int() | Decimal():
            return ("n", Decimal(value))
        case float():
            return ("n", Decimal(repr(value)))
        case dict():
            return ("o", {key: _canonical(inner, unordered) for key, inner in value.items()})
        case list() | tuple():
            items = [_canonical(inner, unordered) for inner in value]
            return ("a", sorted(items, key=repr) if unordered else items)
        case _:
            return (type(value).__name__, value)
