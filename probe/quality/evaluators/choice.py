"""One of several options, by its letter or by its text."""

import re
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Annotated, ClassVar, Final

from pydantic import Field

from probe.quality.evaluator import Settings
from probe.quality.normal import Ignored, folded, normalised, without_markdown
from probe.quality.verdict import Dimension, Verdict, quoted, right, wrong
from probe.quality.words import Needle

_Option = Annotated[str, Field(min_length=1, max_length=1000)]
_IGNORE: Final[tuple[Ignored, ...]] = ("case", "whitespace", "final_dot")
# The letter stands for itself: alone in brackets or before one, at the start of a line, or said to be it.
_SAID: Final = (
    r"(?i:\b(?:answer|choice|option|antwort|réponse)\b)[\s*_:]{{0,4}}+(?i:is|ist|est|=)?[\s*_:]{{0,4}}+"
    r"(?i:option\s{{1,4}})?[\s*_]{{0,4}}+[(\[\"'{{]?(?P<{0}>[{1}])(?!['’]?\w)"
)
_BOXED: Final = r"\\boxed\{{\s?(?:\\text\{{)?\(?(?P<{0}>[{1}])\b"
_BRACKETED: Final = r"\((?P<{0}>[{1}])\)|\[(?P<{0}_>[{1}])\]"
_LINE: Final = r"(?m:^)[ \t*_]{{0,8}}(?P<{0}>[{1}])[).:](?=\s|$)"


class ChoiceSettings(Settings):
    """`options` by letter, or a list: A, B, C, …. `equals` is the letter or the text of the right one."""

    main_field = "equals"
    expected_field = "equals"
    equals: _Option
    options: (
        Annotated[tuple[_Option, ...], Field(min_length=2, max_length=26)]
        | Annotated[
            Mapping[Annotated[str, Field(pattern="^[A-Za-z0-9]$")], _Option],
            Field(min_length=2, max_length=36),
        ]
    )


class Choice:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "accuracy"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = ChoiceSettings

    def __init__(self, settings: ChoiceSettings) -> None:
        given = settings.options
        pairs = given.items() if isinstance(given, Mapping) else zip(ascii_uppercase, given, strict=False)
        self._options = {letter.upper(): _folded(text) for letter, text in pairs}
        if len(set(self._options.values())) < len(self._options):
            raise ValueError("options: two of them are the same")
        equals = _folded(settings.equals)
        by_text = [letter for letter, text in self._options.items() if text == equals]
        by_letter = [letter for letter in self._options if letter.casefold() == equals]
        found = set(by_text) | set(by_letter)
        if len(found) != 1:
            raise ValueError(f"equals: {settings.equals!r} is {'two' if found else 'none'} of the options")
        self._right = found.pop()
        letters = "".join(self._options)
        letters += letters.lower()
        self._strict = re.compile(rf"[(\[]?(?P<letter>[{letters}])[)\].:]*")
        self._labelled = re.compile(
            rf"(?:option\s+)?[(\[]?(?P<letter>[{letters}])[)\].:]{1, 3}\s+(?P<text>.+)", re.DOTALL
        )
        upper = letters[: len(letters) // 2]
        self._said = re.compile(_SAID.format("letter", letters) + "|" + _BOXED.format("boxed", letters))
        self._loose = re.compile(_BRACKETED.format("letter", letters) + "|" + _LINE.format("line", upper))
        longest = sorted(self._options.items(), key=lambda item: -len(item[1]))
        self._needles = [(letter, Needle(text, _IGNORE, anywhere=False)) for letter, text in longest]

    def judge(self, answer: str) -> Verdict:
        text = without_markdown(answer)
        chosen = self._strictly(text)
        if not chosen:
            chosen = _letters(self._said, text) or self._by_text(text) or _letters(self._loose, text)
        if not chosen:
            return wrong("missing", f"{quoted(answer)} names no option")
        if len(chosen) > 1:
            return wrong("ambiguous", f"{' and '.join(sorted(chosen))}")
        (letter,) = chosen
        return (
            right(letter) if letter == self._right else wrong("wrong_value", f"{letter}, not {self._right}")
        )

    def _strictly(self, text: str) -> set[str]:
        """The whole answer is a letter, a text, or both."""
        if found := self._strict.fullmatch(text):
            return {found["letter"].upper()}
        whole = {letter for letter, option in self._options.items() if option == _folded(text)}
        labelled = self._labelled.fullmatch(text)
        if labelled and self._options[labelled["letter"].upper()] == _folded(labelled["text"]):
            return {labelled["letter"].upper()}
        return whole

    def _by_text(self, text: str) -> set[str]:
        """The options whose text is there; what stands only inside a longer one is not."""
        rest, found = folded(text, _IGNORE), set()
        for letter, needle in self._needles:
            without = needle.removed(rest)
            if without != rest:
                found.add(letter)
                rest = without
        return found


def _letters(pattern: re.Pattern[str], text: str) -> set[str]:
    return {letter.upper() for found in pattern.finditer(text) for letter in found.groups() if letter}


def _folded(text: str) -> str:
    return folded(normalised(text), _IGNORE)
