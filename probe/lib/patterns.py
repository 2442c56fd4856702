"""Names as people write them: a name, a shell pattern such as `groq/*`, or one that was mistyped."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from probe.errors import ConfigError

_BEGINNING = 4  # letters that are enough to mean a longer name


def matches(pattern: str, name: str) -> bool:
    """A name matches itself even if it reads like a pattern."""
    return pattern == name or fnmatchcase(name, pattern)


def select(patterns: Iterable[str], names: Sequence[str], noun: str = "target") -> tuple[str, ...]:
    """The names that any of the patterns matches, in their own order; `noun` is what they name.

    Raises ConfigError if a pattern matches none of them: most likely it was mistyped.
    """
    patterns = tuple(patterns)
    for pattern in patterns:
        if not any(matches(pattern, name) for name in names):
            raise ConfigError(f"{pattern!r} matches no {noun}; {noun}s are {_listed(names)}")
    return tuple(name for name in names if any(matches(pattern, name) for pattern in patterns))


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The nearest known name, capitals aside: a slip or two away, or one of them is the other's beginning.

    Returns None if nothing is near.
    """
    wanted = name.casefold()
    near = []
    for candidate in known:
        slips = _slips(wanted, candidate.casefold())
        shorter = min(len(wanted), len(candidate))
        begins = candidate.casefold().startswith(wanted) or wanted.startswith(candidate.casefold())
        if slips <= (shorter + 1) // 4 or (begins and shorter >= max(slips, _BEGINNING)):
            near.append((slips, candidate))
    return min(near)[1] if near else None


def _slips(one: str, other: str) -> int:
    """Letters left out, added, mistaken or exchanged with the next: the optimal string alignment distance."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, against in enumerate(other, start=1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and against == one[row - 2]:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]


def _listed(names: Sequence[str], most: int = 8) -> str:
    if not names:
        return "none"
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
