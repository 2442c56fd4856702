"""What every request is answered with, and what is counted of it."""

import math
from collections.abc import Callable
from random import Random
from urllib.parse import unquote

import msgspec

from probe.errors import ConfigError
from probe.lib.clock import NS_PER_SECOND, monotonic_ns, wall_ns
from probe.simulator.behaviour import Behaviour
from probe.simulator.connection import PlannedExchange, Received
from probe.simulator.faults import ErrorAnswer, error_json, refusal
from probe.simulator.framing import JSON, JSON_LINES
from probe.simulator.models import Models, UnknownModelError
from probe.simulator.plan import ResponsePlan
from probe.simulator.quota import UNLIMITED, Quotas, ratelimit_headers
from probe.simulator.request import (
    Ask,
    ChatRequest,
    Request,
    RequestError,
    prompt_tokens,
    read_chat,
    refused_field,
)
from probe.simulator.response import one_write_plan, plan_response, refused_plan
from probe.simulator.truth import End, Stats, TruthLog, TruthRecord, line

CREATED_SECONDS = 1_767_225_600  # what the model list says of every model: 2026-01-01
CONTEXT_WINDOW = 131_072


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
        require_key: str | None,
        seed: int,
        busy: Callable[[bool], None],
    ) -> None:
        self._models = models
        self._truth = truth
        self._stats = stats
        self._require_key = require_key
        self._seed = seed
        self._busy = busy
        self._quotas = Quotas()
        self._started_ns = monotonic_ns()
        self._requests = 0

    def respond(self, received: Received) -> PlannedExchange:
        """The answer to one request, by the end of its path: any base path will do."""
        request = received.request
        path = request.path.rstrip("/")
        if path.endswith("/chat/completions"):
            return self._chat(received) if request.method == "POST" else _error(request, 405, "Use POST.")
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
        return self._listing(request, path)

    def refuse(self, error: RequestError) -> ResponsePlan:
        body = error_json(ErrorAnswer("invalid_request_error", None, str(error)))
        return one_write_plan(error.status, body, keep_alive=False)

    def _chat(self, received: Received) -> PlannedExchange:
        request = received.request
        self._requests += 1
        try:
            chat: ChatRequest | ConfigError = read_chat(request.body)
        except ConfigError as exc:
            chat = exc
        ask = _ask(self._requests, request, chat if isinstance(chat, ChatRequest) else None)
        self._stats.remember(ask.id, request.path, request.headers, _shown(request.body))
        answer = self._decide(request, chat, ask)
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

    def _decide(self, request: Request, chat: ChatRequest | ConfigError, ask: Ask) -> ResponsePlan:
        if not self._authorized(request):
            return refused_plan(401, refusal(401), ask, Behaviour())
        if isinstance(chat, ConfigError):
            return refused_plan(400, _because(400, str(chat)), ask, Behaviour())
        elapsed_seconds = (monotonic_ns() - self._started_ns) / NS_PER_SECOND
        try:
            behaviour = self._models.behaviour(chat.model, elapsed_seconds)
        except UnknownModelError:
            return refused_plan(
                404, _because(404, f"The model `{chat.model}` does not exist."), ask, Behaviour()
            )
        except ConfigError as exc:
            return refused_plan(400, _because(400, str(exc)), ask, Behaviour())
        unwanted = refused_field(request.body, behaviour.refuse)
        if unwanted is not None:
            return refused_plan(400, _because(400, f"Unsupported parameter: {unwanted}."), ask, behaviour)
        return self._within_quota(behaviour, ask)

    def _within_quota(self, behaviour: Behaviour, ask: Ask) -> ResponsePlan:
        random = Random(f"{self._seed}/{ask.model}/{self._nth(ask.model)}")
        if behaviour.rpm is None:
            if behaviour.ratelimit_headers:
                ask = ask.with_headers(ratelimit_headers(UNLIMITED, UNLIMITED - 1, 0.006))
            return plan_response(behaviour, ask, random)
        admission = self._quotas.admit(ask.model, behaviour.rpm, monotonic_ns())
        headers = ratelimit_headers(behaviour.rpm, admission.remaining, admission.full_in_seconds)
        ask = ask.with_headers(headers)
        if admission.admitted:
            return plan_response(behaviour, ask, random)
        free_in_seconds = math.ceil(admission.free_in_seconds)
        return refused_plan(429, refusal(429), ask, behaviour, retry_after_seconds=free_in_seconds)

    def _nth(self, model: str) -> int:
        tally = self._stats.models.get(model)
        return 0 if tally is None else tally.requests

    def _authorized(self, request: Request) -> bool:
        return self._require_key is None or request.header("authorization") == f"Bearer {self._require_key}"

    def _truth_of(self, request: Request, key: str) -> PlannedExchange:
        record = self._truth.find(key)
        if record is None:
            return _error(request, 404, f"No request {key} is remembered.")
        return _answer(request, 200, line(record), JSON)

    def _listing(self, request: Request, path: str) -> PlannedExchange:
        _, found, name = path.partition("/models")
        if not found or (name and not name.startswith("/")):
            return _error(request, 404, f"Unknown request URL: {request.method} {request.path}")
        if not self._authorized(request):
            return _error(request, 401, refusal(401).message)
        name = unquote(name.removeprefix("/"))
        if not name:
            return _json(request, {"object": "list", "data": [_listed(each) for each in self._models.names]})
        if name not in self._models.names:
            return _error(request, 404, f"The model `{name}` does not exist.")
        return _json(request, _listed(name))


def _ask(number: int, request: Request, chat: ChatRequest | None) -> Ask:
    options = chat.stream_options if chat else None
    return Ask(
        id=f"chatcmpl-sim-{number:08d}",
        created_seconds=wall_ns() // NS_PER_SECOND,
        model=chat.model if chat else "",
        stream=bool(chat and chat.stream),
        include_usage=options is not None and options.include_usage,
        max_tokens=chat.token_limit if chat else None,
        prompt_tokens=prompt_tokens(chat) if chat else 0,
        keep_alive=request.keep_alive,
        http_1_0=request.http_version == "1.0",
        headers=(("x-request-id", f"req-sim-{number:08d}"),),
    )


def _shown(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None


def _because(status: int, message: str) -> ErrorAnswer:
    return refusal(status)._replace(message=message)


def _listed(name: str) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": CREATED_SECONDS,
        "owned_by": "simulator",
        "context_window": CONTEXT_WINDOW,
    }


def _json(request: Request, value: object) -> PlannedExchange:
    return _answer(request, 200, msgspec.json.encode(value), JSON)


def _error(request: Request, status: int, message: str) -> PlannedExchange:
    return _answer(request, status, error_json(_because(status, message)), JSON)


def _answer(request: Request, status: int, body: bytes, content_type: str) -> PlannedExchange:
    made = one_write_plan(status, body, keep_alive=request.keep_alive, content_type=content_type)
    return PlannedExchange(plan=made, record=None, ended=_unnoted)


def _unnoted(_: End) -> None:
    """Only chat answers are counted."""
