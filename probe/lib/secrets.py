"""Secrets never leave this process in anything that people, logs, rows or sinks get to read.

`learn` gets every secret the configuration holds, when it is loaded; `redact` masks them in any text, and
with them whatever is shaped like a credential although nobody configured it. A secret stays known after a
reload removed it: an error that mentions it may still be on its way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

MASK: Final = "**********"

# A shorter secret is not looked for: texts with "none" or "ollama" masked in them could not be read.
MIN_SECRET_CHARACTERS: Final = 8

_URL_PASSWORD: Final = re.compile(
    r"(?P<before>\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:?#@\"'<>]*:)[^\s/@\"'<>]+(?=@)"
)
# No value holds a quote or a backslash: a line of JSON stays one.
_SHAPES: Final = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:(?:gsk|hf|tgp)_|(?:sk-|pk-|rk-|xai-|pplx-|nvapi-|AIza)(?=[A-Za-z_-]*[0-9*]))
      [A-Za-z0-9_*-]{12,}
    | (?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=*-]{8,}
    | (?P<parameter>[?&](?:api[-_]?key|key|access_token|token|signature)=)[^\s&\#"'<>\\]+
    | (?P<field>["']?\b(?:x-)?(?:api[-_]key|authorization|password|secret)["']?\s*[:=]\s*["']?)
      (?!\s|\*{10}|bearer\s|basic\s)[^\s"',;&}\])\\]{4,}
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Redactor:
    """Masks the secrets it has learnt and everything that is shaped like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Of a URL only the password is a secret.

        What has fewer than 8 characters is not looked for; what has letters only, as a word of its own.
        """
        found = {form for secret in secrets for form in _forms(secret)}
        if not found <= self._known:
            self._known |= found
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(_pattern, longest_first)))

    def __call__(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        text = _URL_PASSWORD.sub(lambda match: match["before"] + MASK, text)
        return _SHAPES.sub(_mask_shape, text)


def _pattern(secret: str) -> str:
    """A secret of letters alone may well be a word: the password "postgres" is no part of "postgresql"."""
    escaped = re.escape(secret)
    return rf"\b{escaped}\b" if secret.isascii() and secret.isalpha() else escaped


def _mask_shape(match: re.Match[str]) -> str:
    return (match["scheme"] or match["parameter"] or match["field"] or "") + MASK


def _forms(secret: str) -> set[str]:
    """The spellings under which a secret may turn up: as it is, quoted for a URL, for JSON, by repr."""
    plain = password_of(secret)
    if plain is None:
        return set()
    spellings = {plain, unquote(plain)}
    spellings |= {quote(spelling, safe="") for spelling in spellings}
    spellings |= {json.dumps(spelling)[1:-1] for spelling in spellings}
    spellings |= {repr(spelling)[1:-1] for spelling in spellings}
    return {spelling for spelling in spellings if len(spelling) >= MIN_SECRET_CHARACTERS}


def password_of(secret: str) -> str | None:
    """What is secret in it: of a URL the password (None if it has none), else all of it."""
    scheme, separator, rest = secret.partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return secret
    userinfo, at, _ = rest.rpartition("@")
    _, colon, password = userinfo.partition(":")
    return password if at and colon and password else None


def display(secret: str) -> str:
    """A secret as people may see it: a URL without its password, anything else as a mask."""
    password = password_of(secret)
    if password == secret:
        return MASK
    return secret if password is None else redact(secret.replace(f":{password}@", f":{MASK}@", 1))


_redactor: Final = Redactor()


def learn(secrets: Iterable[str]) -> None:
    """Remember these secrets for as long as this process lives."""
    _redactor.learn(secrets)


def redact(text: str) -> str:
    """The text without any known secret and without anything that is shaped like one."""
    return _redactor(text)
