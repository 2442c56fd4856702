"""The application: every route, behind everything that guards it."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.datastructures import Headers as RequestHeaders
from starlette.middleware.gzip import GZipMiddleware

from probe import __version__
from probe.api import problem
from probe.api.board.page import BoardPage
from probe.api.context import AppContext
from probe.api.guard import BodyLimit, Boundary, Headers, Hosts, TerminalSafeJson, shows
from probe.api.routes import (
    budgets,
    catalogue,
    discovery,
    events,
    leaderboard,
    operations,
    pages,
    prices,
    results,
    runs,
)
from probe.api.seats import Seats
from probe.api.window_cache import WindowCache
from probe.lib.clock import Clock
from probe.reports.daemon import Control
from probe.store.store import Store

# Metrics of hundreds of targets are megabytes of repeating text, which the fastest level makes a tenth.
GZIP_LEVEL = 1
GZIP_FROM_BYTES = 1024

_ROUTES = (operations, catalogue, discovery, results, leaderboard, runs, budgets, prices, events, pages)

_DESCRIPTION = (
    "What the probe measured, and what it does. Durations are seconds, instants are UTC, money is USD as a "
    "decimal string, unknown is null. Listings are newest first and paged: `next` goes into `cursor`. Errors "
    "are `application/problem+json`. Requests that change something need the configured bearer token."
)


def build_app(store: Store, control: Control, *, clock: Clock, host: str) -> FastAPI:
    """`host` is the address that the server listens on: it decides which Host headers are answered."""
    app = FastAPI(
        title="Inference Probe",
        version=__version__,
        description=_DESCRIPTION,
        # The bundled documentation pages load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    windows = WindowCache(store, clock)
    app.state.context = AppContext(
        store=store, control=control, clock=clock, windows=windows, page=BoardPage(windows, control, clock)
    )
    # A request that is no sound HTTP, or one too many, comes to no route.
    for module in _ROUTES:
        app.include_router(module.router, responses=problem.responses(400, 503))
    problem.install(app, [route for module in _ROUTES for route in module.router.routes])
    # The last one added is the outermost.
    app.add_middleware(TerminalSafeJson)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM_BYTES, compresslevel=GZIP_LEVEL)
    app.add_middleware(Seats, is_operator=lambda scope: shows(RequestHeaders(scope=scope), control.token()))
    app.add_middleware(BodyLimit)
    app.add_middleware(Hosts, listening_on=host)
    app.add_middleware(Boundary)
    app.add_middleware(Headers)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description, with the body that every error has."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schema["components"]["schemas"].update(problem.component_schemas())
        app.openapi_schema = schema
    return app.openapi_schema
