"""The contract of an evaluator: settings that are checked when a suite is loaded, and a pure judgement."""

from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from probe.quality.verdict import Dimension, Verdict


class Settings(BaseModel):
    """What a case may say to an evaluator. A plain value stands for the field `main_field`, if there is one.

    A field named as `expected_field` takes the case's own `expected` where it is left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    main_field: ClassVar[str | None] = None
    expected_field: ClassVar[str | None] = None

    @classmethod
    def renamed(cls, given: dict[str, Any]) -> dict[str, Any]:
        """What a file says, by the names of the fields."""
        return given

    @classmethod
    def shown_fields(cls) -> list[str]:
        """The names as a file has them."""
        return [name.rstrip("_") for name in cls.model_fields]

    @property
    def dimension_of_settings(self) -> Dimension | None:
        """The dimension, where it depends on the settings."""
        return None


class Evaluator(Protocol):
    """Built from its settings; raises ValueError for those that it cannot work with.

    `judge` takes an answer as `probe.quality.normal.answer_of` gives it, never empty. It looks at no clock,
    does no I/O, takes 50 ms at most, and never raises. A change of what it says is a new `version`.
    `alone` is false for what may not be the only thing that has to hold.
    """

    version: ClassVar[int]
    dimension: ClassVar[Dimension]
    threshold: ClassVar[float]
    alone: ClassVar[bool]
    settings: ClassVar[type[Settings]]

    def judge(self, answer: str, /) -> Verdict: ...
