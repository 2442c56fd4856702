"""Errors over HTTP: `application/problem+json` (RFC 9457), one clear sentence each, never a secret."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from probe.errors import NotRunning, OverBudget, StoreError

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """What went wrong. `errors` says where, for a request that could not be understood."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: "list[ProblemPart] | None" = None


class ProblemPart(BaseModel):
    """`where` is a path into the request: `query.limit`, `body.suite`."""

    where: str
    what: str


class Problem(Exception):
    """An answer other than success, raised to leave a route early."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def problem_response(
    status: int,
    detail: str | None,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[ProblemPart] | None = None,
) -> Response:
    """The answer for a status. The title is the status's own phrase."""
    body = ProblemBody(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=None if errors is None else list(errors),
    )
    return Response(
        json.dumps(body.model_dump(exclude_none=True), ensure_ascii=False),
        status_code=status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Let every error that a route can meet be answered as a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, partial(_on_http, (*app.routes, *routes)))
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(StoreError, _on_store)
    app.add_exception_handler(NotRunning, _on_not_running)
    app.add_exception_handler(OverBudget, _on_over_budget)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same answers, for the OpenAPI description of a route."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


def component_schemas() -> dict[str, Any]:
    """The schemas that `responses` refers to."""
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ProblemBody": schema}


async def _on_problem(_: Request, exc: Exception) -> Response:
    problem = cast("Problem", exc)
    return problem_response(problem.status, problem.detail, headers=problem.headers)


async def _on_http(routes: Sequence[BaseRoute], request: Request, exc: Exception) -> Response:
    """No such path, or not with this method."""
    error = cast("HTTPException", exc)
    detail = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible here.",
    }.get(error.status_code, None if error.detail == HTTPStatus(error.status_code).phrase else error.detail)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # One route knows its own methods only.
        headers["Allow"] = ", ".join(sorted(_allowed(routes, request.scope["path"])))
    return problem_response(error.status_code, detail, headers=headers)


def _allowed(routes: Sequence[BaseRoute], path: str) -> set[str]:
    found = (route for route in routes if isinstance(route, Route) and route.path_regex.match(path))
    methods = {method for route in found for method in route.methods or ()}
    return methods | {"HEAD"} if "GET" in methods else methods


async def _on_validation(_: Request, exc: Exception) -> Response:
    """What was given is not repeated: it may be a secret in the wrong place."""
    error = cast("RequestValidationError", exc)
    parts = [
        ProblemPart(where=".".join(map(str, part["loc"])), what=_clear(part["msg"]))
        for part in error.errors()
    ]
    return problem_response(422, "The request cannot be understood.", errors=parts)


async def _on_store(_: Request, exc: Exception) -> Response:
    """The reason is on the board and in the log; a caller only learns whether to try again."""
    headers = {} if cast("StoreError", exc).permanent else {"Retry-After": "5"}
    return problem_response(503, "The database cannot be read or written now.", headers=headers)


async def _on_not_running(_: Request, exc: Exception) -> Response:
    """Its message says which of the two it is."""
    return problem_response(503, f"Not now: {exc}.", headers={"Retry-After": "5"})


async def _on_over_budget(_: Request, exc: Exception) -> Response:
    """Its message says which budget it is, and what is left of it."""
    return problem_response(409, f"Not begun: {exc}.")


def _clear(message: str) -> str:
    """pydantic's sentence without its prefix for our own errors."""
    message = message.removeprefix("Value error, ")
    return {"Extra inputs are not permitted": "is not a parameter of this request"}.get(message, message)
