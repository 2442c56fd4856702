"""Evaluators by name: our own, and those that an installed package names in the group `probe.evaluators`."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Final

from probe.quality.evaluator import Evaluator, Settings
from probe.quality.evaluators.choice import Choice
from probe.quality.evaluators.constraints import Constraints
from probe.quality.evaluators.contains import Contains, ContainsAll, ContainsAny, NotContains
from probe.quality.evaluators.exact import Exact
from probe.quality.evaluators.json_value import JsonValue
from probe.quality.evaluators.language import Language
from probe.quality.evaluators.length import Length
from probe.quality.evaluators.number import NumberEvaluator
from probe.quality.evaluators.refusal import Refusal
from probe.quality.evaluators.regex import Regex
from probe.quality.evaluators.similarity import Similarity
from probe.quality.verdict import DIMENSIONS

GROUP: Final = "probe.evaluators"

EVALUATORS: Final[Mapping[str, Any]] = {
    "exact": Exact,
    "contains": Contains,
    "contains_all": ContainsAll,
    "contains_any": ContainsAny,
    "not_contains": NotContains,
    "regex": Regex,
    "number": NumberEvaluator,
    "json": JsonValue,
    "choice": Choice,
    "constraints": Constraints,
    "similarity": Similarity,
    "length": Length,
    "language": Language,
    "refusal": Refusal,
}


@cache
def evaluator_names() -> tuple[str, ...]:
    return (*EVALUATORS, *sorted(set(entry_points(group=GROUP).names) - set(EVALUATORS)))


@cache
def evaluator_class(name: str) -> type[Evaluator]:
    """Raises ValueError if there is none, or if an installed one breaks the contract."""
    if name in EVALUATORS:
        found: type[Evaluator] = EVALUATORS[name]
        return found
    points = tuple(entry_points(group=GROUP, name=name))
    if not points:
        raise ValueError("unknown evaluator")
    try:
        loaded: Any = points[0].load()
    except (ImportError, AttributeError) as exc:
        raise ValueError(f"cannot be loaded: {exc}") from exc
    settings = getattr(loaded, "settings", None)
    keeps = (
        isinstance(loaded, type)
        and isinstance(settings, type)
        and issubclass(settings, Settings)
        and isinstance(getattr(loaded, "version", None), int)
        and getattr(loaded, "dimension", None) in DIMENSIONS
        and isinstance(getattr(loaded, "threshold", None), float)
        and isinstance(getattr(loaded, "alone", None), bool)
        and callable(getattr(loaded, "judge", None))
    )
    if not keeps:
        raise ValueError("is no evaluator as probe/quality/evaluator.py says what one is")
    evaluator: type[Evaluator] = loaded
    return evaluator
