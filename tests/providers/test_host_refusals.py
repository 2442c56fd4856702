"""Refusals of the hosts, each with its kind and so its owner, in the words of documents and reports."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from probe.facts.sample import FAULTS, FailureKind
from probe.providers.failures import status_failed
from tests.providers.test_reasons import NOW


class Refusal(NamedTuple):
    host: str
    status: int
    body: Any
    kind: FailureKind
    name: str = ""


def _aws(status: int, name: str, text: str, kind: FailureKind, field: str = "message") -> Refusal:
    return Refusal("bedrock", status, {field: text}, kind, name)


def _google(status: int, name: str, text: str, kind: FailureKind, *reasons: str) -> Refusal:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason} for reason in reasons]
    error = {"code": status, "status": name, "message": text, "details": details}
    return Refusal("vertex", status, {"error": error}, kind)


def _openai(host: str, status: int, code: str, text: str, kind: FailureKind, **more: Any) -> Refusal:
    return Refusal(host, status, {"error": {"code": code, "message": text, "type": "", **more}}, kind)


def _cloudflare(status: int, code: int, text: str, kind: FailureKind) -> Refusal:
    errors = [{"code": code, "message": text}]
    return Refusal("workers-ai", status, {"success": False, "errors": errors, "result": None}, kind)


_EXPIRED = "Signature expired: 20261121T115000Z is now earlier than 20261121T115500Z"
REFUSALS = (
    _aws(429, "ThrottlingException", "Too many requests, please wait before trying again.", "rate_limited"),
    _aws(429, "ModelNotReadyException", "The model is not ready for inference.", "overloaded"),
    _aws(503, "ServiceUnavailableException", "Bedrock is unable to process your request.", "overloaded"),
    _aws(500, "InternalServerException", "The system encountered an unexpected error.", "server_error"),
    _aws(500, "InternalFailure", "Internal failure.", "server_error"),
    _aws(424, "ModelErrorException", "The model had an error.", "server_error"),
    _aws(424, "ModelStreamErrorException", "The stream of the model failed.", "server_error"),
    _aws(408, "ModelTimeoutException", "The model timed out.", "server_error"),
    _aws(400, "ServiceQuotaExceededException", "Your request exceeds the service quota.", "rate_limited"),
    _aws(400, "ValidationException", "max_tokens is larger than 4096.", "bad_request"),
    _aws(400, "ValidationException", "The provided model identifier is invalid.", "not_found"),
    _aws(
        *(400, "ValidationException"),
        "Invocation of model ID m with on-demand throughput isn't supported.",
        "not_found",
    ),
    _aws(403, "AccessDeniedException", "You don't have access to the model.", "permission"),
    _aws(403, "AccessDeniedException", "Authentication failed: API Key is not valid.", "auth", "Message"),
    _aws(403, "UnrecognizedClientException", "The security token is invalid.", "auth"),
    _aws(403, "InvalidClientTokenId", "The security token is invalid.", "auth"),
    _aws(403, "ExpiredTokenException", "The security token has expired.", "auth"),
    _aws(403, "IncompleteSignatureException", "Authorization header requires 'Signature'.", "auth"),
    _aws(403, "MissingAuthenticationTokenException", "Missing Authentication Token", "auth"),
    _aws(403, "InvalidSignatureException", "The request signature we calculated does not match.", "auth"),
    _aws(403, "InvalidSignatureException", _EXPIRED, "probe"),
    _aws(403, "InvalidSignatureException", "Signature not yet current: 2 is still later than 1", "probe"),
    _aws(404, "ResourceNotFoundException", "This model has reached the end of its life.", "not_found"),
    _aws(404, "FTUFormNotFilled", "Model use case details have not been submitted.", "permission"),
    _google(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.", "rate_limited"),
    _google(429, "RESOURCE_EXHAUSTED", "Try later.", "overloaded", "MODEL_CAPACITY_EXHAUSTED"),
    _google(429, "RESOURCE_EXHAUSTED", "No capacity available for model m.", "overloaded"),
    _google(503, "UNAVAILABLE", "The model is overloaded.", "overloaded"),
    _google(504, "DEADLINE_EXCEEDED", "Deadline expired.", "server_error"),
    _google(499, "CANCELLED", "The operation was cancelled.", "server_error"),
    _google(401, "UNAUTHENTICATED", "Invalid credentials.", "auth", "ACCESS_TOKEN_EXPIRED"),
    _google(403, "PERMISSION_DENIED", "API has not been used in project.", "permission", "SERVICE_DISABLED"),
    _google(
        403, "PERMISSION_DENIED", "Permission denied on resource.", "permission", "IAM_PERMISSION_DENIED"
    ),
    _google(403, "PERMISSION_DENIED", "This API method requires billing.", "billing", "BILLING_DISABLED"),
    _google(404, "NOT_FOUND", "Publisher Model was not found.", "not_found"),
    _google(400, "FAILED_PRECONDITION", "User location is not supported.", "permission"),
    Refusal("cohere", 401, {"message": "no api key supplied"}, "auth"),
    Refusal("cohere", 498, {"message": "invalid api token"}, "auth"),
    Refusal("cohere", 402, {"message": "Please add a payment method."}, "billing"),
    Refusal("cohere", 429, {"message": "You are past the per minute request limit."}, "rate_limited"),
    Refusal(
        *("cohere", 429),
        {"message": "You are using a Trial key, which is limited to 1000 API calls / month."},
        "billing",
    ),
    Refusal("cohere", 404, {"id": "e", "message": "model 'x' not found"}, "not_found"),
    Refusal("cohere", 422, {"id": "e", "message": "invalid type: parameter max_tokens"}, "bad_request"),
    Refusal("cohere", 499, {"message": "request cancelled"}, "server_error"),
    _cloudflare(429, 3036, "You have used up your daily free allocation of 10,000 neurons.", "billing"),
    _cloudflare(429, 3040, "Capacity temporarily exceeded, please try again.", "overloaded"),
    _cloudflare(400, 5007, "No such model @cf/x or task.", "not_found"),
    _cloudflare(403, 5016, "Model agreement: please submit 'agree'.", "permission"),
    _cloudflare(408, 3007, "Timeout.", "server_error"),
    _cloudflare(413, 3006, "Request is too large.", "bad_request"),
    _openai("openai", 429, "credit_balance_exhausted", "Your credit is used up.", "billing"),
    _openai("openai", 429, "organization_spend_limit_exceeded", "The limit is reached.", "billing"),
    _openai("openai", 429, "project_spend_limit_exceeded", "The limit is reached.", "billing"),
    _openai("openai", 429, "organization_usage_limit_exceeded", "The limit is reached.", "billing"),
    _openai("openai", 429, "slow_down", "Slow down.", "rate_limited"),
    Refusal(
        *("anthropic", 429),
        {"type": "error", "error": {"type": "enforced_spend_limit_reached", "message": "Limit."}},
        "billing",
    ),
    _openai(
        "dashscope",
        400,
        "Arrearage",
        "Access denied, please make sure your account is in good standing.",
        "billing",
    ),
    _openai(
        *("dashscope", 429, "insufficient_quota"),
        "Allocated quota exceeded, please increase your quota limit.",
        "rate_limited",
    ),
    _openai("dashscope", 429, "limit_burst_rate", "Request rate increased too quickly.", "rate_limited"),
    _openai(
        *("dashscope", 403, "AllocationQuota.FreeTierOnly"),
        "The free tier of the model has been exhausted.",
        "billing",
    ),
    _openai(
        "dashscope",
        400,
        "data_inspection_failed",
        "Input may contain inappropriate content.",
        "content_filter",
    ),
    _openai("ark", 403, "AccountOverdueError", "Your account has an overdue balance.", "billing"),
    _openai("ark", 404, "ModelNotOpen", "Your account has not activated the model.", "permission"),
    _openai("ark", 429, "ServerOverloaded", "The service is overloaded.", "overloaded"),
    _openai("ark", 400, "InputTextRiskDetection", "The request contains sensitive text.", "content_filter"),
    _openai("qianfan", 401, "invalid_iam_token", "IAM authentication failed.", "auth"),
    _openai("qianfan", 401, "invalid_model", "No permission to use the model.", "permission"),
    Refusal(
        "mistral",
        429,
        {"object": "error", "message": "Service tier capacity exceeded for this model.", "code": "3505"},
        "overloaded",
    ),
    Refusal(
        "mistral", 429, {"object": "error", "message": "Rate limit exceeded", "code": "1300"}, "rate_limited"
    ),
    Refusal(
        "siliconflow", 400, {"code": 20012, "message": "Model does not exist.", "data": None}, "not_found"
    ),
    Refusal(
        "siliconflow",
        403,
        {"code": 30001, "message": "Sorry, your account balance is insufficient"},
        "billing",
    ),
    Refusal(
        "databricks",
        429,
        {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "Exceeded the limit."},
        "rate_limited",
    ),
    Refusal(
        "databricks",
        404,
        {"error_code": "ENDPOINT_NOT_FOUND", "message": "The endpoint does not exist."},
        "not_found",
    ),
    Refusal("baseten", 429, {"error": "Rate limit exceeded", "retry_after": 12}, "rate_limited"),
    Refusal(
        "fireworks",
        412,
        {"error": {"message": "Account is suspended.", "code": "PRECONDITION_FAILED"}},
        "permission",
    ),
    Refusal(
        *("watsonx", 403),
        {
            "errors": [{"code": "token_quota_reached", "message": "The quota of tokens is reached."}],
            "trace": "t",
        },
        "billing",
    ),
    Refusal(
        "watsonx",
        404,
        {"errors": [{"code": "model_not_supported", "message": "Not supported."}]},
        "not_found",
    ),
    Refusal(
        "scaleway",
        403,
        {"error": "FORBIDDEN", "status": 403, "message": "insufficient permissions"},
        "permission",
    ),
    Refusal(
        "groq",
        498,
        {"error": {"message": "Flex tier capacity exceeded.", "code": "capacity_exceeded"}},
        "overloaded",
    ),
)


def test_as_many_as_are_known() -> None:
    assert len(REFUSALS) >= 59


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row.host} {row.status} {row.kind}")
def test_a_refusal(row: Refusal) -> None:
    headers = {"x-amzn-errortype": f"{row.name}:http://internal.amazon.com/coral/"} if row.name else {}
    failure = status_failed(row.status, headers, json.dumps(row.body).encode(), NOW)
    assert (failure.kind, failure.fault) == (row.kind, FAULTS[row.kind])
    words = json.dumps(row.body)
    assert any(len(piece) > 3 and piece in words for piece in failure.detail.split())


def test_a_wait_in_the_body() -> None:
    body = b'{"error": "Rate limit exceeded", "retry_after": 12}'
    assert status_failed(429, {}, body, NOW).retry_after_seconds == 12
    head = {"x-amz-retry-after": "1500"}
    assert status_failed(429, head, b'{"message": "Too many requests"}', NOW).retry_after_seconds == 1.5
