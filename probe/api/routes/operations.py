"""For monitors and operators: metrics, health, readiness, reload."""

from fastapi import APIRouter, Depends, Request, Response

from probe import __version__
from probe.api.context import Given
from probe.api.guard import TokenFirst, require_token
from probe.api.problem import Problem, responses
from probe.errors import ConfigError
from probe.reports.schemas import HealthBody, ReadinessBody, Reloaded

router = APIRouter(route_class=TokenFirst, tags=["operations"])


@router.get(
    "/metrics",
    summary="Every metric",
    response_class=Response,
    responses={200: {"description": "Prometheus text, or OpenMetrics with exemplars on request"}},
)
async def metrics(request: Request, given: Given) -> Response:
    body, media_type = await given.control.metrics(", ".join(request.headers.getlist("accept")))
    return Response(body, headers={"Content-Type": media_type, "Vary": "Accept"})


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> HealthBody:
    return HealthBody(status="alive", version=__version__)


@router.get(
    "/readyz",
    summary="Whether it can do its work",
    responses={503: {"model": ReadinessBody, "description": "It cannot, and why"}},
)
async def readyz(given: Given, response: Response) -> ReadinessBody:
    """Asks whether the store answers, the stopwatch lives and the schedule runs."""
    troubles = await given.control.readiness()
    readiness = ReadinessBody.of(ready=not troubles, troubles=troubles)
    response.status_code = 200 if readiness.ready else 503
    return readiness


@router.post(
    "/-/reload",
    summary="Read the configuration again",
    dependencies=[Depends(require_token)],
    responses=responses(401, 403, 503),
)
async def reload(given: Given) -> Reloaded:
    """A configuration that cannot be used changes nothing; the answer says what is wrong with it."""
    try:
        await given.control.reload()
    except ConfigError as exc:
        raise Problem(400, str(exc)) from exc
    return Reloaded()
