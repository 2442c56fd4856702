"""Names as people write them: a name, a shell pattern such as `groq/*`, or one that was mistyped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from probe.errors import ConfigError


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
    """The closest known name, capitals aside. Returns None if nothing is close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matching = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[matching[0]] if matching else None


def _listed(names: Sequence[str], most: int = 8) -> str:
    if not names:
        return "none"
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
