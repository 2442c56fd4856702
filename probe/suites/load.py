"""Suites from YAML files: the bundled ones and the user's own.

name: mine
description: What the suite is for.
cases:
  - id: greeting
    category: smoke
    prompt: Say hello.          # short for one user message
    expected: Hello.
    max_tokens: 32
  - id: translation
    messages:
      - {role: system, content: You translate into French.}
      - {role: user, content: The cat sleeps.}
    temperature: null           # not sent: for models that refuse it
    nonce: true
    expect:                     # instead of `expected` being the whole answer
      - contains: chat
      - language: fr
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError, model_validator

from probe.errors import SuiteError
from probe.quality.expectation import Misplaced
from probe.suites.case import Case, Criterion, Message, Role, Rubric, Suite
from probe.suites.expect import expectations

_Place = tuple[str | int, ...]

_MAX_BYTES = 16 * 1024 * 1024
_MAX_NODES = 200_000
_MAX_DEPTH = 16

# libyaml if PyYAML was built with it: the same language, ten times faster.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SuiteDocument(NamedTuple):
    """`lines` maps the place of every value, such as ("cases", 2, "prompt"), to its line, counted from 1."""

    path: Path
    value: Any
    lines: dict[_Place, int]

    def error(self, place: _Place, reason: str) -> SuiteError:
        """`suites/mine.yaml:12: cases[2].prompt: reason`; the line is that of the nearest known place."""
        near = place
        while near and near not in self.lines:
            near = near[:-1]
        where = f"{key_path(place)}: " if place else ""
        return SuiteError(f"{self.path}:{self.lines.get(near, 1)}: {where}{reason}")


def key_path(place: _Place) -> str:
    """("cases", 2, "prompt") -> `cases[2].prompt`, counted from 0 as in YAML paths."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_suite_document(path: Path) -> SuiteDocument:
    """Raises SuiteError with the line where reading failed."""
    text = _read(path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        document = SuiteDocument(path, None, {})
        if node is None:
            raise document.error((), "empty")
        return document._replace(value=_Walk(loader, document).value(node, ()))
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = 1 if mark is None else mark.line + 1
        raise SuiteError(f"{path}:{line}: not YAML: {exc.problem or exc.context}") from exc
    except yaml.YAMLError as exc:
        raise SuiteError(f"{path}: not YAML: {str(exc).splitlines()[0]}") from exc
    finally:
        loader.dispose()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SuiteError(f"{path}: larger than {_MAX_BYTES // 1024**2} MiB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise SuiteError(f"{path}: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise SuiteError(f"{path}: byte {exc.start} is not UTF-8") from exc


class _Walk:
    """Turns nodes into values. Aliases are followed, so the number of nodes is counted."""

    def __init__(self, loader: Any, document: SuiteDocument) -> None:
        self._loader = loader
        self._document = document
        self._seen = 0

    def value(self, node: yaml.Node, place: _Place) -> Any:
        self._document.lines[place] = node.start_mark.line + 1
        self._seen += 1
        if self._seen > _MAX_NODES or len(place) > _MAX_DEPTH:
            raise self._document.error(place, "nested too deep or too large; are aliases used in a circle?")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: _Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag != "tag:yaml.org,2002:str":
                raise self._document.error(place, f"line {key_node.start_mark.line + 1}: a key must be text")
            if key in values:
                first = self._document.lines[(*place, key)]
                line = key_node.start_mark.line + 1
                raise self._document.error(place, f'key "{key}" on line {first} again on line {line}')
            values[key] = self.value(value_node, (*place, key))
        return values

    def _scalar(self, node: yaml.Node, place: _Place) -> Any:
        try:
            value = self._loader.construct_object(node)
        except ValueError as exc:
            raise self._document.error(place, f'cannot read "{node.value}": {exc}') from exc
        if isinstance(value, str) and not _encodable(value):
            raise self._document.error(place, "half of a surrogate pair is no character")
        return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_BUNDLED = Path(__file__).parent
_MAX_PROMPT_CHARACTERS = 4_000_000
_SUFFIXES = (".yaml", ".yml")

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
_Prompt = Annotated[str, Field(min_length=1, max_length=_MAX_PROMPT_CHARACTERS)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _MessageSection(_Section):
    role: Role
    content: _Prompt


class _CaseSection(_Section):
    id: _Name
    category: _Name = "general"
    prompt: _Prompt | None = None
    messages: Annotated[tuple[_MessageSection, ...], Field(min_length=1, max_length=1000)] | None = None
    expected: Annotated[str, Field(max_length=_MAX_PROMPT_CHARACTERS)] | None = None
    expect: Annotated[tuple[Any, ...], Field(min_length=1, max_length=100)] | None = None
    max_tokens: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 256
    temperature: Annotated[float, Field(strict=True, ge=0, le=2, allow_inf_nan=False)] | None = 0.0
    seed: StrictInt | None = None
    tags: Annotated[tuple[_Name, ...], Field(max_length=50)] = ()
    nonce: StrictBool = False

    @model_validator(mode="after")
    def _one_prompt(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either prompt or messages")
        return self

    def build(self) -> Case:
        if self.messages is None:
            assert self.prompt is not None
            messages: tuple[Message, ...] = (Message(role="user", content=self.prompt),)
        else:
            messages = tuple(Message(role=item.role, content=item.content) for item in self.messages)
        return Case(
            id=self.id,
            category=self.category,
            messages=messages,
            expected=self.expected,
            expect=expectations(self.expect, self.expected),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            seed=self.seed,
            tags=self.tags,
            nonce=self.nonce,
        )


class _CriterionSection(_Section):
    id: _Name
    ask: Annotated[str, Field(min_length=1, max_length=2000)]
    weight: Annotated[float, Field(strict=True, gt=0, le=1000)] = 1.0


class _RubricSection(_Section):
    version: Annotated[StrictInt, Field(ge=1)]
    criteria: Annotated[tuple[_CriterionSection, ...], Field(min_length=1, max_length=50)]

    def build(self) -> Rubric:
        return Rubric(
            version=self.version,
            criteria=tuple(Criterion(id=each.id, ask=each.ask, weight=each.weight) for each in self.criteria),
        )


class _SuiteSection(_Section):
    name: _Name
    description: Annotated[str, Field(max_length=10_000)] = ""
    rubrics: Annotated[dict[_Name, _RubricSection], Field(max_length=1000)] = Field(default_factory=dict)
    cases: Annotated[tuple[_CaseSection, ...], Field(min_length=1, max_length=10_000)]


def _keys(place: _Place) -> tuple[str, ...]:
    """What there may be beside an unknown key."""
    match place[:-1]:
        case ():
            section: type[_Section] = _SuiteSection
        case ("rubrics", _):
            section = _RubricSection
        case ("rubrics", *_):
            section = _CriterionSection
        case ("cases", _):
            section = _CaseSection
        case _:
            section = _MessageSection
    return tuple(section.model_fields)


def load_suites(paths: Sequence[Path] = ()) -> Mapping[str, Suite]:
    """The bundled suites and those of `paths` (files, or directories of *.yaml), by name.

    Raises SuiteError: nothing there, unreadable, not a suite, or a name that is already taken.
    """
    suites: dict[str, Suite] = {}
    origin: dict[str, str] = {}
    sources = [(path, "bundled") for path in _files(_BUNDLED)]
    sources += [(path, str(path)) for given in paths for path in _files(given)]
    for path, source in sources:
        suite = load_suite(path)
        if suite.name in suites:
            raise SuiteError(f'{path}: the name "{suite.name}" is taken ({origin[suite.name]})')
        suites[suite.name] = suite
        origin[suite.name] = source
    return suites


def load_suite(path: Path) -> Suite:
    """One suite out of one file. Raises SuiteError with the line and the key at fault."""
    document = read_suite_document(path)
    if not isinstance(document.value, dict):
        raise document.error((), f"a suite is a mapping of {', '.join(_keys(('',)))}")
    try:
        section = _SuiteSection.model_validate(document.value)
    except ValidationError as exc:
        raise _translate(document, exc) from exc
    cases = tuple(_built(document, index, case) for index, case in enumerate(section.cases))
    first: dict[str, int] = {}
    for index, case in enumerate(cases):
        if case.id in first:
            line = document.lines["cases", first[case.id]]
            raise document.error(("cases", index, "id"), f'"{case.id}" is taken by the case on line {line}')
        first[case.id] = index
    return Suite(
        name=section.name,
        description=section.description.strip(),
        cases=cases,
        rubrics={name: rubric.build() for name, rubric in section.rubrics.items()},
    )


def _built(document: SuiteDocument, index: int, case: _CaseSection) -> Case:
    try:
        return case.build()
    except Misplaced as exc:
        raise document.error(("cases", index, *exc.place), exc.reason) from None


def _files(given: Path) -> list[Path]:
    if not given.is_dir():
        return [given]
    found = sorted(path for path in given.iterdir() if path.suffix in _SUFFIXES)
    if not found:
        raise SuiteError(f"{given}: no *.yaml file in this directory")
    return found


def _translate(document: SuiteDocument, exc: ValidationError) -> SuiteError:
    """The first of pydantic's errors in the order of the file.

    A list of which an item is wrong is also reported as too short: the item is what matters.
    """
    errors = exc.errors(include_url=False, include_input=True)
    inner = [
        error
        for error in errors
        if not any(other["loc"][:-1][: len(error["loc"])] == error["loc"] for other in errors)
    ]
    error = min(inner, key=lambda item: document.lines.get(item["loc"], 0))
    place: _Place = error["loc"]
    return document.error(place, _reason(place, error))


def _reason(place: _Place, error: Any) -> str:
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden":
        return _unknown_key(place)
    if kind == "missing":
        return "missing"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "string_type" and isinstance(given, bool | int | float):
        return f"{given!r} is no text; put it in quotes"
    if kind == "string_pattern_mismatch":
        return f'"{given}": letters, digits, dots, underscores and hyphens only'
    if kind == "too_short":
        return "empty"
    message = str(error["msg"])
    return message[0].lower() + message[1:]


def _unknown_key(place: _Place) -> str:
    known = _keys(place)
    close = get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
    meant = f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known)}"
    return f"unknown key; {meant}"
