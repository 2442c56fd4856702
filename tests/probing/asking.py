"""Plans to try out, and a provider that answers as it is told, on the clock of the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from probe.catalog.models.listed import ListedModel
from probe.catalog.prices.price import Price
from probe.facts.rates import Rates
from probe.facts.sample import Failed, Ok, Outcome, Sample, Target, Usage
from probe.facts.timeline import OutputChunk, Timeline
from probe.lib.clock import Clock, ClockPair
from probe.probing.attempt import TargetPlan
from probe.probing.run import RunPlan
from probe.providers.protocol import Prompt, Reading
from probe.suites.case import Case, Message, Suite
from probe.wire.capture import Capture
from probe.wire.request import Wire, WireRequest
from tests.lib.clocks import START

RUN_ID = UUID(int=1)


def target_plan(model: str, provider: str = "acme") -> TargetPlan:
    return TargetPlan(
        target=Target(
            name=f"{provider}/{model}",
            provider=provider,
            model=model,
            base_url=f"http://{provider}.test/v1",
            kind="direct",
        )
    )


def case(case_id: str = "one", *, nonce: bool = False) -> Case:
    message = Message(role="user", content=f"Say {case_id}.")
    return Case(id=case_id, category="general", messages=(message,), max_tokens=32, seed=7, nonce=nonce)


def run_plan(
    targets: Sequence[TargetPlan],
    *,
    cases: Sequence[Case] = (case(),),
    planned_at: datetime = START,
    spread_seconds: float = 0,
    concurrency: int = 100,
    patience_seconds: float = 60,
) -> RunPlan:
    return RunPlan(
        run_id=RUN_ID,
        name="benchmark",
        suite=Suite(name="tried", description="", cases=tuple(cases)),
        targets=tuple(targets),
        planned_at=planned_at,
        spread_seconds=spread_seconds,
        concurrency=concurrency,
        patience_seconds=patience_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back after so many seconds; `error` is raised instead."""

    seconds: float = 1.0
    outcome: Outcome = field(default_factory=Ok)
    error: Exception | None = None
    text: str | None = None


THROTTLED = Answer(
    seconds=0.1, outcome=Failed(kind="rate_limited", fault="account", detail="429", retry_after_seconds=30)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    at_seconds: float
    prompt: Prompt

    @property
    def model(self) -> str:
        return self.prompt.model


class ScriptedProvider:
    """Answers `answer(prompt)`; `calls` are the prompts in the order in which they were sent."""

    def __init__(self, clock: Clock, answer: Callable[[Prompt], Answer] = lambda _: Answer()) -> None:
        self._clock = clock
        self._answer = answer
        self._readings: dict[str, Reading] = {}
        self.calls: list[Call] = []
        self.in_flight = 0
        self.most_in_flight = 0

    async def send(self, request: Prompt, wire: Wire, /) -> Capture:
        answer = self._answer(request)
        started_ns = self._clock.monotonic_ns()
        self.calls.append(Call(at_seconds=started_ns / 1e9, prompt=request))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        started = self._pair()
        try:
            await self._clock.sleep(answer.seconds)
        finally:
            self.in_flight -= 1
        if answer.error is not None:
            raise answer.error
        url = str(request.request_id)
        end_ns = self._clock.monotonic_ns()
        self._readings[url] = Reading(
            timeline=Timeline(
                started_ns=started_ns, output=(OutputChunk(end_ns, 1, answer=True),), end_ns=end_ns
            ),
            outcome=answer.outcome,
            text=answer.text,
            reasoning_text=answer.text,
            usage=Usage(input_tokens=3, output_tokens=1, source="provider"),
        )
        return Capture(
            method="POST",
            url=url,
            request_headers=(),
            request_body=b"",
            clock_start=started,
            clock_end=self._pair(),
            started_ns=started_ns,
            end_ns=end_ns,
        )

    def read(self, capture: Capture, /) -> Reading:
        return self._readings[capture.url]

    async def models(self, wire: Wire, /) -> Sequence[ListedModel]:
        raise AssertionError("nobody lists models here")

    async def warm_up(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def _pair(self) -> ClockPair:
        wall_ns = round(self._clock.now().timestamp() * 1e9)
        return ClockPair(monotonic_ns=self._clock.monotonic_ns(), wall_ns=wall_ns)


class NoWire:
    """Nothing is carried: the provider above makes its captures up."""

    async def exchange(self, request: WireRequest, /) -> Capture:
        raise AssertionError("nothing is sent here")

    async def aclose(self) -> None:
        pass


_FREE = Rates(input_per_million_usd=Decimal(0), output_per_million_usd=Decimal(0))
_A_DOLLAR = Price(rates=_FREE, request_usd=Decimal(1), source="test")


class FixedPrices:
    """A dollar for each request to a model that has a price."""

    def __init__(self, *priced: str) -> None:
        self._priced = priced
        self.asked: list[tuple[str, str, str, datetime]] = []

    def price(self, provider: str, model: str, base_url: str, at: datetime, /) -> Price | None:
        self.asked.append((provider, model, base_url, at))
        return _A_DOLLAR if model in self._priced else None


def kinds(samples: Sequence[Sample]) -> list[str]:
    """`ok`, or the kind of failure, in order."""
    return [sample.outcome.kind if isinstance(sample.outcome, Failed) else "ok" for sample in samples]
