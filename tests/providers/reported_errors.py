"""Errors as servers really sent them: status, body, what it is, and where it is reported or documented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from probe.facts.sample import FailureKind


class ReportedError(NamedTuple):
    status: int
    body: Any
    kind: FailureKind
    source: str


def said(message: str, **rest: Any) -> dict[str, Any]:
    return {"error": {"message": message, **rest}}


def google(message: str, status: str, code: int, *reasons: str) -> dict[str, Any]:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": each} for each in reasons]
    return {"error": {"code": code, "message": message, "status": status, "details": details}}


_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_GEMINI = "https://ai.google.dev/gemini-api/docs/troubleshooting"
_ZHIPU = "https://docs.bigmodel.cn/cn/api/api-code"
_ARK = "https://www.volcengine.com/docs/82379/1299023"
_OPENROUTER = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
_FIREWORKS = "https://docs.fireworks.ai/guides/inference-error-codes"
_GITHUB = "https://github.com/"
# Of each line: kind, status, body (or text), source.
_MORE = Path(__file__).with_suffix(".jsonl")

REPORTED: tuple[ReportedError, ...] = (
    # The account: closed, suspended, not verified, not allowed
    ReportedError(
        400,
        said("Your organization must be verified to stream this model.", code="unsupported_value"),
        "permission",
        _GITHUB + "continuedev/continue/issues/8209",
    ),
    ReportedError(
        403,
        said("Project `proj_abc` does not have access to model `gpt-4o-mini`", code="model_not_found"),
        "permission",
        _GITHUB + "continuedev/continue/issues/10120",
    ),
    ReportedError(
        429,
        said("Your access was terminated due to violation of our policies.", code="access_terminated"),
        "permission",
        _GITHUB + "QuantumNous/new-api/issues/462",
    ),
    ReportedError(
        401,
        said("Your OpenAI account has been deactivated, please check your email", code="account_deactivated"),
        "permission",
        _OPENAI,
    ),
    ReportedError(
        412,
        {
            "error": "Account x is suspended, possibly due to reaching the monthly spending limit or failure "
            "to pay past invoices"
        },
        "billing",
        _GITHUB + "amd/gaia/issues/3766",
    ),
    ReportedError(412, {"error": {"message": "Account is suspended"}}, "permission", _FIREWORKS),
    ReportedError(412, b"", "billing", _FIREWORKS),
    ReportedError(
        403,
        google(
            "Generative Language API has not been used in project 1 before or it is disabled.",
            "PERMISSION_DENIED",
            403,
            "SERVICE_DISABLED",
        ),
        "permission",
        _GEMINI,
    ),
    ReportedError(
        400,
        google("User location is not supported for the API use.", "FAILED_PRECONDITION", 400),
        "permission",
        _GEMINI,
    ),
    ReportedError(429, said("您的账户已被锁定,请联系客服解锁", code="1112"), "permission", _ZHIPU),
    ReportedError(403, said("您无权访问 x", code="1220"), "permission", _ZHIPU),
    ReportedError(
        404,
        said(
            "Accessing the model via Model ID is not allowed for your account.",
            code="InvalidEndpointOrModel.ModelIDAccessDisabled",
        ),
        "permission",
        _ARK,
    ),
    ReportedError(
        403, said("You must accept the terms of this model first", code="x"), "permission", _GITHUB
    ),
    ReportedError(
        400,
        {"code": "AccessDenied.Unpurchased", "message": "Access to model denied.", "request_id": "x"},
        "permission",
        "https://help.aliyun.com/en/model-studio/error-code",
    ),
    # The account: nothing to pay with, a limit on spend
    ReportedError(
        429,
        google("The billing account has exceeded its monthly spending cap.", "RESOURCE_EXHAUSTED", 429),
        "billing",
        _GITHUB + "openclaw/openclaw/issues/74120",
    ),
    ReportedError(
        403,
        said("Key limit exceeded (total limit). Manage it using https://openrouter.ai", code=403),
        "billing",
        _GITHUB + "openclaw/openclaw/issues/59892",
    ),
    ReportedError(
        403,
        said("Budget limit exceeded (monthly limit)", code=403),
        "billing",
        _GITHUB + "NousResearch/hermes-agent/issues/107166",
    ),
    ReportedError(
        429,
        said("余额不足或无可用资源包,请充值。", code="1113"),
        "billing",
        _GITHUB + "continuedev/continue/issues/11823",
    ),
    ReportedError(
        429,
        said("You have no prepaid credits left.", type="insufficient_quota", code="credit_balance_exhausted"),
        "billing",
        "https://learn.microsoft.com/microsoft-cloud/dev/dev-proxy/concepts/openai-insufficient-quota",
    ),
    ReportedError(
        429,
        said("Limit reached.", type="x", code="project_spend_limit_exceeded"),
        "billing",
        "https://learn.microsoft.com/microsoft-cloud/dev/dev-proxy/concepts/openai-insufficient-quota",
    ),
    ReportedError(
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "Your credit balance is too low to access the Anthropic API.",
            },
        },
        "billing",
        "https://docs.claude.com/en/api/errors",
    ),
    ReportedError(
        400,
        {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."},
        "billing",
        "https://help.aliyun.com/en/model-studio/error-code",
    ),
    ReportedError(
        403,
        said(
            "The request failed because your account has an overdue balance.",
            code="AccountOverdueError",
            type="Forbidden",
        ),
        "billing",
        _ARK,
    ),
    ReportedError(
        429,
        said("您的账户余额不足", type="exceeded_current_quota_error"),
        "billing",
        "https://platform.moonshot.ai/docs/api/errors",
    ),
    ReportedError(
        402,
        {"error": "You have exceeded your monthly included credits for Inference Providers."},
        "billing",
        "https://huggingface.co/docs/inference-providers/pricing",
    ),
    ReportedError(
        400,
        said("Budget has been exceeded! Current cost: 1.0, Max budget: 0.5", type="budget_exceeded"),
        "billing",
        "https://docs.litellm.ai/docs/proxy/users",
    ),
    ReportedError(403, said("недостаточно средств на балансе"), "billing", _GITHUB),
    ReportedError(403, said("Saldo insuficiente en la cuenta"), "billing", _GITHUB),
    ReportedError(
        403,
        said("用户额度不足, 剩余额度: ¥0.00", code="insufficient_user_quota", type="new_api_error"),
        "billing",
        _GITHUB + "QuantumNous/new-api",
    ),
    # The key
    ReportedError(
        400,
        google("API key expired.", "INVALID_ARGUMENT", 400, "API_KEY_INVALID"),
        "auth",
        _GITHUB + "continuedev/continue/issues/11336",
    ),
    ReportedError(
        400, google("API key expired. Please renew the API key.", "INVALID_ARGUMENT", 400), "auth", _GEMINI
    ),
    ReportedError(
        403, google("Your API key was reported as leaked.", "PERMISSION_DENIED", 403), "auth", _GEMINI
    ),
    ReportedError(401, said("身份验证失败", code="1000"), "auth", _ZHIPU),
    ReportedError(401, said("令牌已过期或验证不正确", code="401"), "auth", _ZHIPU),
    ReportedError(401, {"error": {"message": "User not found.", "code": 401}}, "auth", _OPENROUTER),
    ReportedError(
        400,
        said("Authentication Error, Invalid proxy server token passed", type="auth_error", code="400"),
        "auth",
        "https://docs.litellm.ai/docs/proxy/virtual_keys",
    ),
    # The provider lacks capacity
    ReportedError(
        429,
        said("The system is experiencing high demand. Retry after 20 seconds.", code="RateLimitReached"),
        "overloaded",
        _GITHUB + "pollinations/pollinations/issues/6260",
    ),
    ReportedError(
        429,
        said("The server is at peak load", code="NoCapacity"),
        "overloaded",
        _GITHUB + "pollinations/pollinations/issues/6260",
    ),
    ReportedError(
        429,
        {
            "object": "error",
            "message": "Service tier capacity exceeded for this model.",
            "type": "invalid_request_error",
            "code": None,
        },
        "overloaded",
        _GITHUB + "continuedev/continue/issues/6185",
    ),
    ReportedError(
        429,
        google(
            "No capacity available for model x on the server",
            "RESOURCE_EXHAUSTED",
            429,
            "MODEL_CAPACITY_EXHAUSTED",
        ),
        "overloaded",
        _GITHUB + "google-gemini/gemini-cli/issues/25179",
    ),
    ReportedError(
        429,
        google("No capacity available for model x on the server", "RESOURCE_EXHAUSTED", 429),
        "overloaded",
        _GITHUB + "google-gemini/gemini-cli/issues/19911",
    ),
    ReportedError(
        400,
        said("Selected model is at capacity. Please try a different model."),
        "overloaded",
        _GITHUB + "openai/codex/issues/46185",
    ),
    ReportedError(
        429,
        said("The engine is currently overloaded, please try again later", type="engine_overloaded_error"),
        "overloaded",
        "https://platform.moonshot.ai/docs/api/errors",
    ),
    ReportedError(429, said("该模型当前访问量过大,请您稍后再试", code="1305"), "overloaded", _ZHIPU),
    ReportedError(429, said("该模型当前访问量过大,请您稍后再试"), "overloaded", _ZHIPU),
    ReportedError(
        429,
        said("x is temporarily rate-limited upstream. Please retry shortly", code=429),
        "overloaded",
        _OPENROUTER,
    ),
    ReportedError(
        429,
        said(
            "No deployments available for selected model, Try again in 60 seconds. Passed model=gpt. "
            "cooldown_list=[('a', {})]",
            type="None",
            code="429",
        ),
        "overloaded",
        _GITHUB + "BerriAI/litellm/issues/20867",
    ),
    ReportedError(
        429,
        said("m", type="throttling_error", code="all_deployments_in_cooldown"),
        "overloaded",
        _GITHUB + "BerriAI/litellm",
    ),
    ReportedError(
        503,
        said("当前分组上游负载已饱和,请稍后再试", type="upstream_error"),
        "overloaded",
        _GITHUB + "QuantumNous/new-api",
    ),
    ReportedError(
        429,
        said("The service is overloaded", code="ServerOverloaded", type="TooManyRequests"),
        "overloaded",
        _ARK,
    ),
    ReportedError(500, said("The server is currently busy"), "overloaded", _GITHUB + "sgl-project/sglang"),
    # A limit of the account's
    ReportedError(
        429, google("Quota exceeded for metric: x", "RESOURCE_EXHAUSTED", 429), "rate_limited", _GEMINI
    ),
    ReportedError(
        429,
        google(
            "You exceeded your current quota, please check your plan and billing details.",
            "RESOURCE_EXHAUSTED",
            429,
        ),
        "rate_limited",
        _GEMINI,
    ),
    ReportedError(
        429,
        said(
            "Requests to x have exceeded call rate limit of your current AIServices S0 pricing tier.",
            code="429",
        ),
        "rate_limited",
        "https://learn.microsoft.com/azure/ai-services/openai/quotas-limits",
    ),
    ReportedError(429, said("您当前使用该 API 的并发数过高", code="1302"), "rate_limited", _ZHIPU),
    ReportedError(
        429,
        {"code": "Throttling.AllocationQuota", "message": "Allocated quota exceeded, please increase."},
        "rate_limited",
        "https://help.aliyun.com/en/model-studio/error-code",
    ),
    ReportedError(
        429,
        said("The TPM limit has been exceeded", code="RateLimitExceeded.EndpointTPMExceeded"),
        "rate_limited",
        _ARK,
    ),
    ReportedError(
        429,
        {"message": "Requests rate limit exceeded", "type": "rate_limited", "code": "1300"},
        "rate_limited",
        "https://docs.mistral.ai/deployment/laplateforme/tier/",
    ),
    ReportedError(429, b"Too Many Requests", "rate_limited", "https://www.rfc-editor.org/rfc/rfc6585"),
    # Models that are not there, or not any more
    ReportedError(404, said("模型不存在,请检查模型代码", code="1211"), "not_found", _ZHIPU),
    ReportedError(
        404,
        said("The API deployment for this resource does not exist.", code="DeploymentNotFound"),
        "not_found",
        "https://learn.microsoft.com/azure/ai-services/openai/reference",
    ),
    ReportedError(
        404, google("models/x is not found for API version v1beta", "NOT_FOUND", 404), "not_found", _GEMINI
    ),
    ReportedError(400, said("The model x has been retired"), "not_found", _GITHUB),
    # Our request
    ReportedError(
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size",
                "type": "exceed_context_size_error",
            }
        },
        "bad_request",
        _GITHUB + "ggml-org/llama.cpp/issues/16109",
    ),
    ReportedError(
        400,
        {"error_type": "BadRequestError", "error_message": "the maximum context length is 8192 tokens"},
        "bad_request",
        _GITHUB + "NousResearch/hermes-agent/issues/65631",
    ),
    ReportedError(400, said("Prompt 超长", code="1261"), "bad_request", _ZHIPU),
    # The provider's filter
    ReportedError(
        400, said("系统检测到输入或生成内容可能包含不安全或敏感内容", code="1301"), "content_filter", _ZHIPU
    ),
    ReportedError(
        400,
        said(
            "The response was filtered",
            code="content_filter",
            innererror={"code": "ResponsibleAIPolicyViolation"},
        ),
        "content_filter",
        "https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter",
    ),
    ReportedError(
        400,
        {"code": "DataInspectionFailed", "message": "Input data may contain inappropriate content."},
        "content_filter",
        "https://help.aliyun.com/en/model-studio/error-code",
    ),
    ReportedError(
        400,
        said(
            "The request failed because the input text may contain sensitive information.",
            code="SensitiveContentDetected",
        ),
        "content_filter",
        _ARK,
    ),
    # Other wordings, of other providers and other years
    *(
        ReportedError(
            row["status"], row.get("body", row.get("text", "").encode()), row["kind"], row["source"]
        )
        for row in map(json.loads, Path(__file__).with_suffix(".jsonl").read_text("utf-8").splitlines())
    ),
)
