"""The answer is a JSON value, of a schema, equal to another, or both."""

import json
from itertools import islice
from typing import Any, ClassVar, Literal

from pydantic import StrictBool, field_validator

from probe.quality import strict_json
from probe.quality.evaluator import Settings
from probe.quality.normal import without_fence
from probe.quality.verdict import Dimension, Verdict, quoted, right, wrong

_UNSET: Any = "\0unset"
_MOST_VALUES = 2000
_MOST_ERRORS = 3


class JsonSettings(Settings):
    """`fence: allow` takes the value out of one fenced block that is the whole answer. `find` takes it out of
    a text: the first, the last or the only object or array there. `unordered`: arrays are equal in any order.
    """

    fence: Literal["refuse", "allow"] = "refuse"
    find: Literal["whole", "first", "last", "only"] = "whole"
    schema_: dict[str, Any] | bool | None = None
    equals: Any = _UNSET
    unordered: StrictBool = False

    @classmethod
    def renamed(cls, given: dict[str, Any]) -> dict[str, Any]:
        """`schema` is a name that pydantic keeps for itself."""
        return {"schema_" if key == "schema" else key: value for key, value in given.items()}

    @field_validator("equals")
    @classmethod
    def _json(cls, given: Any) -> Any:
        json.dumps(given, allow_nan=False)  # raises ValueError
        return given

    @property
    def dimension_of_settings(self) -> Dimension | None:
        return None if self.equals == _UNSET else "accuracy"


class JsonValue:
    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "format"
    threshold: ClassVar[float] = 1.0
    alone: ClassVar[bool] = True
    settings: ClassVar[type[Settings]] = JsonSettings

    def __init__(self, settings: JsonSettings) -> None:
        self._settings = settings
        self._validator = None if settings.schema_ is None else _validator(settings.schema_)
        if self._validator is not None and settings.equals != _UNSET:
            problem = _problems(self._validator, settings.equals)
            if problem:
                raise ValueError(f"equals: is not of the schema: {problem}")

    def judge(self, answer: str) -> Verdict:
        text = self._text(answer)
        if isinstance(text, Verdict):
            return text
        try:
            value = strict_json.parse(text)
        except ValueError as exc:
            return wrong("wrong_format", f"no JSON: {exc}")
        if self._validator is not None:
            problem = _problems(self._validator, value)
            if problem:
                return wrong("wrong_format", problem)
        expected = self._settings.equals
        if expected == _UNSET or strict_json.same(value, expected, unordered=self._settings.unordered):
            return right()
        return wrong("wrong_value", f"{quoted(text)} is another value")

    def _text(self, answer: str) -> str | Verdict:
        if self._settings.fence == "allow":
            inside = without_fence(answer)
            answer = answer if inside is None else inside
        if self._settings.find == "whole":
            return answer
        found = list(islice(strict_json.embedded(answer), _MOST_VALUES + 1))
        if len(found) > _MOST_VALUES:
            return wrong("ambiguous", f"more than {_MOST_VALUES} values")
        if not found:
            return wrong("missing", "no object and no array")
        if self._settings.find == "only" and len(found) > 1:
            return wrong("ambiguous", f"{quoted(found[0])} and {quoted(found[1])}")
        return found[-1] if self._settings.find == "last" else found[0]


def _validator(schema: dict[str, Any] | bool) -> Any:
    """Nothing is fetched, formats are asserted, patterns take linear time. Raises ValueError."""
    import jsonschema_rs

    drafts = {
        "https://json-schema.org/draft/2020-12/schema": jsonschema_rs.Draft202012Validator,
        "https://json-schema.org/draft/2019-09/schema": jsonschema_rs.Draft201909Validator,
        "http://json-schema.org/draft-07/schema": jsonschema_rs.Draft7Validator,
        "http://json-schema.org/draft-06/schema": jsonschema_rs.Draft6Validator,
        "http://json-schema.org/draft-04/schema": jsonschema_rs.Draft4Validator,
    }
    named = schema.get("$schema") if isinstance(schema, dict) else None
    draft = jsonschema_rs.Draft202012Validator if named is None else drafts.get(str(named).rstrip("#"))
    if draft is None:
        raise ValueError(f"schema: the draft {named!r} is not known")
    try:
        return draft(
            schema,
            validate_formats=True,
            ignore_unknown_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )
    except (ValueError, jsonschema_rs.ReferencingError) as exc:
        hint = "; patterns have no look-around" if '"regex"' in str(exc) else ""
        raise ValueError(f"schema: {_line(exc)}{hint}") from None


def _problems(validator: Any, value: Any) -> str:
    """The first few, with their places; "" if there is none."""
    if validator.is_valid(value):
        return ""
    return "; ".join(
        f"{_place(error.instance_path)}{_line(error)}"
        for error in islice(validator.iter_errors(value), _MOST_ERRORS)
    )


def _place(path: list[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") + (
        ": " if path else ""
    )


def _line(error: Any) -> str:
    return str(getattr(error, "message", error)).splitlines()[0][:200]
