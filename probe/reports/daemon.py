"""What the pages and the API ask of the daemon. The daemon implements it; tests hand in their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from pydantic import SecretStr

from probe.budgets.forecast import Forecast
from probe.facts.sample import Series
from probe.facts.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """A run that somebody asks for. `targets` are names or shell patterns, as in a job."""

    suite: str
    targets: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateOrder:
    """What is asked about: one job; a run of `suite` by hand; or, with neither, every job."""

    job: str | None = None
    suite: str | None = None
    targets: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A configured job. `series` is how many target series one run of it asks."""

    name: str
    suite: str
    cron: str
    timezone: str
    series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a part of the daemon cannot do its work. `detail` is one line without secrets."""

    part: Literal["store", "stopwatch", "schedule"]
    detail: str


class Control(Protocol):
    def token(self) -> SecretStr | None:
        """The bearer token in force; None refuses every request that changes something."""
        ...

    def series(self) -> Sequence[Series]:
        """What is probed now, in the order of the configuration."""
        ...

    def jobs(self) -> Sequence[Job]:
        """Every job, in the order of the configuration; `status` says when each ran and runs next."""
        ...

    def status(self) -> Status:
        """What the daemon knows about itself now."""
        ...

    async def readiness(self) -> Sequence[Trouble]:
        """Whether the store answers, the stopwatch lives and the schedule runs; empty if all do."""
        ...

    async def metrics(self, accept: str, /) -> tuple[bytes, str]:
        """Every metric in the format that the Accept header prefers, and its content type."""
        ...

    async def trigger(self, order: RunOrder, /) -> UUID:
        """Start a run and give its id without waiting for its end; its row exists by then.

        Raises ConfigError if the suite is unknown or no target matches; the message says what there is.
        Raises OverBudget if it does not fit into what is left of a budget; its row says so.
        Raises StoreError if the run could not be stored, NotRunning while the daemon starts or stops.
        """
        ...

    async def estimate(self, order: EstimateOrder, /) -> Sequence[Forecast]:
        """What runs would cost now.

        Raises ConfigError if the job or suite is unknown or no target matches; the message says what there
        is.
        """
        ...

    async def discover(self, providers: Sequence[str], /) -> Mapping[str, UUID]:
        """Begin to ask providers, by name or shell pattern, for their models; the ids of the discoveries.

        Raises ConfigError if a pattern matches no provider, StoreError if it could not be stored,
        NotRunning while the daemon starts or stops.
        """
        ...

    async def reload(self) -> None:
        """Read the configuration again and put it in force.

        Raises ConfigError, with nothing changed, if it cannot be used; NotRunning while the daemon starts
        or stops.
        """
        ...
