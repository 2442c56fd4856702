"""Pieces of PromQL, and the check that every name in an expression is one that exists."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from probe.errors import ProbeError
from probe.metrics import CATALOGUE
from probe.metrics.family import Family
from probe.metrics.names import PREFIX

# The scraped instance changes with every rollout; what was measured, and from where, does not.
SCRAPED: Final = ("instance", "pod")

_NAME: Final = re.compile(rf"(?<![\w:])(?:\w+:)?{PREFIX}\w+(?::\w+)?")
_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
}


class UnknownMetric(ProbeError):
    """A rule or a board names a metric, or a part or label of one, that the catalogue does not have."""


def names_of(family: Family) -> tuple[str, ...]:
    """The names under which Prometheus keeps a family."""
    return tuple(f"{family.name}{suffix}" for suffix in _SUFFIXES.get(family.kind, ("",)))


_KNOWN: Final = frozenset(name for family in CATALOGUE for name in names_of(family))
# As a whole a histogram can be read where it is native, and then its growth alone.
_NATIVE: Final = frozenset(f"increase({family.name}" for family in CATALOGUE if family.kind == "histogram")


def check_names(expression: str, recorded: Collection[str] = ()) -> None:
    """Raises UnknownMetric if a name is neither of the catalogue nor `recorded`."""
    for found in _NAME.finditer(expression):
        name, native = found[0], expression[: found.end()].endswith(tuple(_NATIVE))
        if not native and name not in _KNOWN and name not in recorded:
            raise UnknownMetric(f"{name} is neither in the metric catalogue nor recorded, in: {expression}")


def quoted(text: str) -> str:
    """A string of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def any_of(names: Iterable[str], *, label: str = "target", equal: bool = True) -> str:
    """A matcher for these values of the label, or for all others."""
    listed = sorted(names)
    if len(listed) == 1:
        return f"{label}{'=' if equal else '!='}{quoted(listed[0])}"
    pattern = "|".join(re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", name) for name in listed)
    return f"{label}{'=~' if equal else '!~'}{quoted(pattern)}"


def selector(name: str, *matchers: str, window: str = "", offset: str = "") -> str:
    """`name{a="1"}[5m] offset 1d`, without what is empty."""
    inside = ",".join(matcher for matcher in matchers if matcher)
    braces = f"{{{inside}}}" if inside else ""
    return f"{name}{braces}{f'[{window}]' if window else ''}{f' offset {offset}' if offset else ''}"


def without(function: str, labels: Iterable[str], expression: str) -> str:
    """An aggregation over the labels of the scraped instance, and these."""
    return f"{function} without ({', '.join((*SCRAPED, *labels))}) ({expression})"


Read = Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A series that a recording rule keeps.

    `make` writes what is recorded, given how to read other recorded series, a matcher and an offset: it can
    be written out where nothing is recorded.
    """

    name: str
    make: Callable[[Read, str, str], str]


def as_recorded(series: Recorded, matcher: str = "", offset: str = "") -> str:
    """Where recording rules run."""
    return selector(series.name, matcher, offset=offset)


def written_out(series: Recorded, matcher: str = "", offset: str = "") -> str:
    """Where none run: what would have been recorded."""
    return f"({series.make(written_out, matcher, offset)})"
