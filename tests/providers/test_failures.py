"""Whose failure it is and of what kind: the tables, and bodies as providers document them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from probe.facts.sample import FAULTS, FailureKind, Fault
from probe.providers.error_object import error_object, read_error
from probe.providers.failures import (
    REASONS,
    STAGES,
    status_failed,
    wire_failed,
)
from probe.wire.capture import Phase, Reason, WireFailure

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def classify(status: int, body: Any = b"") -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status_failed(status, {}, data, NOW).kind


def test_every_kind_has_an_owner() -> None:
    assert set(FAULTS) == set(get_args(FailureKind))
    assert set(FAULTS.values()) == set(get_args(Fault))


def test_every_phase_has_words() -> None:
    assert set(STAGES) == set(get_args(Phase))


def test_every_reason_of_the_wire_is_known() -> None:
    assert set(REASONS) | {"timeout", "reset", "closed"} == set(get_args(Reason))


@pytest.mark.parametrize(
    ("status", "kind", "fault"),
    [
        (400, "bad_request", "probe"),
        (401, "auth", "account"),
        (402, "billing", "account"),
        (403, "permission", "account"),
        (404, "not_found", "provider"),
        (407, "proxy", "network"),
        (408, "server_error", "provider"),
        (409, "server_error", "provider"),
        (413, "bad_request", "probe"),
        (422, "bad_request", "probe"),
        (429, "rate_limited", "account"),
        (498, "overloaded", "provider"),
        (500, "server_error", "provider"),
        (502, "server_error", "provider"),
        (503, "overloaded", "provider"),
        (504, "server_error", "provider"),
        (524, "server_error", "provider"),
        (529, "overloaded", "provider"),
        (599, "server_error", "provider"),
        (101, "unexpected_status", "provider"),
        (204, "unexpected_status", "provider"),
        (302, "redirected", "probe"),
        (412, "billing", "account"),
        (418, "unexpected_status", "provider"),
        (999, "unexpected_status", "provider"),
    ],
)
def test_statuses(status: int, kind: str, fault: str) -> None:
    failure = status_failed(status, {}, b"", NOW)
    assert (failure.kind, failure.fault) == (kind, fault)
    assert failure.detail.partition(": ")[0] == f"HTTP {status}"
    assert failure.retry_after_seconds is None


def error(message: str, **rest: Any) -> dict[str, Any]:
    return {"error": {"message": message, **rest}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        # https://platform.openai.com/docs/guides/error-codes
        (
            429,
            error(
                "You exceeded your current quota, please check your plan and billing details.",
                type="insufficient_quota",
                code="insufficient_quota",
            ),
            "billing",
        ),
        (
            429,
            error(
                "Rate limit reached for gpt-4o-mini in organization org-x on requests per min (RPM)",
                type="requests",
                code="rate_limit_exceeded",
            ),
            "rate_limited",
        ),
        (
            429,
            error("That model is currently overloaded with other requests.", type="server_error"),
            "overloaded",
        ),
        (
            404,
            error(
                "The model `gpt-9` does not exist or you do not have access to it.",
                type="invalid_request_error",
                code="model_not_found",
            ),
            "not_found",
        ),
        (
            400,
            error(
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000",
                type="invalid_request_error",
                code="context_length_exceeded",
            ),
            "bad_request",
        ),
        (
            400,
            error(
                "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) "
                "value is supported.",
                code="unsupported_value",
            ),
            "bad_request",
        ),
        (
            400,
            error(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead.",
                code="unsupported_parameter",
            ),
            "bad_request",
        ),
        (
            403,
            error("Country, region, or territory not supported", code="unsupported_country_region_territory"),
            "permission",
        ),
        # https://console.groq.com/docs/errors
        (
            400,
            error(
                "The model `mixtral-8x7b-32768` has been decommissioned and is no longer supported.",
                type="invalid_request_error",
                code="model_decommissioned",
            ),
            "not_found",
        ),
        (498, error("capacity_exceeded"), "overloaded"),
        (401, error("Invalid API Key", type="invalid_request_error", code="invalid_api_key"), "auth"),
        # https://docs.together.ai/docs/error-codes
        (
            403,
            error("Input token count + max_tokens parameter must be less than the context length"),
            "bad_request",
        ),
        (404, error("Unable to access model x. Please visit ...", code="model_not_available"), "not_found"),
        (402, error("Credit limit exceeded, please navigate to ...", type="credit_limit"), "billing"),
        # https://openrouter.ai/docs/api/reference/errors-and-debugging
        (400, {"error": {"code": 400, "message": "foo/bar is not a valid model ID"}}, "not_found"),
        (
            402,
            {"error": {"code": 402, "message": "This request requires more credits, or fewer max_tokens."}},
            "billing",
        ),
        (
            403,
            {
                "error": {
                    "code": 403,
                    "message": "Your chosen model requires moderation and your input was flagged",
                    "metadata": {"reasons": ["x"]},
                }
            },
            "content_filter",
        ),
        (404, {"error": {"code": 404, "message": "No endpoints found for foo/bar."}}, "not_found"),
        (503, {"error": {"code": 503, "message": "There is no available model provider"}}, "overloaded"),
        # Others: Azure, xAI and Gemini, Scaleway, Mistral, FastAPI, llama.cpp
        (400, error("The response was filtered due to the prompt", code="content_filter"), "content_filter"),
        (
            400,
            error("Incorrect API key provided: xa***9. You can obtain an API key from https://console.x.ai."),
            "auth",
        ),
        (
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "API key not valid. Please pass a valid API key.",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            "auth",
        ),
        (422, {"error": "Model Not Found", "message": "The model is not found", "status": 422}, "not_found"),
        (401, {"message": "No API key found in request", "request_id": "x"}, "auth"),
        (
            422,
            {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
            "bad_request",
        ),
        (503, error("Loading model", type="unavailable_error", code=503), "overloaded"),
        (400, error("Insufficient Balance", code="invalid_request_error"), "billing"),
        (
            400,
            {"object": "error", "message": "Internal error", "type": "NoneType", "code": 500},
            "server_error",
        ),
        (400, error("Bad gateway", code=502), "server_error"),
        (400, error("No", code=429), "bad_request"),
    ],
)
def test_what_bodies_add(status: int, body: Any, kind: str) -> None:
    assert classify(status, body) == kind


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "a"}}', "a"),
        (b'{"error": "a"}', "a"),
        (b'{"message": "a"}', "a"),
        (b'{"detail": "a"}', "a"),
        (b'{"error": {"error": {"message": "a"}}}', "a"),
        (b'[{"error": {"message": "a"}}]', "a"),
        (b'{"error": {"code": 7}}', ""),
        (b'{"detail": [{"msg": "a"}]}', '[{"msg": "a"}]'),
        (b'{"error": {"mess', '{"error": {"mess'),
        (b"upstream connect error", "upstream connect error"),
        (b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        (b"<html><body><script>evil()</script><h1>No &amp; no</h1></body></html>", "No & no"),
        (b"\xff\xfe", "��"),
        (b"[" * 3000, "[" * 3000),
        (b"[]", "[]"),
        (b"", ""),
    ],
)
def test_the_message_of_any_body(body: bytes, message: str) -> None:
    assert read_error(body).message == message


def test_the_code_of_an_error_may_be_a_status() -> None:
    assert error_object({"code": 429, "message": "m"}).status == 429
    assert error_object({"code": "429", "message": "m"}).status == 429
    assert error_object({"code": "rate_limit", "message": "m"}).status is None
    assert error_object({"code": 7, "message": "m"}).status is None
    assert error_object({"code": True, "message": "m"}).status is None


@pytest.mark.parametrize(
    ("phase", "reason", "answered", "kind"),
    [
        ("start", "timeout", False, "timeout_connect"),
        ("dns", "timeout", False, "timeout_connect"),
        ("connect", "timeout", False, "timeout_connect"),
        ("proxy", "timeout", False, "timeout_connect"),
        ("tls", "timeout", False, "timeout_connect"),
        ("send", "timeout", False, "timeout_first_token"),
        ("head", "timeout", False, "timeout_first_token"),
        ("first_token", "timeout", True, "timeout_first_token"),
        ("stream", "timeout", True, "timeout_stall"),
        ("dns", "dns", False, "dns"),
        ("connect", "refused", False, "refused"),
        ("connect", "unreachable", False, "unreachable"),
        ("connect", "reset", False, "connection_reset"),
        ("tls", "tls", False, "tls"),
        ("proxy", "proxy", False, "proxy"),
        ("send", "reset", False, "connection_reset"),
        ("head", "closed", False, "connection_reset"),
        ("stream", "reset", True, "stream_broken"),
        ("first_token", "closed", True, "stream_broken"),
        ("head", "protocol", False, "protocol"),
        ("stream", "too_large", True, "too_large"),
        ("stream", "cancelled", True, "cancelled"),
        ("connect", "probe", False, "probe"),
    ],
)
def test_failures_of_the_wire(phase: Phase, reason: Reason, answered: bool, kind: str) -> None:
    failure = wire_failed(WireFailure(phase=phase, reason=reason, detail="what it said"), answered=answered)
    assert failure.kind == kind
    assert failure.fault == FAULTS[failure.kind]
    assert failure.detail.endswith("what it said")


def test_a_rate_limit_without_retry_after_waits_for_the_reset() -> None:
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s"}
    assert status_failed(429, headers, b"", NOW).retry_after_seconds == 62.5
    assert status_failed(500, headers, b"", NOW).retry_after_seconds is None


def test_an_overload_may_say_how_long_it_lasts() -> None:
    assert status_failed(503, {"retry-after": "30"}, b"", NOW).retry_after_seconds == 30
    loading = b'{"error": "Model m is currently loading", "estimated_time": 20.5}'
    assert status_failed(503, {}, loading, NOW).retry_after_seconds == 20.5
