"""What stands in a configuration and not in its place: above all secrets where a name or a number belongs.

A name is on the board, in labels and in messages: one that looks like a key is refused before it gets there.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from probe.config.sources.shape import FREE, Place, every_setting, is_secret, keys_of, shape_at
from probe.config.values import NOT_REPLACED
from probe.lib.secrets import looks_random, looks_secret

# Here a hash or the id of a machine is no secret.
_IDS: Final = frozenset({"model", "location", "instance"})
_REFERENCE: Final = re.compile(r"\$\{[A-Za-z_]")
_MESSAGE: Final = "looks like a key or a password, and would be shown to everybody"
_MEND: Final = "; those belong into api_key, a file or the environment"


def secrets_in(source: object) -> Iterator[str]:
    """What stands in the place of a secret, but for a word of the configuration's own.

    A password "database" would make every message about the database unreadable.
    """
    words = {str(part) for place, _ in every_setting() for part in place}
    for place, value in _walk(source, ()):
        if isinstance(value, str) and is_secret(place) and value not in words:
            yield value


def misplaced(source: object) -> Iterator[tuple[Place, str]]:
    """The places of keys and values that look like a secret, or name a variable, and what to say.

    What stands under an unknown key is never shown, and what is wrong is the key.
    """
    for place, value in _walk(source, ()):
        if isinstance(place[-1], str) and _is_misplaced(place[-1], place):
            yield place, f"the name {_MESSAGE}{_MEND}"
        elif isinstance(value, str) and _is_shown(place) and _is_misplaced(value, place):
            file = f"{place[-1]}_file"
            has_file = file in keys_of(shape_at(place[:-1]))
            yield place, f"{_MESSAGE}{f'; put it into a file and give {file}' if has_file else _MEND}"
        elif isinstance(value, str) and _is_shown(place) and _REFERENCE.search(value):
            yield place, NOT_REPLACED


def _is_shown(place: Place) -> bool:
    return shape_at(place) not in (None, FREE) and not is_secret(place)


def _is_misplaced(text: str, place: Place) -> bool:
    return looks_secret(text) or (place[-1] not in _IDS and looks_random(text))


def _walk(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Every value but the whole, with its place."""
    if place:
        yield place, value
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in entries:
        yield from _walk(item, (*place, key))
