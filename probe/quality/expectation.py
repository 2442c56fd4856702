"""What a case expects of its answer: an evaluator with its settings, and what its verdict counts for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError

from probe.quality.evaluator import Evaluator, Settings
from probe.quality.registry import evaluator_class
from probe.quality.verdict import Dimension

# A case that says no more than its expected answer: what people do not mean by a difference is none.
PLAIN_IGNORE: Final = ("case", "markdown", "final_dot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """`settings` is JSON, complete with defaults. `weight`, `threshold` and `must` decide no verdict, only
    what follows from it: `must` is whether the case can pass without this.
    """

    evaluator: str
    version: int
    settings: str
    dimension: Dimension
    weight: float = 1.0
    threshold: float = 1.0
    must: bool = True

    @property
    def criteria_hash(self) -> str:
        """The SHA-256, in hex, of all that decides a verdict, and of nothing else."""
        decides = json.dumps([self.evaluator, self.version, self.settings], ensure_ascii=False)
        return hashlib.sha256(decides.encode()).hexdigest()

    def build(self) -> Evaluator:
        return _built(self.evaluator, self.settings)


class Misplaced(ValueError):
    """What is wrong with an expectation, and at which key under it."""

    def __init__(self, place: tuple[str | int, ...], reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.reason = reason


class _Common(BaseModel):
    """What every evaluator takes beside its own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: Annotated[float, Field(strict=True, gt=0, le=1000)] = 1.0
    threshold: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None
    must: StrictBool | None = None
    dimension: Dimension | None = None


def expectation(name: str, given: Any, expected: str | None) -> Expectation:
    """What a file says under the name of an evaluator; `expected` is that of the case.

    Raises ValueError if there is no such evaluator, Misplaced for what is wrong with its settings.
    """
    found = evaluator_class(name)
    own = _spread(found.settings, given, expected)
    common = _validated(_Common, {key: own.pop(key) for key in [*_Common.model_fields] if key in own})
    settings = _validated(found.settings, own)
    try:
        written = json.dumps(
            settings.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, allow_nan=False
        )
    except ValueError as exc:
        raise Misplaced((), f"{exc}") from None
    try:
        _built(name, written)
    except ValueError as exc:
        place, colon, reason = str(exc).partition(": ")
        known = colon and place.partition("[")[0] in found.settings.model_fields
        raise Misplaced((place,) if known else (), reason if known else str(exc)) from None
    must = found.alone if common.must is None else common.must
    if must and not found.alone:
        raise Misplaced(("must",), f"{name} is too weak to be what has to hold")
    return Expectation(
        evaluator=name,
        version=found.version,
        settings=written,
        dimension=common.dimension or settings.dimension_of_settings or found.dimension,
        weight=common.weight,
        threshold=found.threshold if common.threshold is None else common.threshold,
        must=must,
    )


def plain(expected: str) -> Expectation:
    """That of a case with an expected answer and nothing more. Raises Misplaced if it is empty."""
    return expectation("exact", {"equals": expected, "ignore": list(PLAIN_IGNORE)}, None)


def _spread(settings: type[Settings], given: Any, expected: str | None) -> dict[str, Any]:
    """Settings as a mapping: a plain value is that of the main field."""
    if isinstance(given, Mapping):
        own = settings.renamed(dict(given))
    elif given is None:
        own = {}
    elif settings.main_field is None:
        raise Misplaced((), f"a mapping of {', '.join(settings.shown_fields())}")
    else:
        own = {settings.main_field: given}
    field = settings.expected_field
    if field is not None and field not in own and expected is not None:
        own[field] = expected
    return own


def _validated(model: type[Any], given: dict[str, Any]) -> Any:
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        # An unknown name is why another is missing.
        error = min(exc.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
        place = tuple(step for step in error["loc"] if isinstance(step, int) or step in given)
        if error["type"] == "extra_forbidden":
            known = [*_Common.model_fields, *getattr(model, "shown_fields", list)()]
            raise Misplaced(error["loc"], f"unknown option; there is {', '.join(sorted(known))}") from None
        if error["type"] == "missing":
            raise Misplaced((), f"{'.'.join(map(str, error['loc']))} is missing") from None
        message = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]
        raise Misplaced(place, message[0].lower() + message[1:]) from None


@lru_cache(maxsize=4096)
def _built(name: str, settings: str) -> Evaluator:
    found: Any = evaluator_class(name)
    built: Evaluator = found(found.settings.model_validate_json(settings))
    return built
