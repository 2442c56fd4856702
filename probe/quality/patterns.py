"""Patterns of users, in linear time: RE2, which has no look-around and no back-references."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

_MOST_CHARACTERS = 2000
# Steps of the automaton, of which one takes some nanoseconds.
_MOST_WORK = 8_000_000
MOST_MATCHES = 2000


class Pattern:
    """Raises ValueError for what RE2 does not take. `\\d`, `\\w` and `\\b` are those of ASCII."""

    def __init__(self, pattern: str) -> None:
        import re2

        if len(pattern) > _MOST_CHARACTERS:
            raise ValueError(f"longer than {_MOST_CHARACTERS} characters")
        options = re2.Options()
        options.log_errors = False
        try:
            self._compiled: Any = re2.compile(pattern.encode(), options)
        except re2.error as exc:
            said = exc.args[0] if exc.args else exc
            text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
            hint = (
                "; there is no look-around and no back-reference" if "(?" in text or "escape" in text else ""
            )
            raise ValueError(f"{pattern!r}: {text}{hint}") from None
        self.groups: frozenset[str] = frozenset(
            name.decode() if isinstance(name, bytes) else name for name in self._compiled.groupindex
        )

    def too_long(self, text: str) -> bool:
        """To search all of it could take more time than there is."""
        return len(text) * int(self._compiled.programsize) > _MOST_WORK

    def found(self, text: str, group: str | None) -> Iterator[str]:
        """What each match, or a group of it, holds, from left to right; those that are empty left out.

        Of more matches than are read, the rest is not.
        """
        key: Any = 0 if group is None else group.encode()
        for match in islice(self._compiled.finditer(text.encode("utf-8", "replace")), MOST_MATCHES + 1):
            content = match[key]
            if content:
                yield content.decode("utf-8", "replace")
