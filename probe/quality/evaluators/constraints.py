"""Instructions about the form of an answer that a program can verify, each by itself."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, TypeAdapter, ValidationError

from probe.quality import strict_json
from probe.quality.evaluator import Settings
from probe.quality.languages import LANGUAGES, SCRIPTS, guess, script_of
from probe.quality.normal import Ignored, folded, normalised
from probe.quality.verdict import Dimension, FailureClass, Verdict, unscored, wrong
from probe.quality.words import Bounds, Needle, count_bullets, count_sentences, count_words, paragraphs

_Check = Callable[[str], bool]
_LONGEST = 16_384
_IGNORE: Final[tuple[Ignored, ...]] = ("case",)


class ConstraintsSettings(Settings):
    """`all` is a list of instructions, each a mapping of one key; one may be there more than once.

    `loose` counts an instruction as followed if it is by any of the eight texts without the first line, the
    last line, or asterisks. Both counts are in the details.
    """

    main_field = "all"
    all: Annotated[tuple[dict[str, Any], ...], Field(min_length=1, max_length=100)]
    mode: Literal["strict", "loose"] = "strict"


class Constraints:
    """The score is the share of instructions that are followed."""

    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "format"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = ConstraintsSettings

    def __init__(self, settings: ConstraintsSettings) -> None:
        self._loose = settings.mode == "loose"
        self._checks = [_check(index, each) for index, each in enumerate(settings.all)]

    def judge(self, answer: str) -> Verdict:
        if len(answer) > _LONGEST:
            return unscored("too_long", f"{len(answer)} characters")
        strict = [check(answer) for _, check in self._checks]
        others = _variants(answer) if not all(strict) else []
        loose = [
            met or any(check(text) for text in others)
            for met, (_, check) in zip(strict, self._checks, strict=True)
        ]
        met = loose if self._loose else strict
        details: dict[str, Any] = {"strict": strict, "loose": loose}
        if all(met):
            return Verdict(score=1.0, details=details)
        failed = [name for (name, _), fine in zip(self._checks, met, strict=True) if not fine]
        kind: FailureClass = "forbidden" if set(failed) == {"forbidden"} else "wrong_format"
        return wrong(kind, f"not followed: {', '.join(failed)}", score=sum(met) / len(met), **details)


def _variants(text: str) -> list[str]:
    lines = text.split("\n")
    parts = [lines[1:], lines[:-1], lines[1:-1]]
    texts = ["\n".join(part).strip() for part in parts]
    texts += [each.replace("*", "").strip() for each in (text, *texts)]
    return [each for each in dict.fromkeys(texts) if each and each != text]


# The instructions -------------------------------------------------------------------------------------------


class _Keyword(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    min: Annotated[StrictInt, Field(ge=0)] = 1
    max: Annotated[StrictInt, Field(ge=0)] | None = None


class _Sections(BaseModel):
    """A section begins with a line of the marker and a number or a name: `Section 1`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    marker: Annotated[str, Field(min_length=1)]
    count: Annotated[StrictInt, Field(ge=1)]


_MOST_TIMES = 100_000
_Amount = Annotated[StrictInt, Field(ge=0)] | Bounds


def _counted(count: Callable[[str], int]) -> Callable[[Any], _Check]:
    def build(given: Any) -> _Check:
        bounds = Bounds.of(given)
        assert bounds is not None
        return lambda text: count(text) in bounds

    return build


def _keyword(given: str | _Keyword) -> _Check:
    wanted = _Keyword(text=given) if isinstance(given, str) else given
    needle = Needle(normalised(wanted.text), _IGNORE, anywhere=False)
    bounds = Bounds(min=wanted.min, max=wanted.max)
    return lambda text: needle.count(folded(text, _IGNORE), _MOST_TIMES) in bounds


def _forbidden(given: str | list[str]) -> _Check:
    words = [given] if isinstance(given, str) else given
    needles = [Needle(normalised(word), _IGNORE, anywhere=False) for word in words]

    def check(text: str) -> bool:
        text = folded(text, _IGNORE)
        return not any(needle.is_in(text) for needle in needles)

    return check


def _case(given: str) -> _Check:
    change = str.lower if given == "lower" else str.upper
    return lambda text: text == change(text) and any(map(str.isalpha, text))


def _edge(at: Callable[[str, str], bool]) -> Callable[[str], _Check]:
    def build(given: str) -> _Check:
        wanted = normalised(given)
        if not wanted:
            raise ValueError("empty")
        return lambda text: at(text, wanted)

    return build


def _sections(given: _Sections) -> _Check:
    start = re.compile(rf"^[ \t#*_]*{re.escape(given.marker)}\s+\S", re.MULTILINE)
    return lambda text: sum(1 for _ in start.finditer(text)) == given.count


def _script(given: str) -> _Check:
    if given not in SCRIPTS:
        raise ValueError(f"{given!r} is no script; there is {', '.join(SCRIPTS)}")
    return lambda text: script_of(text) == given


def _language(given: str) -> _Check:
    if given not in LANGUAGES:
        raise ValueError(f"{given!r} is not told from others; there is {', '.join(sorted(LANGUAGES))}")
    return lambda text: guess(text) == given


def _is_json(text: str) -> bool:
    try:
        strict_json.parse(text)
    except ValueError:
        return False
    return True


_TRUE = Literal[True]
_KINDS: Final[Mapping[str, tuple[Any, Callable[[Any], _Check]]]] = {
    "words": (_Amount, _counted(count_words)),
    "sentences": (_Amount, _counted(count_sentences)),
    "paragraphs": (_Amount, _counted(lambda text: len(paragraphs(text)))),
    "lines": (_Amount, _counted(lambda text: sum(1 for line in text.split("\n") if line.strip()))),
    "characters": (_Amount, _counted(len)),
    "bullets": (_Amount, _counted(count_bullets)),
    "sections": (_Sections, _sections),
    "keyword": (str | _Keyword, _keyword),
    "forbidden": (str | Annotated[list[str], Field(min_length=1)], _forbidden),
    "case": (Literal["lower", "upper"], _case),
    "starts_with": (str, _edge(str.startswith)),
    "ends_with": (str, _edge(str.endswith)),
    "script": (str, _script),
    "language": (str, _language),
    "json": (_TRUE, lambda _: _is_json),
    "no_commas": (_TRUE, lambda _: lambda text: not set(text) & set(",，、،")),
}


def _check(index: int, given: Mapping[str, Any]) -> tuple[str, _Check]:
    if len(given) != 1:
        raise ValueError(f"all[{index}]: an instruction is a mapping of one key")
    ((name, value),) = given.items()
    if name not in _KINDS:
        raise ValueError(f"all[{index}]: unknown instruction {name!r}; there is {', '.join(_KINDS)}")
    shape, build = _KINDS[name]
    try:
        return name, build(TypeAdapter(shape).validate_python(value))
    except ValidationError as exc:
        raise ValueError(f"all[{index}].{name}: {exc.errors()[0]['msg'].lower()}") from None
    except ValueError as exc:
        raise ValueError(f"all[{index}].{name}: {exc}") from None
