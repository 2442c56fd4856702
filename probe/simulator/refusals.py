"""How the hosts of the simulated APIs refuse: bodies, names and headers."""

from datetime import timedelta

from probe.lib.clock import utc_from_ns, wall_ns
from probe.simulator.faults import ErrorAnswer
from probe.simulator.quota import ratelimit_headers
from probe.simulator.speech import Headers, Refusals


def _retry_after(_error: ErrorAnswer, wait_seconds: float | None) -> Headers:
    return () if wait_seconds is None else (("retry-after", f"{wait_seconds:g}"),)


def openai_error(error: ErrorAnswer, _wait_seconds: float | None = None) -> dict[str, object]:
    shown = {"type": error.type, "code": error.code, "message": error.message}
    return {"error": {**shown, "param": None}}


OPENAI = Refusals(openai_error, _retry_after, ratelimit_headers)

# https://docs.claude.com/en/api/errors
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def anthropic_error(error: ErrorAnswer, _wait_seconds: float | None = None) -> dict[str, object]:
    usual = "api_error" if error.status >= 500 else "invalid_request_error"
    shown = {"type": _ANTHROPIC.get(error.status, usual), "message": error.message}
    return {"type": "error", "error": shown}


def _anthropic_limits(limit: int, remaining: int, reset_seconds: float) -> Headers:
    """https://docs.claude.com/en/api/rate-limits: instants, in whole seconds."""
    reset = utc_from_ns(wall_ns()) + timedelta(seconds=reset_seconds)
    told = {"limit": limit, "remaining": remaining, "reset": f"{reset:%Y-%m-%dT%H:%M:%SZ}"}
    return tuple((f"anthropic-ratelimit-requests-{name}", str(value)) for name, value in told.items())


ANTHROPIC = Refusals(anthropic_error, _retry_after, _anthropic_limits)

# https://cloud.google.com/apis/design/errors
_GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def google_error(error: ErrorAnswer, wait_seconds: float | None = None) -> dict[str, object]:
    """When to come back is one of the details; no header tells."""
    status = _GOOGLE.get(error.status, "INTERNAL" if error.status >= 500 else "FAILED_PRECONDITION")
    shown: dict[str, object] = {"code": error.status, "message": error.message, "status": status}
    if wait_seconds is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        shown["details"] = [{"@type": kind, "retryDelay": f"{wait_seconds:g}s"}]
    return {"error": shown}


GOOGLE = Refusals(google_error)

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors
_AWS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
_AWS_IN_STREAMS = {
    400: "validationException",
    408: "modelTimeoutException",
    424: "modelStreamErrorException",
    429: "throttlingException",
    503: "serviceUnavailableException",
}


def aws_name(error: ErrorAnswer) -> str:
    if error.code is not None and error.code[0].isupper():
        return error.code
    usual = "InternalServerException" if error.status >= 500 else "ValidationException"
    return _AWS.get(error.status, usual)


def aws_name_in_streams(error: ErrorAnswer) -> str:
    return _AWS_IN_STREAMS.get(error.status, "internalServerException")


AWS = Refusals(
    lambda error, _wait: {"message": error.message},
    lambda error, _wait: (("x-amzn-errortype", f"{aws_name(error)}:http://internal.amazon.com/coral/"),),
)


def _cohere_limits(limit: int, remaining: int, _reset_seconds: float) -> Headers:
    """Those of a trial key; when the minute ends is not told."""
    return (
        ("x-endpoint-monthly-call-limit", "1000"),
        ("x-trial-endpoint-call-limit", str(limit)),
        ("x-trial-endpoint-call-remaining", str(remaining)),
    )


COHERE = Refusals(
    lambda error, _wait: {"id": "e-sim", "message": error.message},
    limits=_cohere_limits,
)

OLLAMA = Refusals(lambda error, _wait: {"error": error.message})

# https://github.com/huggingface/text-generation-inference/blob/main/router/src/infer/mod.rs
_TGI = {422: "validation", 429: "overloaded", 400: "validation", 500: "incomplete_generation"}


def tgi_error(error: ErrorAnswer, _wait_seconds: float | None = None) -> dict[str, object]:
    return {"error": error.message, "error_type": _TGI.get(error.status, "generation")}


TGI = Refusals(tgi_error)
