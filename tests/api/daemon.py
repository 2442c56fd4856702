"""A daemon that says what a test wants it to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from pydantic import SecretStr

from probe.budgets.forecast import Forecast
from probe.errors import ProbeError
from probe.facts.sample import Series
from probe.facts.status import Status
from probe.reports.daemon import EstimateOrder, Job, RunOrder, Trouble

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class ScriptedDaemon:
    """Implements `probe.reports.daemon.Control`.

    `orders`, `discoveries` and `reloads` are what it was asked for.
    """

    now: Status
    probed: Sequence[Series] = ()
    planned: Sequence[Job] = ()
    secret: str | None = None
    troubles: Sequence[Trouble] = ()
    refusal: ProbeError | Exception | None = None
    orders: list[RunOrder] = field(default_factory=list)
    discoveries: list[tuple[str, ...]] = field(default_factory=list)
    questions: list[EstimateOrder] = field(default_factory=list)
    forecasts: Sequence[Forecast] = ()
    reloads: int = 0
    exposition: bytes = b"inference_probe_up 1\n"

    def token(self) -> SecretStr | None:
        return None if self.secret is None else SecretStr(self.secret)

    def series(self) -> Sequence[Series]:
        return self.probed

    def jobs(self) -> Sequence[Job]:
        return self.planned

    def status(self) -> Status:
        return self.now

    async def readiness(self) -> Sequence[Trouble]:
        return self.troubles

    async def metrics(self, accept: str, /) -> tuple[bytes, str]:
        if self.refusal is not None:
            raise self.refusal
        return self.exposition, OPENMETRICS if "openmetrics" in accept else PROMETHEUS

    async def trigger(self, order: RunOrder, /) -> UUID:
        if self.refusal is not None:
            raise self.refusal
        self.orders.append(order)
        return uuid4()

    async def discover(self, providers: Sequence[str], /) -> Mapping[str, UUID]:
        if self.refusal is not None:
            raise self.refusal
        self.discoveries.append(tuple(providers))
        return {provider: uuid4() for provider in providers}

    async def estimate(self, order: EstimateOrder, /) -> Sequence[Forecast]:
        if self.refusal is not None:
            raise self.refusal
        self.questions.append(order)
        return self.forecasts

    async def reload(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.reloads += 1
