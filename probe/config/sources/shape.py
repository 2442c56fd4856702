"""What the models of `probe.config` admit at a place: read off the models, never typed again."""

import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from pydantic import JsonValue, SecretStr
from pydantic.fields import FieldInfo

from probe.config import Config
from probe.config.values import Section

Place = tuple[str | int, ...]  # ("jobs", 0, "cron")
Shape = Any  # a type annotation, or None

# The shape of a setting of another package: anything that JSON can say.
FREE: Final = JsonValue
_SECRET_NAME: Final = re.compile("key|password|secret|token", re.IGNORECASE)


def dotted(place: Place) -> str:
    """jobs[0].cron, on one line whatever the keys hold."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{visible(key)}" for key in place)
    return text.removeprefix(".")


def visible(text: str) -> str:
    """The text itself, or quoted if it holds what a line cannot show."""
    return text if text.isprintable() else repr(text)


def shape_at(place: Place) -> Shape:
    """The type at a place, without annotations and without None. Returns None if nothing can stand there."""
    shape: Shape = Config
    for key in place:
        shape = step(shape, key)
    return shape


def step(shape: Shape, key: str | int) -> Shape:
    """The type of one entry. Returns None if a value of this shape has no such entry."""
    if shape is FREE:
        return FREE
    if is_section(shape):
        field = shape.model_fields.get(key)
        return _extra(shape) if field is None else bare(field.annotation)
    if is_mapping(shape) and isinstance(key, str):
        return bare(get_args(shape)[1])
    if is_list(shape) and isinstance(key, int):
        return bare(get_args(shape)[0])
    return None


def is_secret(place: Place) -> bool:
    """Whether the value must never be shown; in a section of another package the name decides."""
    shape = shape_at(place)
    return shape is SecretStr or (shape is FREE and _SECRET_NAME.search(str(place[-1])) is not None)


def keys_of(shape: Shape) -> Mapping[str, FieldInfo]:
    """The settings of a section; nothing for any other shape."""
    return shape.model_fields if is_section(shape) else {}


def is_section(shape: Shape) -> bool:
    return isinstance(shape, type) and issubclass(shape, Section)


def is_mapping(shape: Shape) -> bool:
    """A mapping from names that people choose."""
    return _origin(shape) is dict


def takes_any_name(shape: Shape) -> bool:
    """A mapping, or a section with settings of other packages beside its own."""
    return is_mapping(shape) or _extra(shape) is not None


def is_list(shape: Shape) -> bool:
    return _origin(shape) is tuple


def is_structure(shape: Shape) -> bool:
    """Whether a variable must hold JSON to be of this shape."""
    return is_section(shape) or is_mapping(shape) or is_list(shape)


def bare(shape: Shape) -> Shape:
    """The type without its annotations and without None."""
    origin = _origin(shape)
    if origin is Annotated:
        return bare(get_args(shape)[0])
    if origin in (Union, UnionType):
        return bare(next(member for member in get_args(shape) if member is not NoneType))
    return shape


def every_setting(section: type[Section] = Config, place: Place = ()) -> Iterator[tuple[Place, FieldInfo]]:
    """All settings, depth first; a name that people choose is `*` and an entry of a list is 0."""
    for key, field in section.model_fields.items():
        here = (*place, key)
        shape = bare(field.annotation)
        yield here, field
        if is_mapping(shape):
            yield from every_setting(bare(get_args(shape)[1]), (*here, "*"))
        elif is_list(shape) and is_section(bare(get_args(shape)[0])):
            yield from every_setting(bare(get_args(shape)[0]), (*here, 0))
        elif is_section(shape):
            yield from every_setting(shape, here)


def variable_form(name: str) -> str:
    """How a name is written inside a variable: `my-vllm` is MY_VLLM."""
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def _extra(shape: Shape) -> Shape:
    """The type under a name that a section does not know. Returns None if it takes no such name."""
    if not is_section(shape) or shape.model_config.get("extra") != "allow":
        return None
    return bare(get_args(get_type_hints(shape, include_extras=True)["__pydantic_extra__"])[1])


def _origin(shape: Shape) -> object:
    return get_origin(shape)
