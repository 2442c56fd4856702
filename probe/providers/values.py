"""Taking values out of JSON that may have any shape: what does not fit is None, never an error.

A number sent as text must not cost a sample.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from types import MappingProxyType, NoneType
from typing import Any, TypeVar, get_args, get_origin

import msgspec

_NUMBER = re.compile(r"[0-9]{1,15}(\.0*)?")
_LARGEST_SIZE = 2**31 - 1
_NOTHING: Mapping[str, Any] = MappingProxyType({})

_decode = msgspec.json.Decoder().decode

Struct = TypeVar("Struct", bound=msgspec.Struct)


def decode_object(data: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8, without types. Raises ValueError, one line, if it is none."""
    try:
        value = _decode(data)
    except (ValueError, RecursionError):
        # Half a surrogate pair, NaN and the like, which the standard library takes.
        try:
            value = json.loads(data.decode("utf-8"))
        except RecursionError:
            raise ValueError("JSON nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"a JSON object was expected, not {type(value).__name__}")  # noqa: TRY004
    return value


def decode_objects(data: bytes) -> list[dict[str, Any]]:
    """The same of a JSON object, or of each in a JSON array."""
    if not data.lstrip().startswith(b"["):
        return [decode_object(data)]
    try:
        return items(json.loads(data))
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def fitted(kind: type[Struct], value: Mapping[str, Any]) -> Struct:
    """The object as a struct of that kind, field by field; what does not fit its field is left out.

    For what typed decoding refuses as a whole. Null counts as left out, too.
    """
    present = ((name, shape, value.get(key)) for key, (name, shape) in _fields(kind).items())
    return kind(**{name: _fit(shape, sent) for name, shape, sent in present if sent is not None})


@cache
def _fields(kind: type[msgspec.Struct]) -> Mapping[str, tuple[str, Any]]:
    """The name of each field and its type (without None), by what the field is called in JSON."""
    return {
        field.encode_name: (field.name, _without_none(field.type)) for field in msgspec.structs.fields(kind)
    }


def _without_none(shape: Any) -> Any:
    kinds = get_args(shape)
    return next(kind for kind in kinds if kind is not NoneType) if NoneType in kinds else shape


def _fit(shape: Any, value: object) -> Any:
    """The value as far as it has this shape; None if it does not."""
    if shape in _PLAIN:
        return _PLAIN[shape](value)
    if get_origin(shape) is list:
        if not isinstance(value, list):
            return None
        (entry,) = get_args(shape)
        return [_fit(entry, each) for each in items(value)]
    if not isinstance(value, dict):
        return None
    return value if get_origin(shape) is dict else fitted(shape, value)


def mapping(value: object) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def part(value: object, *names: str) -> Mapping[str, Any]:
    """The object at that place; an empty one if there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return mapping(value)


def items(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Text as it should be. Halves of a surrogate pair stay halves; see `whole_text`."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def written(value: object) -> str:
    """The value as JSON: arguments of a call that came as an object. Empty if nested too deeply."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def clean_text(value: object) -> str | None:
    """A short text that every database can keep."""
    found = text(value)
    return None if found is None else whole_text(found)


def whole_number(value: object) -> int | None:
    """A whole number, also if it came as text or as 12.0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return None


def size(value: object) -> int | None:
    """A number of tokens that a model can take, also as text; zero is one that is not known."""
    found = decimal(value)
    if found is None or found != found.to_integral_value():
        return None
    return int(found) if 0 < found <= _LARGEST_SIZE else None


def decimal(value: object) -> Decimal | None:
    """A number of at least 0, as it is written."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        found = Decimal(str(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return found if found.is_finite() and found >= 0 else None


def timestamp(value: object) -> datetime | None:
    """An RFC 3339 date in UTC. One before 1990 is a zero of some calendar, and none."""
    if not isinstance(value, str):
        return None
    try:
        date = datetime.fromisoformat(value)
        return date.astimezone(UTC) if date.tzinfo is not None and date.year >= 1990 else None
    except (ValueError, OverflowError):
        return None


def first_known(*values: Any) -> Any:
    """The first that is not None."""
    return next((value for value in values if value is not None), None)


def whole_text(text: str) -> str:
    """The text as every database can keep it: U+FFFD for NUL and for lone halves of surrogate pairs.

    Two halves that follow each other are joined: a provider that writes JSON with \\u escapes may split a
    pair over two events.
    """
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(written(value).encode("utf-8", "replace"))


_PLAIN: Mapping[Any, Callable[[object], Any]] = MappingProxyType(
    {Any: lambda value: value, str: text, int: whole_number, bool: _truth, msgspec.Raw: _raw}
)
