"""The two sides of a comparison brought into the same form: nothing is forgiven that nobody asked for."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache
from typing import Final, Literal

Ignored = Literal["case", "punctuation", "whitespace", "markdown", "final_dot"]

_OPEN, _CLOSE = "<think>", "</think>"
# More marks on one letter than any language has; to sort them takes time by the square of their number.
_MOST_MARKS = 30


def answer_of(text: str) -> str:
    """What of a provider's text is the answer, normalised; "" if nothing is.

    Reasoning that was left in at the start is cut up to the last closing tag; where it has no end there is no
    answer.
    """
    text = text.lstrip("\ufeff").lstrip()
    if text.startswith(_OPEN):
        _, closed, text = text.rpartition(_CLOSE)
        if not closed:
            return ""
    return normalised(text)


def normalised(text: str) -> str:
    """NFC, lines ended by \\n, no white space outside."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no character
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return composed(text).strip()


def composed(text: str) -> str:
    """NFC; a text that piles up more marks than any language does is left as it is."""
    if text.isascii() or unicodedata.is_normalized("NFC", text) or _heaps().search(text):
        return text
    return unicodedata.normalize("NFC", text)


def folded(text: str, ignore: Collection[Ignored]) -> str:
    """A normalised text without what is ignored.

    `case` folds (STRASSE is straße); `punctuation` goes; `whitespace` of any length is one blank; `markdown`
    keeps the words and drops the marks; `final_dot` goes once.
    """
    if "markdown" in ignore:
        text = without_markdown(text)
    if "case" in ignore:
        text = composed(text.casefold())
    if "punctuation" in ignore:
        text = text.translate(_NO_PUNCTUATION)
    if "whitespace" in ignore:
        text = " ".join(text.split())
    text = text.strip()
    return text.removesuffix(".").rstrip() if "final_dot" in ignore else text


_LINE_START: Final = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+(?=\S))", re.MULTILINE)
_EMPHASIS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"`([^`\n]++)`",
        r"\*\*([^*\n]++)\*\*",
        r"(?<![\w_])__([^_\n]++)__(?![\w_])",
        r"~~([^~\n]++)~~",
        r"(?<![\w*])\*(?=\S)([^*\n]++)\*(?![\w*])",
        r"(?<![\w_])_(?=\S)([^_\n]++)_(?![\w_])",
    )
)


def without_fence(text: str) -> str | None:
    """What is inside, if the whole text is one fenced block; else None."""
    mark = text[:3]
    opening, _, rest = text.partition("\n")
    if mark not in ("```", "~~~") or not rest or "`" in opening.lstrip("`"):
        return None
    lines = rest.split("\n")
    last = lines.pop().strip()
    if len(last) < len(mark) or set(last) != {mark[0]} or any(line.startswith(mark) for line in lines):
        return None
    return "\n".join(lines).strip()


def without_markdown(text: str) -> str:
    inside = without_fence(text)
    text = _LINE_START.sub("", text if inside is None else inside)
    for mark in _EMPHASIS:
        text = mark.sub(r"\1", text)
    return text


class _Punctuation(dict[int, int | None]):
    """Filled as characters turn up."""

    def __missing__(self, point: int) -> int | None:
        kept = None if unicodedata.category(chr(point)).startswith("P") else point
        self[point] = kept
        return kept


_NO_PUNCTUATION: Final = _Punctuation()


@cache
def _heaps() -> re.Pattern[str]:
    marks = ranges(point for point in range(0x300, 0x1E950) if unicodedata.combining(chr(point)))
    return re.compile(f"[{marks}]{{{_MOST_MARKS + 1}}}")


def ranges(points: Iterable[int]) -> str:
    """Code points in rising order as what stands between the brackets of a character class."""
    text, first, last = [], -1, -2
    for point in points:
        if point != last + 1:
            text.append(_span(first, last))
            first = point
        last = point
    return "".join([*text, _span(first, last)])


def _span(first: int, last: int) -> str:
    return "" if first < 0 else f"\\U{first:08x}-\\U{last:08x}"
