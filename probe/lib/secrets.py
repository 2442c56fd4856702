"""Secrets never leave this process in anything that people, logs, rows or sinks get to read.

`learn` gets every secret the configuration holds, when it is loaded; `redact` masks them in any text, and
with them whatever is shaped like a credential although nobody configured it. A secret stays known after a
reload removed it: an error that mentions it may still be on its way.
"""

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final
from urllib.parse import quote, unquote

MASK: Final = "**********"

# A shorter secret is not looked for: texts with "none" or "ollama" masked in them could not be read.
MIN_SECRET_CHARACTERS: Final = 8
_RANDOM_CHARACTERS: Final = 24
# Random characters of base64 have .6 of it, hexadecimal ones .47, names less than .4.
_RANDOM_CHANGES: Final = 0.42

# A password with a / that was not quoted goes on to the @; a port does not. A URL read as a path has one /.
_URL_PASSWORD: Final = re.compile(
    r"""(?P<before>\b[A-Za-z][A-Za-z0-9+.-]*://?[^\s/:?#@"'<>]*:)"""
    r"""(?:[^\s/"'<>]+|(?![0-9]{1,5}[/?#])[^\s"'<>]+)(?=@)"""
)
# How credentials begin: some without doubt, others only where a digit follows. GitHub's secret scanning and
# gitleaks keep lists of them.
_CERTAIN: Final = (
    r"(?:gsk|hf|tgp|gh[oprsu]|github_pat|glsa|glc|dop_v1|npm|lsv2_[a-z]{2}|whsec|sk_live|sk_test|rk_live)_"
)
_WITH_DIGIT: Final = (
    r"(?:sk[-_]|[pr]k-|csk-|xai-|pplx-|nvapi-|tvly-|AIza|glpat-|xox[abeoprs]-|pypi-|GOCSPX-|fw_|r8_|jina_)"
)
# Anyone who knows the URL of such a webhook may post to it.
_WEBHOOK: Final = (
    r"https?://?(?:hooks\.slack\.com/(?:services|workflows|triggers)"
    r"|(?:[\w-]+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks"
    r"|[\w.-]*\boutlook\.office(?:365)?\.com/webhook|[\w-]+\.webhook\.office\.com/webhookb2"
    r"|hooks\.zapier\.com/hooks/catch|events\.pagerduty\.com/integration|api\.telegram\.org(?=/bot))/"
)
# A word in front of other words, as in "password: must not be empty".
_PROSE: Final = r"(?!(?-i:[a-z]+)[,.;:]?\s)"
# No value holds a quote or a backslash: a line of JSON stays one.
_SHAPES: Final = re.compile(
    rf"""
    (?<![A-Za-z0-9])(?:{_CERTAIN}|{_WITH_DIGIT}(?=[A-Za-z_-]*[0-9*]))[A-Za-z0-9_*-]{{12,}}
    | (?<![A-Za-z0-9])(?:(?:AKIA|ASIA|ABIA)[A-Z0-9]{{16}}(?![A-Za-z0-9])|ABSK[A-Za-z0-9+/=]{{40,}}
      |eyJ[A-Za-z0-9_-]{{10,}}(?:\.[A-Za-z0-9_-]*){{0,2}}|(?:SG|ya29)\.[A-Za-z0-9._-]{{20,}}|dapi[0-9a-f]{{32}})
    | (?P<webhook>{_WEBHOOK})[^\s"'<>\\]+(?<![;,.)])
    | (?P<scheme>\b(?:bearer|basic)\s+){_PROSE}[A-Za-z0-9._~+/=*-]{{8,}}
    | (?P<parameter>[?&](?:api[-_]?key|key|(?:\w+_)?token|sig|signature|secret|password)=)
      [^\s&\#"'<>\\]+(?<![;,.)])
    | (?P<field>["']?\b(?:x-)?(?:api[-_]key|authorization|password|secret)["']?\s*(?:=\s*|:\s*{_PROSE})["']?)
      (?!\s|\*{{10}}|bearer\s|basic\s)[^\s"',;&}}\])\\]{{4,}}
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PROOF: Final = frozenset({None, "webhook", "scheme"})
# What a person typed in the wrong place: nobody knows its shape, but no word looks like it.
_LONG_RUN: Final = re.compile(
    r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{24,}|(?<![A-Za-z0-9/+])[A-Za-z0-9+][A-Za-z0-9/+]{39}(?![A-Za-z0-9/+=])"
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

    def known(self, text: str) -> str:
        """The text without the secrets it has learnt."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def __call__(self, text: str) -> str:
        text = self.known(text)
        text = _URL_PASSWORD.sub(lambda match: match["before"] + MASK, text)
        return _SHAPES.sub(_mask_shape, text)


def _pattern(secret: str) -> str:
    """A secret of letters alone may well be a word: the password "postgres" is no part of "postgresql"."""
    escaped = re.escape(secret)
    return rf"\b{escaped}\b" if secret.isascii() and secret.isalpha() else escaped


def _mask_shape(match: re.Match[str]) -> str:
    return (match[match.lastgroup] if match.lastgroup else "") + MASK


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
    """A secret as people may see it: a URL without its password and what else is secret in it, or a mask."""
    password = password_of(secret)
    if password == secret:
        return MASK
    if password is None:
        return _by_shape(secret)
    return redact(secret.replace(f":{password}@", f":{MASK}@", 1))


_by_shape: Final = Redactor()
_redactor: Final = Redactor()


def learn(secrets: Iterable[str]) -> None:
    """Remember these secrets for as long as this process lives."""
    _redactor.learn(secrets)


def redact(text: str) -> str:
    """The text without any known secret and without anything that is shaped like one."""
    return _redactor(text)


def redact_known(text: str) -> str:
    """The text without any known secret: what a model says may well have the shape of one."""
    return _redactor.known(text)


def redact_typed(text: str) -> str:
    """The same, and without long runs of letters and digits that are no words.

    For what somebody wrote into a configuration, where a secret may stand in any place.
    """
    return _LONG_RUN.sub(lambda match: MASK if _is_random(match[0]) else match[0], redact(text))


def looks_secret(text: str) -> bool:
    """Whether a credential is in it, by shape alone."""
    return _URL_PASSWORD.search(text) is not None or any(
        match.lastgroup in _PROOF for match in _SHAPES.finditer(text)
    )


def looks_random(text: str) -> bool:
    """Whether all of it is a long run of letters and digits that is no word."""
    return _LONG_RUN.fullmatch(text) is not None and _is_random(text)


def _is_random(run: str) -> bool:
    """Small and capital letters and digits change more often than in names made of words and versions."""
    plain = re.sub(r"[^A-Za-z0-9]", "", run)
    digits = sum(map(str.isdigit, plain))
    if len(plain) < _RANDOM_CHARACTERS or not 2 <= digits < len(plain):
        return False
    if plain == run and digits >= 4:
        return True
    changes = sum(_kind(one) != _kind(other) for one, other in pairwise(plain))
    return changes >= _RANDOM_CHANGES * len(plain)


def _kind(character: str) -> tuple[bool, bool]:
    return character.isdigit(), character.isupper()
