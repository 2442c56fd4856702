"""Which tests need more than Python and the packages of the group `unit`: told by what their code reaches.

A test, its fixtures and the helpers that they call are followed by name through the functions of `tests`. A
test that gets to `program`, or imports a package of the larger groups, is marked `full`. So nobody keeps a
list, and a new test is on the right side by what it does.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any, Final

import pytest

from tests.servers.programs import program

# Tests import them inside functions, so that every test can be collected without them.
PACKAGES: Final = frozenset(
    {"anthropic", "cohere", "gguf", "google.genai", "helm_python", "kubernetes_validate", "playwright"}
)

_known: dict[Any, bool] = {program: True}


def needs_more(item: pytest.Function) -> bool:
    """Whether a server, a browser or another foreign program has to be there for this test."""
    if "whole" in item.path.parts:
        # From end to end, with the daemon as a server of its own: minutes.
        return True
    spec = getattr(item, "callspec", None)
    if spec is not None and "postgresql" in spec.params.values():
        # Of a fixture that is requested by name at run time.
        return True
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return any(map(reaches, [item.function, *(each.func for found in fixtures for each in found)]))


def reaches(thing: Any) -> bool:
    thing = inspect.unwrap(thing)
    if not isinstance(thing, (FunctionType, type)) or not thing.__module__.startswith("tests."):
        return False
    if thing not in _known:
        _known[thing] = False  # for one that calls itself
        _known[thing] = any(_leads_there(thing, code) for code in _code_of(thing))
    return _known[thing]


def _code_of(thing: FunctionType | type) -> Iterator[CodeType]:
    """That of a function and what is defined in it, or of every method of a class."""
    if isinstance(thing, FunctionType):
        waiting = [thing.__code__]
    else:
        members = (getattr(each, "__func__", getattr(each, "fget", each)) for each in vars(thing).values())
        waiting = [
            inspect.unwrap(each).__code__
            for each in members
            if callable(each) and isinstance(inspect.unwrap(each), FunctionType)
        ]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [each for each in code.co_consts if isinstance(each, CodeType)]


def _leads_there(thing: FunctionType | type, code: CodeType) -> bool:
    names = vars(sys.modules[thing.__module__])
    for name in code.co_names:
        if name in PACKAGES or name.partition(".")[0] in PACKAGES:
            return True
        if callable(used := names.get(name)) and reaches(used):
            return True
    return False
