"""Words, sentences, paragraphs and lists of a text, and whether a text stands in another as a word."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from itertools import islice
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from probe.quality.normal import Ignored, folded, ranges

# Scripts that put no blank between words: nothing there is a boundary, and nothing is not.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}](?:['’\-.]?[^\W{_UNSPACED}])*")


@cache
def _inside() -> str:
    """One character that a word goes on with: letters, marks, digits, and _."""
    marks = ranges(point for point in range(0x300, 0x1E950) if unicodedata.category(chr(point))[0] == "M")
    return f"(?![{_UNSPACED}])[\\w{marks}]"


class Needle:
    """A text to look for, in its form after `ignore`; on the boundaries of words unless `anywhere`.

    A digit is not alone where a number goes on: 30 is not in 30.5, nor in 1,300. Raises ValueError if nothing
    of it is left.
    """

    def __init__(self, text: str, ignore: Collection[Ignored], *, anywhere: bool) -> None:
        self.text = folded(text, ignore)
        if not self.text:
            raise ValueError(f"{text!r} is empty once it is normalised")
        self._pattern = None if anywhere else re.compile(_bounded(self.text))

    def _places(self, text: str) -> Iterator[int]:
        place = text.find(self.text)
        while place >= 0:
            met = self._pattern is None or self._pattern.match(text, place)
            if met:
                yield place
            place = text.find(self.text, place + (len(self.text) if met else 1))

    def count(self, text: str, most: int) -> int:
        """How often it stands in a text that is folded, up to `most`."""
        return sum(1 for _ in islice(self._places(text), most))

    def removed(self, text: str) -> str:
        """A folded text without it."""
        pieces, end = [], 0
        for place in self._places(text):
            pieces += [text[end:place], "\0"]
            end = place + len(self.text)
        return "".join([*pieces, text[end:]])

    def is_in(self, text: str) -> bool:
        return self.count(text, 1) == 1


def _bounded(needle: str) -> str:
    inside = _inside()
    before = after = ""
    if re.match(inside, needle):
        before = rf"(?<!{inside})"
        if needle[0].isdigit():
            before += r"(?<!\d[.,])"
    if re.match(inside, needle[-1]):
        after = rf"(?!{inside})"
        if needle[-1].isdigit():
            after += r"(?![.,]\d)"
    return before + re.escape(needle) + after


class Bounds(BaseModel):
    """From `min` to `max`, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: Annotated[StrictInt, Field(ge=0)] = 0
    max: Annotated[StrictInt, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError("max is less than min")
        if self.max is None and not self.min:
            raise ValueError("bounds nothing; give min or max")
        return self

    @classmethod
    def of(cls, given: "Bounds | int | None") -> "Bounds | None":
        """A plain number is exactly that."""
        return cls(min=given, max=given) if isinstance(given, int) else given

    def __contains__(self, count: object) -> bool:
        assert isinstance(count, int)
        return self.min <= count and (self.max is None or count <= self.max)

    def __str__(self) -> str:
        if self.min == self.max:
            return str(self.min)
        if self.max is None:
            return f"{self.min} or more"
        return f"{self.min} to {self.max}" if self.min else f"up to {self.max}"


def count_words(text: str) -> int:
    """A character of a script without blanks is a word."""
    return sum(1 for _ in _WORD.finditer(text))


# What ends in a dot that ends no sentence.
_ABBREVIATIONS: Final = frozenset(
    word
    for line in (
        "mr mrs ms dr prof st no vs etc e.g i.e cf al approx fig inc ltd co jr sr vol pp p a.m p.m u.s u.k",
        "z.b d.h bzw usw ca nr str bspw evtl ggf m mme mlle",
    )
    for word in line.split()
)
_END: Final = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_]*+(?=\s|$)|[。！？｡]++[」』”’）]*")
_NO_END: Final = re.compile(
    rf"(?i:(?<!\w)(?:{'|'.join(sorted(map(re.escape, _ABBREVIATIONS)))}))\."
    r"|(?<!\w)[^\W\d_a-z]\."
    r"|^[ \t]*\d{1,3}\.(?=\s)",
    re.MULTILINE,
)


def count_sentences(text: str) -> int:
    """Ends are marked by . ! ? … before white space, by 。！？ anywhere, and by the end of a paragraph.

    The dot of an abbreviation, of an initial, of a decimal and of the number of a list ends none.
    """
    return sum(
        _WORD.search(piece) is not None
        for paragraph in paragraphs(text)
        for piece in _END.split(_NO_END.sub("\0x", paragraph))
    )


_BLANK_LINES: Final = re.compile(r"\n[ \t]*\n\s*")


def paragraphs(text: str) -> list[str]:
    """What blank lines part."""
    return [each for each in _BLANK_LINES.split(text) if each.strip()]


_BULLET: Final = re.compile(r"^[ \t]*(?:[-*+•][ \t]+|\d{1,3}[.)][ \t]+)\S", re.MULTILINE)


def count_bullets(text: str) -> int:
    """Items of lists, with marks or numbers."""
    return sum(1 for _ in _BULLET.finditer(text))
