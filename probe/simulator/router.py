"""What every request is answered with, and what is counted of it."""

import math
import re
from collections.abc import Callable
from random import Random

import msgspec

from probe.errors import ConfigError
from probe.lib.clock import NS_PER_SECOND, monotonic_ns, wall_ns
from probe.simulator.apis import api_of
from probe.simulator.behaviour import Behaviour
from probe.simulator.connection import PlannedExchange, Received
from probe.simulator.credentials import Credentials
from probe.simulator.engine import engine_page
from probe.simulator.faults import ErrorAnswer, refusal
from probe.simulator.framing import JSON, JSON_LINES
from probe.simulator.listing import UnlistedError, listing
from probe.simulator.models import Models, UnknownModelError
from probe.simulator.plan import ResponsePlan
from probe.simulator.quota import UNLIMITED, Quotas
from probe.simulator.refusals import openai_error
from probe.simulator.request import Ask, Request, RequestError, refused_field
from probe.simulator.response import one_write_plan, plan_response, refused_plan
from probe.simulator.speech import Asked, SimulatedApi
from probe.simulator.truth import End, Stats, TruthLog, TruthRecord, line


class Router:
    """Knows the models; keeps truth and counts.

    `busy` is notified when the first chat answer begins (True) and when the last has ended (False).
    """

    def __init__(
        self,
        *,
        models: Models,
        truth: TruthLog,
        stats: Stats,
        credentials: Credentials,
        seed: int,
        busy: Callable[[bool], None],
    ) -> None:
        self._models = models
        self._truth = truth
        self._stats = stats
        self.credentials = credentials
        self._seed = seed
        self._busy = busy
        self._quotas = Quotas()
        self._started_ns = monotonic_ns()
        self._requests = 0

    def respond(self, received: Received) -> PlannedExchange:
        """The answer to one request, by the end of its path: any base path will do."""
        request = received.request
        path = request.path.rstrip("/")
        asked = api_of(path)
        if asked is not None:
            post = request.method == "POST"
            return self._answered(received, *asked) if post else _error(request, 405, "Use POST.")
        if path.endswith("/token") and request.method == "POST":
            status, said = self.credentials.token(request)
            return _answer(request, status, msgspec.json.encode(said), JSON)
        if path == "/truth" and request.method == "DELETE":
            self._truth.clear()
            return _json(request, {})
        if request.method != "GET":
            return _error(request, 405, "Use GET.")
        if path.startswith("/truth/"):
            return self._truth_of(request, path.removeprefix("/truth/"))
        if path == "/truth":
            return _answer(request, 200, self._truth.lines(), JSON_LINES)
        if path == "/stats":
            return _json(request, self._stats.as_json(self._models.error))
        page = engine_page(path, self._stats.total, self._models.names)
        return self._listed(request) if page is None else _answer(request, 200, page[1], page[0])

    def refuse(self, error: RequestError) -> ResponsePlan:
        body = msgspec.json.encode(openai_error(_because(error.status, str(error))))
        return one_write_plan(error.status, body, keep_alive=False)

    def _answered(self, received: Received, api: SimulatedApi, found: re.Match[str]) -> PlannedExchange:
        request = received.request
        self._requests += 1
        try:
            asked: Asked | ConfigError = api.read(request, found)
        except ConfigError as exc:
            asked = exc
        ask = _ask(self._requests, request, api, asked if isinstance(asked, Asked) else None)
        self._stats.remember(ask.id, request.path, request.headers, _shown(request.body))
        answer = self._decide(request, api, asked, ask)
        record = TruthRecord(
            own_id=ask.id,
            client_request_id=request.header("x-client-request-id"),
            model=ask.model,
            stream=ask.stream,
            received_ns=received.at_ns,
            stamp="kernel" if received.stamped else "read",
            connection=received.connection,
            request_of_connection=received.request_of_connection,
        )
        record.status, record.fault = answer.status, answer.fault
        self._truth.add(record)
        if self._stats.total.active == 0:
            self._busy(True)
        self._stats.begin(ask.model)

        def ended(_: End) -> None:
            self._stats.end(ask.model, record.status)
            self._truth.ended(record)
            if self._stats.total.active == 0:
                self._busy(False)

        return PlannedExchange(plan=answer, record=record, ended=ended)

    def _decide(
        self, request: Request, api: SimulatedApi, asked: Asked | ConfigError, ask: Ask
    ) -> ResponsePlan:
        why = self.credentials.missing(request)
        if why is not None:
            return refused_plan(api, why, ask, Behaviour())
        if isinstance(asked, ConfigError):
            return refused_plan(api, _because(400, str(asked)), ask, Behaviour())
        elapsed_seconds = (monotonic_ns() - self._started_ns) / NS_PER_SECOND
        try:
            behaviour = self._models.behaviour(asked.model, elapsed_seconds)
        except UnknownModelError:
            said = f"The model `{asked.model}` does not exist."
            return refused_plan(api, _because(404, said), ask, Behaviour())
        except ConfigError as exc:
            return refused_plan(api, _because(400, str(exc)), ask, Behaviour())
        unwanted = refused_field(request.body, behaviour.refuse)
        if unwanted is not None:
            return refused_plan(api, _because(400, f"Unsupported parameter: {unwanted}."), ask, behaviour)
        return self._within_quota(api, behaviour, ask)

    def _within_quota(self, api: SimulatedApi, behaviour: Behaviour, ask: Ask) -> ResponsePlan:
        random = Random(f"{self._seed}/{ask.model}/{self._nth(ask.model)}")
        if behaviour.rpm is None:
            if behaviour.ratelimit_headers:
                ask = ask.with_headers(api.refusals.limits(UNLIMITED, UNLIMITED - 1, 0.006))
            return plan_response(api, behaviour, ask, random)
        admission = self._quotas.admit(ask.model, behaviour.rpm, monotonic_ns())
        if admission.admitted:
            limits = api.refusals.limits(behaviour.rpm, admission.remaining, admission.full_in_seconds)
            return plan_response(api, behaviour, ask.with_headers(limits), random)
        wait_seconds = math.ceil(admission.free_in_seconds)
        return refused_plan(api, refusal(429), ask, behaviour, wait_seconds=wait_seconds, limit=behaviour.rpm)

    def _nth(self, model: str) -> int:
        tally = self._stats.models.get(model)
        return 0 if tally is None else tally.requests

    def _truth_of(self, request: Request, key: str) -> PlannedExchange:
        record = self._truth.find(key)
        if record is None:
            return _error(request, 404, f"No request {key} is remembered.")
        return _answer(request, 200, line(record), JSON)

    def _listed(self, request: Request) -> PlannedExchange:
        try:
            found = listing(request, self._models.names)
        except UnlistedError as exc:
            return _error(request, 404, str(exc))
        why = self.credentials.missing(request)
        return _json(request, found) if why is None else _error(request, why.status, why.message)


def _ask(number: int, request: Request, api: SimulatedApi, asked: Asked | None) -> Ask:
    return Ask(
        id=api.id_form.format(number),
        created_seconds=wall_ns() // NS_PER_SECOND,
        model=asked.model if asked else "",
        stream=bool(asked and asked.stream),
        include_usage=bool(asked and asked.include_usage),
        max_tokens=asked.max_tokens if asked else None,
        prompt_tokens=asked.prompt_tokens if asked else 0,
        keep_alive=request.keep_alive,
        http_1_0=request.http_version == "1.0",
        headers=((api.id_header, f"req-sim-{number:08d}"),),
    )


def _shown(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None


def _because(status: int, message: str) -> ErrorAnswer:
    return refusal(status)._replace(message=message)


def _json(request: Request, value: object) -> PlannedExchange:
    return _answer(request, 200, msgspec.json.encode(value), JSON)


def _error(request: Request, status: int, message: str) -> PlannedExchange:
    return _answer(request, status, msgspec.json.encode(openai_error(_because(status, message))), JSON)


def _answer(request: Request, status: int, body: bytes, content_type: str) -> PlannedExchange:
    made = one_write_plan(status, body, keep_alive=request.keep_alive, content_type=content_type)
    return PlannedExchange(plan=made, record=None, ended=_unnoted)


def _unnoted(_: End) -> None:
    """Only chat answers are counted."""
