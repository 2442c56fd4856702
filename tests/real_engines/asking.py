"""Attempts as the probe makes them, at a provider as it is configured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from probe.config.probing import ProviderConfig
from probe.engines.factory import open_engine
from probe.engines.meter import Meter
from probe.facts.sample import Ok, Sample, Target
from probe.lib.clock import SystemClock
from probe.lib.ids import new_id
from probe.probing.attempt import AttemptPlan, TargetPlan, attempt
from probe.providers.factory import build
from probe.providers.resolve import resolve_endpoint
from probe.suites.case import Case, Message
from probe.wire.local import LocalWire
from tests.probing.asking import FixedPrices

WORDS = " ".join(f"word{number}" for number in range(40))
RUN_ID = uuid4()
# A busy machine may take its time to read a page of metrics.
_PATIENCE = 5.0


class Asked:
    """One provider, asked again and again.

    `meter` is what is read of its engine, each time for `patience` seconds at most.
    """

    def __init__(self, name: str, wire: LocalWire, patience: float, **config: Any) -> None:
        self._endpoint = resolve_endpoint(name, ProviderConfig.model_validate(config))
        self._wire = wire
        self.provider = build(self._endpoint)
        engine = open_engine(self._endpoint)
        apart, routed = self._endpoint.metrics_url is not None, self._endpoint.kind == "proxy"
        self.meter = (
            None if engine is None else Meter(engine, apart=apart, routed=routed, patience_seconds=patience)
        )

    async def sample(self, model: str, *, max_tokens: int = 32, stream: bool = True) -> Sample:
        clock = SystemClock()
        target = Target(
            name=model,
            provider=self._endpoint.name,
            model=model,
            base_url=self._endpoint.base_url,
            kind=self._endpoint.kind,
        )
        plan = AttemptPlan(
            id=new_id(clock.now()),
            run_id=RUN_ID,
            target_plan=TargetPlan(target=target, streaming=stream),
            suite="real",
            case=Case(
                id="words",
                category="speed",
                messages=(Message(role="user", content=WORDS),),
                max_tokens=max_tokens,
                temperature=0.0,
                nonce=True,
            ),
            planned_at=clock.now(),
            planned_monotonic_ns=clock.monotonic_ns(),
        )
        return await attempt(plan, self.provider, self._wire, FixedPrices(), clock, self.meter)

    async def ok(self, model: str, *, max_tokens: int = 32, stream: bool = True) -> Sample:
        sample = await self.sample(model, max_tokens=max_tokens, stream=stream)
        assert isinstance(sample.outcome, Ok), sample.outcome
        return sample

    async def aclose(self) -> None:
        await self.provider.aclose()
        if self.meter is not None:
            await self.meter.aclose()


@asynccontextmanager
async def asking(
    name: str, wire: LocalWire, *, patience: float = _PATIENCE, **config: Any
) -> AsyncIterator[Asked]:
    asked = Asked(name, wire, patience, **config)
    try:
        yield asked
    finally:
        await asked.aclose()
