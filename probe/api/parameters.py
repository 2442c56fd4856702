"""What may be asked in a query string, checked. A name that is no parameter is an error, not ignored."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from probe.facts.sample import FailureKind, Fault, TargetKind
from probe.reports.leaderboard import HOURS, SORT_KEYS, Sort
from probe.reports.models import ModelChoice
from probe.store.paging import ID_CURSOR, SEQUENCE_CURSOR
from probe.store.records import ResultFilter, RunFilter, RunStatus
from probe.wire.request import Connection

MAX_PAGE = 500
MAX_HOURS = 24 * 7
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_DATE = r"2[01][0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
_OFFSET = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"


def _instant(value: object) -> object:
    """A number would pass for seconds since 1970; a plus sign that was not escaped arrives as a space."""
    if not isinstance(value, str) or "-" not in value:
        raise ValueError("must be an instant with its offset from UTC, such as 2026-11-21T03:00:00Z")
    return value


def _in_range(value: datetime) -> datetime:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return value.astimezone(UTC)


def _described(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


Word = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    AfterValidator(_in_range),
    _described(format="date-time", pattern=f"^{_DATE}T{_TIME}{_OFFSET}$"),
]
# Of results, and of runs and events. The store says which it takes.
SequenceCursor = Annotated[Word, _described(pattern=SEQUENCE_CURSOR)]
IdCursor = Annotated[Word, _described(pattern=ID_CURSOR)]


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PageParameters(Parameters):
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Items on a page.")
    cursor: IdCursor | None = Field(None, description="`next` of the page before.")


class ResultParameters(PageParameters):
    cursor: SequenceCursor | None = Field(None, description="`next` of the page before.")
    provider: Word | None = None
    model: Word | None = None
    target: Word | None = None
    kind: TargetKind | None = Field(None, description="The kind of target.")
    success: bool | None = None
    failure_kind: FailureKind | None = None
    fault: Fault | None = Field(None, description="Whose fault a failure is.")
    connection: Connection | None = None
    suite: Word | None = None
    run_id: UUID | None = None
    since: Instant | None = Field(None, description="Ended at this instant or later.")
    until: Instant | None = Field(None, description="Ended before this instant.")

    def chosen(self) -> ResultFilter:
        return ResultFilter(**self.model_dump(exclude={"limit", "cursor"}))


class RunParameters(PageParameters):
    run_name: Word | None = None
    triggered_by: Word | None = Field(None, description="`schedule`, `start`, `api`, `cli`.")
    suite: Word | None = None
    status: RunStatus | None = None
    since: Instant | None = Field(None, description="Started at this instant or later.")
    until: Instant | None = Field(None, description="Started before this instant.")

    def chosen(self) -> RunFilter:
        return RunFilter(**self.model_dump(exclude={"limit", "cursor"}))


class ModelParameters(Parameters):
    provider: Word | None = None
    probed: bool | None = Field(None, description="Whether a target names it.")
    listed: bool | None = Field(None, description="Whether its provider lists it.")
    retiring: bool | None = Field(None, description="Whether it is listed, and is said to go.")
    vanished: bool | None = Field(None, description="Whether its provider listed it and does so no more.")
    text: Word | None = Field(None, description="A part of its name.")

    def chosen(self) -> ModelChoice:
        return ModelChoice(**self.model_dump(exclude={"provider"}))


_ORDERS = [sign + key for key in SORT_KEYS for sign in ("", "-")]


def _order(text: str) -> str:
    if Sort.parse(text) is None:
        raise ValueError(f"must be one of {', '.join(SORT_KEYS)}, with - in front for the worst first")
    return text


class LeaderboardParameters(Parameters):
    """The window ends now."""

    hours: int = Field(HOURS, ge=1, le=MAX_HOURS, description="The length of the window.")
    kind: TargetKind | None = Field(None, description="The kind of target.")
    provider: Word | None = None
    suite: Word | None = Field(
        None, description="A suite; otherwise each target has the suites that its jobs ask it."
    )
    sort: Annotated[str, AfterValidator(_order), _described(enum=_ORDERS)] = Field(
        "ttft", description=f"Best first: {', '.join(SORT_KEYS)}; with - in front the worst first."
    )

    def begins(self, until: datetime) -> datetime:
        """The start of the window."""
        return until - timedelta(hours=self.hours)
