"""Making one printable line without secrets out of whatever a provider or a system said."""

from __future__ import annotations

import html
import re

from probe.lib.secrets import MASK, redact

LONGEST_DETAIL = 500

# Far more than is kept, far less than a page: redaction looks at every character.
_LOOKED_AT = 4 * LONGEST_DETAIL

# "Incorrect API key provided: sk-abc***xyz": the provider's own masking leaves enough of a key to tell
# whose it is.
_ECHOED_KEY = re.compile(
    r"(?i)((?:api|access|secret)[ _-]?(?:key|token)[^:=\n]{0,40}[:=] *[\"'`]?)(?!//)[^\s\"'`,;]{4,}"
)
_HALF_MASKED = re.compile(r"[^\s\"'`:=]*\*{3,}[^\s\"'`]*")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title")
_INVISIBLE = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<[^>]*>")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+")


def printable_line(text: str) -> str:
    """The text in one line of at most 500 characters, without secrets and control characters."""
    text = " ".join(_UNPRINTABLE.sub(" ", text[:_LOOKED_AT]).split())
    text = redact(text)
    text = _ECHOED_KEY.sub(lambda match: match[1] + MASK, text)
    text = _HALF_MASKED.sub(MASK, text)
    return text if len(text) <= LONGEST_DETAIL else text[: LONGEST_DETAIL - 1] + "…"


def page_title(page: str) -> str:
    """What an HTML page is about: its title, else its text."""
    title = _TITLE.search(page)
    text = title[1] if title is not None and title[1].strip() else _INVISIBLE.sub(" ", page[: 8 * _LOOKED_AT])
    return " ".join(html.unescape(text).split())
