"""Making one printable line without secrets out of whatever a provider or a system said."""

import html
import re
from collections.abc import Callable

from probe.lib.secrets import MASK, redact

LONGEST_DETAIL = 500

# Far more than is kept, far less than a page: redaction looks at every character.
_LOOKED_AT = 4 * LONGEST_DETAIL

# "Incorrect API key provided: sk-abc***xyz": the provider's own masking leaves enough of a key to tell
# whose it is.
_ECHOED_KEY = re.compile(
    r"(?i)((?:api|access|secret)[ _-]?(?:key|token)[^:=\n]{0,40}[:=] *[\"'`]?)(?!//)[^\s\"'`,;]{4,}"
)
_OF_A_KEY = r"[^\s\"'`:=@?&#;,()<>]"
_HALF_MASKED = re.compile(rf"{_OF_A_KEY}*\*{{3,}}{_OF_A_KEY}*")
_HALF_MASKED_PART = re.compile(r"[^/]*\*{3,}[^/]*")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title")
_INVISIBLE = re.compile(r"(?is)<(script|style)\b.*?</\1\s*>|<[^>]*>")
# C0 and C1 control characters, what turns the direction of writing or ends a line, what nobody sees, and
# halves of surrogate pairs. Joiners stay: words of some scripts, and emoji, are made of them.
_UNSAFE = (
    r"\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff"
)
_UNPRINTABLE = re.compile(f"[{_UNSAFE}]+")
_ON_A_TERMINAL = re.compile(f"(?![\\t\\n])[{_UNSAFE}]")
# Such a character in UTF-8, as bytes of JSON have it.
_IN_JSON = re.compile(
    rb"\x7f|\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]"
)


def printable_line(text: str) -> str:
    """The text in one line of at most 500 characters, without secrets and control characters."""
    text = " ".join(_UNPRINTABLE.sub(" ", text[:_LOOKED_AT]).split())
    text = redact(_HALF_MASKED.sub(_mask_whole, text))
    text = _ECHOED_KEY.sub(lambda match: match[1] + MASK, text)
    return text if len(text) <= LONGEST_DETAIL else text[: LONGEST_DETAIL - 1] + "…"


def _mask_whole(found: re.Match[str]) -> str:
    """Of a URL the part alone: its host is needed to tell whose it is."""
    return _HALF_MASKED_PART.sub(MASK, found[0]) if found[0].startswith("//") else MASK


def terminal_text(text: str, instead: Callable[[str], str] = lambda _: "\N{REPLACEMENT CHARACTER}") -> str:
    """The text, unable to move the cursor of a terminal, to change its colours or to turn what is beside it.

    Tabs and line feeds stay; `instead` is called with each character that does not.
    """
    return _ON_A_TERMINAL.sub(lambda found: instead(found[0]), text)


def escaped_json(document: bytes) -> bytes:
    """The same JSON in UTF-8, with the characters escaped that would steer a terminal which shows it."""
    return _IN_JSON.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), document)


def page_title(page: str) -> str:
    """What an HTML page is about: its title, else its text."""
    title = _TITLE.search(page)
    text = title[1] if title is not None and title[1].strip() else _INVISIBLE.sub(" ", page[: 8 * _LOOKED_AT])
    return " ".join(html.unescape(text).split())
