"""The numbers of a text, and what each may mean: a grammar, not a guess.

Grouping needs groups of three. 1,234 and 1.234 are two numbers each unless a locale says which; the last mark
of a number with both is its decimal one. Digits that belong to a name (H2O, v1.2.3, 2nd) are no number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import islice
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from probe.quality.verdict import Verdict, quoted, right, wrong

Which = Literal["only", "first", "last", "marked"]
Percent = Literal["as_written", "fraction"]
# Which mark is the decimal one: "." as in English, "," as in German.
Locale = Literal["en", "de"]

_MOST_CANDIDATES = 2000
_MOST_DIGITS = 200
_MOST_EXPONENT = 400
_MOST_POWER_DIGITS = 6
_DECIMAL_MARKS: Final[dict[str | None, str]] = {"en": ".", "de": ","}
_MARKS: Final = re.compile("[.,]")
_POWER: Final = re.compile(r"[-+]?\d+")
_RAISED: Final = re.compile("[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+$")
_NO_DIGITS: Final = str.maketrans("", "", "0123456789")

_BLANKS = "\u0020\u00a0\u2009\u202f"
_CURRENCY = r"(?:[$€£¥₹₽₩₺₿¢]|(?:USD|EUR|GBP|JPY|CHF|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|US\$))"
_VULGAR: Final = {
    "¼": Decimal("0.25"), "½": Decimal("0.5"), "¾": Decimal("0.75"), "⅛": Decimal("0.125"),
    "⅜": Decimal("0.375"), "⅝": Decimal("0.625"), "⅞": Decimal("0.875"), "⅕": Decimal("0.2"),
    "⅖": Decimal("0.4"), "⅗": Decimal("0.6"), "⅘": Decimal("0.8"),
}  # fmt: skip
_GROUP_BLANKS: Final = re.compile(f"[{_BLANKS}'’_]")
_SUPERSCRIPT: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

_NUMBER: Final = re.compile(
    rf"""
    (?<![^\W\d_])(?<![^\W\d_][-‐‑])(?<!\d[.,])(?<!\d)(?<!\d_)    # not in a name, nor amid a number
    (?:(?<![\w)\]}}])(?P<sign>[-+−–]))?                # a dash between two words or numbers is no sign
    (?:{_CURRENCY}[{_BLANKS}]?)?
    (?P<inner>[-+−](?=[\d.]))?
    (?:
        (?P<run>
            \d++(?:/\d++){{2,}}                             # a date
          | \d{{1,3}}(?:[{_BLANKS}'’_]\d{{3}}(?!\d))++(?:[.,]\d++)?+   # blanks, apostrophes, underscores
          | \d++(?:[.,]\d++)*+
          | \.\d++
        )
        (?:[{_BLANKS}]?(?P<vulgar>[¼½¾⅛⅜⅝⅞⅕⅖⅗⅘]))?
        (?:(?P<blank>[{_BLANKS}](?=\d+/\d))?(?(blank)(?P<over>\d++)))
        (?:/(?P<under>\d++)(?![/\d]|\.\d))?
        (?P<exponent>[eE][-+−]?\d++(?!\w)|[{_BLANKS}]?[×x*·⋅][{_BLANKS}]?10(?:\^|\*\*)\(?\{{?[-−+]?\d++|[{_BLANKS}]?[×x·⋅][{_BLANKS}]?10[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]++)?
        (?P<power>(?:(?<=\b10)(?:(?:\^|\*\*)\(?\{{?[-−+]?\d++|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]++)))?
      | (?P<alone>[¼½¾⅛⅜⅝⅞⅕⅖⅗⅘])
    )
    (?P<percent>[{_BLANKS}]?(?:%|percent\b|per[ ]cent\b|pct\b|Prozent\b))?
    (?P<ordinal>(?:st|nd|rd|th)\b)?
    """,
    re.VERBOSE,
)
# A sign, a currency, a blank, another sign and a dot may stand before the first digit.
_BEFORE_DIGITS = 7
_DIGITS: Final = re.compile(f"[\\d{''.join(_VULGAR)}]+")
_LEAD: Final = re.compile(rf"[-+−–]?(?:{_CURRENCY}[{_BLANKS}]?)?[-+−]?\.?$")
_NEGATED: Final = re.compile(
    r"(?:\b(?:not|never|isn['’]t|aren['’]t|wasn['’]t|cannot be|nicht|kein|pas)|≠|!=|<>)"
    r"(?:[ ](?:exactly|equal to|be))?[\s*_`\"'(]*$",
    re.IGNORECASE,
)
_LOOK_BACK = 30
_MARK: Final = re.compile(
    r"####|\\boxed\s*\{|\b(?:answer|result|Antwort|Ergebnis)\b[*_]*\s?(?:is|are|ist|=|:)[*_:\s]*",
    re.IGNORECASE,
)


_NAME_GOES_ON: Final = re.compile(r"(?!(?:[kcdm]?m|ft|in)[23]\b)[^\W\d_]+\d")

_Value = Decimal | Fraction


@dataclass(frozen=True, slots=True)
class Candidate:
    """`readings` are the values that its digits may have; none if they are no number, or too long a one."""

    text: str
    readings: tuple[_Value, ...]
    percent: bool


def candidates(text: str, locale: Locale | None, start: int = 0) -> Iterator[Candidate]:
    """In the order of the text, without those that it denies: not 42."""
    for found in _found(text, start):
        if found["ordinal"] or _NAME_GOES_ON.match(text, found.end()):
            continue
        if _NEGATED.search(text[max(0, found.start() - _LOOK_BACK) : found.start()]):
            continue
        negative = (found["sign"] or found["inner"] or "+") in "-−–"
        whole = [(_VULGAR[found["alone"]],)] if found["alone"] else _values(found, locale)
        for readings in whole:
            signed = tuple(-each if negative else each for each in readings)
            yield Candidate(found[0].strip(), signed, found["percent"] is not None)


def _found(text: str, start: int) -> Iterator[re.Match[str]]:
    """Looks where digits are only: each place of a text takes longer than it takes to find the next digit."""
    while digit := _DIGITS.search(text, start):
        first = max(start, digit.start() - _BEFORE_DIGITS)
        lead = _LEAD.search(text[first : digit.start()])
        found = _NUMBER.match(text, first + lead.start()) if lead else None
        found = found or _NUMBER.match(text, digit.start())
        if found is not None:
            yield found
        start = digit.end() if found is None else found.end()


def _values(found: re.Match[str], locale: Locale | None) -> list[tuple[_Value, ...]]:
    """The numbers that a run of digits is, each with its readings: several for a list without blanks."""
    if len(found["run"]) > _MOST_DIGITS:
        return [()]
    parts: list[tuple[_Value, ...]] = [*_readings(found["run"], locale)]
    if len(parts) != 1:
        return parts
    more = parts[0]
    if found["over"] and found["under"]:
        more = tuple(Fraction(each) + _ratio(found["over"], found["under"]) for each in more)
    elif found["under"]:
        below = Fraction(found["under"][:_MOST_DIGITS])
        more = tuple(Fraction(each) / below for each in more if below)
    elif found["vulgar"]:
        more = tuple(Fraction(each) + Fraction(_VULGAR[found["vulgar"]]) for each in more)
    if found["exponent"]:
        more = _scaled(more, found["exponent"])
    if found["power"]:
        more = _scaled((Decimal(1),), found["power"])
    return [more]


def _ratio(over: str, under: str) -> Fraction:
    below = Fraction(under[:_MOST_DIGITS])
    return Fraction(over[:_MOST_DIGITS]) / below if below else Fraction(0)


def _scaled(values: tuple[_Value, ...], written: str) -> tuple[_Value, ...]:
    raised = _RAISED.search(written)
    text = raised[0].translate(_SUPERSCRIPT) if raised else _POWER.findall(written.replace("−", "-"))[-1]
    exponent = int(text[:_MOST_POWER_DIGITS])
    if abs(exponent) > _MOST_EXPONENT:
        return ()
    return tuple(Fraction(each) * Fraction(10) ** exponent for each in values)


def _readings(run: str, locale: Locale | None) -> list[tuple[Decimal, ...]]:
    bare = _GROUP_BLANKS.sub("", run)
    if bare != run:
        return [(Decimal(bare.replace(",", ".")),)]
    if "/" in run:
        return [(Decimal(part),) for part in run.split("/")]
    groups = _MARKS.split(run)
    if len(groups) == 1 or not groups[0]:
        return [(Decimal(run),)]
    marks = run.translate(_NO_DIGITS) if run.isascii() else "".join(_MARKS.findall(run))
    if len(set(marks)) == 2:
        return _both_marks(run, groups, marks, locale)
    return _one_mark(groups, marks, locale)


def _one_mark(groups: list[str], marks: str, locale: Locale | None) -> list[tuple[Decimal, ...]]:
    mark = marks[0]
    grouped = (Decimal("".join(groups)),) if _grouped(groups) else ()
    if len(marks) > 1:
        if grouped:
            return [grouped if mark != _DECIMAL_MARKS.get(locale) else ()]
        # A list; with dots it is a version or an address.
        return [(Decimal(part),) for part in groups] if mark == "," else []
    decimal = (Decimal(".".join(groups)),)
    if locale is None:
        return [decimal + grouped]
    if mark == _DECIMAL_MARKS[locale]:
        return [decimal]
    if not grouped and mark == ",":
        return [(Decimal(part),) for part in groups]
    return [grouped or decimal]


def _both_marks(run: str, groups: list[str], marks: str, locale: Locale | None) -> list[tuple[Decimal, ...]]:
    last = marks[-1]
    if marks.count(last) == 1 and _grouped(groups[:-1]):
        wrong_mark = locale is not None and last != _DECIMAL_MARKS[locale]
        return [() if wrong_mark else (Decimal("".join(groups[:-1]) + "." + groups[-1]),)]
    pieces = run.split(",")
    return [(Decimal(piece),) for piece in pieces] if all(piece.count(".") < 2 for piece in pieces) else []


def _grouped(groups: list[str]) -> bool:
    first, *rest = groups
    return 1 <= len(first) <= 3 and first[0] != "0" and all(len(group) == 3 for group in rest)


# What is expected -------------------------------------------------------------------------------------------


_PLAIN: Final = re.compile(r"[-+]?(?:\d{1,100}(?:\.\d{1,100})?(?:[eE][-+]?\d{1,2})?|\d{1,100}/[1-9]\d{0,99})")


def exact_number(given: object) -> object:
    """What a file says, without the error of a binary fraction: 0.1 is a tenth. Text may be a fraction."""
    plain = isinstance(given, int | float | str) and not isinstance(given, bool)
    text = given.strip() if isinstance(given, str) else repr(given)
    if not plain or not _PLAIN.fullmatch(text):
        raise ValueError(f"{given!r} is no plain number, such as 1234.5 or 1/3")
    if "/" in text:
        return str(Fraction(text))
    return f"{Decimal(text).normalize(Context(_MOST_DIGITS)):f}"


Number = Annotated[str, BeforeValidator(exact_number)]


class NumberSettings(BaseModel):
    """`equals` is met within the larger of `abs` and `rel` times itself; both are 0 unless given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    equals: Number
    which: Which = "only"
    abs: Number = "0"
    rel: Number = "0"
    percent: Percent | None = None
    locale: Locale | None = None
    ambiguous: Literal["fail", "accept"] = "fail"

    @model_validator(mode="after")
    def _tolerances(self) -> Self:
        if min(Fraction(self.abs), Fraction(self.rel)) < 0:
            raise ValueError("a tolerance is not negative")
        if self.locale is not None and self.ambiguous == "accept":
            raise ValueError("with a locale no number is ambiguous")
        return self


class NumberMatcher:
    """Whether a text names the expected number."""

    def __init__(self, settings: NumberSettings) -> None:
        self._settings = settings
        self._expected = Fraction(settings.equals)
        self._tolerance = max(Fraction(settings.abs), Fraction(settings.rel) * abs(self._expected))

    def judge(self, text: str) -> Verdict:
        chosen = self._choose(text)
        if isinstance(chosen, Verdict):
            return chosen
        if not chosen.readings:
            return wrong("wrong_value", f"{quoted(chosen.text)} is read as no number")
        values = chosen.readings
        if chosen.percent:
            if self._settings.percent is None:
                return wrong("ambiguous", f"{quoted(chosen.text)}: percent as written or as a fraction?")
            if self._settings.percent == "fraction":
                values = tuple(Fraction(each) / 100 for each in values)
        met = any(abs(Fraction(each) - self._expected) <= self._tolerance for each in values)
        if not met:
            return wrong("wrong_value", f"{quoted(chosen.text)} is not {self._settings.equals}")
        if len(values) > 1 and self._settings.ambiguous == "fail":
            return wrong(
                "ambiguous", f"{quoted(chosen.text)} reads as {values[0]} or {values[1]}; set a locale"
            )
        return right(f"{quoted(chosen.text)} is {self._settings.equals}")

    def _choose(self, text: str) -> Candidate | Verdict:
        which, start = self._settings.which, 0
        if which == "marked":
            marks = list(islice(_MARK.finditer(text), _MOST_CANDIDATES))
            if not marks:
                return wrong("missing", "nothing marks the answer: answer is, ####, \\boxed")
            start = marks[-1].end()
        found = candidates(text, self._settings.locale, start)
        first = next(found, None)
        if first is None:
            return wrong("missing", "no number")
        if which in ("first", "marked"):
            return first
        last, seen = first, 1
        for last in islice(found, _MOST_CANDIDATES):
            seen += 1
            if which == "only" and (set(last.readings), last.percent) != (set(first.readings), first.percent):
                return wrong("ambiguous", f"{quoted(first.text)} and {quoted(last.text)}")
        if seen > _MOST_CANDIDATES:
            return wrong("ambiguous", f"more than {_MOST_CANDIDATES} numbers")
        return first if which == "only" else last
