"""What a dialect must do: send a prompt over the wire, and read the capture that comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from probe.catalog.models.listed import ListedModel
from probe.facts.sample import Outcome, Remark, Reported, Unreported, Usage
from probe.facts.timeline import Timeline
from probe.suites.case import Message
from probe.wire.capture import Capture
from probe.wire.request import Connection, Deadlines, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One request, in no dialect yet. `request_id` goes out as X-Client-Request-Id."""

    request_id: UUID
    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float | None = None
    seed: int | None = None
    stream: bool = True
    connection: Connection = "cold"
    deadlines: Deadlines = field(default_factory=Deadlines)
    planned_monotonic_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a capture says, once understood. Absent is None.

    `timeline.streamed` says whether the answer came as a stream, whatever was requested. What is read of an
    engine beside the capture is filled in later: `unreported`, and `reported` where the answer told nothing.
    """

    timeline: Timeline
    outcome: Outcome
    remarks: tuple[Remark, ...] = ()
    gateway: str | None = None
    gateway_tries: int | None = None
    unreported: Unreported | None = None
    status_code: int | None = None
    usage: Usage = field(default_factory=Usage)
    reported: Reported | None = None
    text: str | None = None
    reasoning_text: str | None = None
    finish_reason: str | None = None
    served_model: str | None = None
    provider_request_id: str | None = None
    system_fingerprint: str | None = None
    rate_limit: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    async def send(self, request: Prompt, wire: Wire, /) -> Capture:
        """Carry out one request. A failed exchange is a Capture too.

        Raises ProviderError if no request could be made of the prompt, StopwatchError without a stopwatch.
        """
        ...

    def read(self, capture: Capture, /) -> Reading:
        """Pure, total: any bytes give a Reading."""
        ...

    async def models(self, wire: Wire, /) -> Sequence[ListedModel]:
        """The provider's whole model list, each model once.

        Raises ProviderError if any part of it is missing: what a list lacks is taken for gone.
        """
        ...

    async def warm_up(self) -> None:
        """Make the first call of a process, which costs tens of milliseconds more, without a network."""
        ...

    async def aclose(self) -> None: ...
