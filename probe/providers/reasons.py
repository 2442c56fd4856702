"""What an error means and whose it is, as tables: by its names first, then by its status, then by words.

Names are what a machine is to read: code, type, and the reasons in Google's details. A status that says
enough is believed; one that is used for many things is refined by the words around it.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe.facts.sample import FailureKind
from probe.providers.error_object import ErrorObject
from probe.providers.error_words import ERROR_WORDS


class ErrorName(NamedTuple):
    """A code, type or reason, in lower case. `statuses` empty: with any."""

    name: str
    kind: FailureKind
    said_by: str
    source: str
    statuses: frozenset[int] = frozenset()


_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_OPENAI_QUOTA = "https://learn.microsoft.com/microsoft-cloud/dev/dev-proxy/concepts/openai-insufficient-quota"
_RESPONSES = "https://platform.openai.com/docs/api-reference/responses/object"
_ANTHROPIC = "https://docs.claude.com/en/api/errors"
_GOOGLE = "https://cloud.google.com/apis/design/errors"
_GEMINI = "https://ai.google.dev/gemini-api/docs/troubleshooting"
_GEMINI_CAPACITY = "https://github.com/google-gemini/gemini-cli/issues/25179"
_AZURE = "https://learn.microsoft.com/azure/ai-services/openai/reference"
_GROQ = "https://console.groq.com/docs/errors"
_TOGETHER = "https://docs.together.ai/docs/error-codes"
_FIREWORKS = "https://docs.fireworks.ai/guides/inference-error-codes"
_OPENROUTER = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
_ZAI = "https://docs.z.ai/api-reference/api-code"
_ZHIPU = "https://docs.bigmodel.cn/cn/api/api-code"
_DASHSCOPE = "https://help.aliyun.com/en/model-studio/error-code"
_ARK = "https://www.volcengine.com/docs/82379/1299023"
_MOONSHOT = "https://platform.moonshot.ai/docs/api/errors"
_DEEPSEEK = "https://api-docs.deepseek.com/quick_start/error_codes"
_ZENMUX = "https://docs.zenmux.ai/guide/advanced/error-codes.html"
_LITELLM = "https://docs.litellm.ai/docs/exception_mapping"
_LITELLM_ROUTER = "https://docs.litellm.ai/docs/routing#cooldowns"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"
_AWS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"
_LLAMACPP = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
_TGI = "https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs"
_NEW_API = "https://github.com/QuantumNous/new-api/blob/main/types/error.go"
_MINIMAX = "https://platform.minimax.io/docs/api-reference/errorcode"
_WORKERS_AI = "https://developers.cloudflare.com/workers-ai/platform/errors/"
_SILICONFLOW = "https://docs.siliconflow.com/en/faqs/error-code"
_GITHUB_MODELS = "https://docs.github.com/github-models/use-github-models/prototyping-with-ai-models"
_CODEX = "https://github.com/NousResearch/hermes-agent/pull/26893"
_KIMI = "https://github.com/openclaw/openclaw/pull/142656"
_QIANFAN = "https://cloud.baidu.com/doc/qianfan-docs/s/om80z6crw"
_WATSONX = "https://cloud.ibm.com/apidocs/watsonx-ai"
_PORTKEY = "https://portkey.ai/docs/product/guardrails"
_COPILOT = "https://github.com/earendil-works/pi/blob/main/packages/ai/src/utils/overflow.ts"


def _names(kind: FailureKind, said_by: str, source: str, names: str, *statuses: int) -> tuple[ErrorName, ...]:
    return tuple(ErrorName(name, kind, said_by, source, frozenset(statuses)) for name in names.split())


# The first that matches wins, so that a name with statuses stands before the same without.
ERROR_NAMES: tuple[ErrorName, ...] = (
    *_names("rate_limited", "DashScope", _DASHSCOPE, "throttling throttling.ratequota throttling.burstrate"),
    *_names("rate_limited", "DashScope", _DASHSCOPE, "throttling.allocationquota limitrequests"),
    *_names("billing", "OpenAI", _OPENAI, "insufficient_quota billing_hard_limit_reached billing_not_active"),
    *_names("billing", "OpenAI", _OPENAI_QUOTA, "credit_balance_exhausted organization_spend_limit_exceeded"),
    *_names("billing", "OpenAI", _OPENAI_QUOTA, "project_spend_limit_exceeded"),
    *_names("billing", "OpenAI", _OPENAI_QUOTA, "organization_usage_limit_exceeded"),
    *_names("billing", "watsonx", _WATSONX, "token_quota_reached"),
    *_names("billing", "Anthropic", _ANTHROPIC, "billing_error"),
    *_names("billing", "Moonshot AI", _MOONSHOT, "exceeded_current_quota_error"),
    *_names("billing", "Together AI", _TOGETHER, "credit_limit insufficient_credits"),
    *_names("billing", "OpenRouter", _OPENROUTER, "payment_required"),
    *_names("billing", "Z.AI", _ZAI, "1113 1309 1310 1308"),
    *_names("billing", "DashScope", _DASHSCOPE, "arrearage prepaidbilloverdue postpaidbilloverdue"),
    *_names("billing", "DashScope", _DASHSCOPE, "allocationquota.freetieronly commoditynotpurchased"),
    *_names("billing", "Volcengine", _ARK, "accountoverdueerror operationdenied.serviceoverdue"),
    *_names("billing", "Volcengine", _ARK, "quotaexceeded setlimitexceeded"),
    *_names("billing", "ZenMux", _ZENMUX, "insufficient_credit reject_no_credit quote_exceeded"),
    *_names("billing", "LiteLLM", _LITELLM, "budget_exceeded"),
    *_names("billing", "new-api", _NEW_API, "insufficient_user_quota pre_consume_token_quota_failed"),
    *_names("billing", "Google", _GOOGLE, "billing_disabled"),
    *_names("billing", "MiniMax", _MINIMAX, "base_resp.1008 base_resp.2056"),
    *_names("billing", "Workers AI", _WORKERS_AI, "3036"),
    *_names("billing", "SiliconFlow", _SILICONFLOW, "30001 30011"),
    *_names("billing", "Volcengine", _ARK, "invalidsubscription"),
    *_names("billing", "Kimi", _KIMI, "access_terminated_error"),
    *_names("billing", "Codex", _CODEX, "usage_limit_reached usage_not_included"),
    *_names("permission", "OpenAI", _OPENAI, "access_terminated account_deactivated organization_restricted"),
    *_names("permission", "OpenAI", _OPENAI, "unsupported_country_region_territory"),
    *_names("permission", "OpenAI", _OPENAI, "model_not_found", 403),
    *_names("permission", "Qianfan", _QIANFAN, "invalid_model", 401),
    *_names("permission", "Google", _GOOGLE, "service_disabled api_key_service_blocked user_project_denied"),
    *_names("permission", "Google", _GOOGLE, "api_key_ip_address_blocked api_key_http_referrer_blocked"),
    *_names("permission", "Google", _GOOGLE, "consumer_suspended consumer_invalid iam_permission_denied"),
    *_names("permission", "Z.AI", _ZAI, "1110 1112 1121 1220 1311"),
    *_names(
        "permission", "DashScope", _DASHSCOPE, "accessdenied accessdenied.unpurchased model.accessdenied"
    ),
    *_names("permission", "DashScope", _DASHSCOPE, "workspace.accessdenied app.accessdenied"),
    *_names("permission", "Volcengine", _ARK, "operationdenied.servicenotopen modelnotopen"),
    *_names("permission", "Volcengine", _ARK, "invalidendpointormodel.modelidaccessdisabled"),
    *_names("permission", "Groq", _GROQ, "model_permission_blocked_project model_permission_blocked_org"),
    *_names("permission", "Groq", _GROQ, "model_terms_required"),
    *_names("permission", "LiteLLM", _LITELLM, "key_model_access_denied team_model_access_denied"),
    *_names("permission", "LiteLLM", _LITELLM, "user_model_access_denied org_model_access_denied"),
    *_names("permission", "Workers AI", _WORKERS_AI, "5016 5018 3023 3041"),
    *_names("permission", "GitHub Models", _GITHUB_MODELS, "no_access"),
    *_names("auth", "OpenAI", _OPENAI, "invalid_api_key invalid_organization"),
    *_names("auth", "Anthropic", _ANTHROPIC, "authentication_error"),
    *_names("auth", "Google", _GOOGLE, "api_key_invalid access_token_expired credentials_missing"),
    *_names("auth", "Google", _GOOGLE, "account_state_invalid access_token_type_unsupported unauthenticated"),
    *_names("auth", "Groq", _GROQ, "expired_api_key"),
    *_names("auth", "Moonshot AI", _MOONSHOT, "invalid_authentication_error incorrect_api_key_error"),
    *_names("auth", "Z.AI", _ZAI, "1000 1001 1002 1003 1004 1111"),
    *_names("auth", "DashScope", _DASHSCOPE, "invalidapikey invalid_authentication"),
    *_names("auth", "Volcengine", _ARK, "authenticationerror"),
    *_names("auth", "LiteLLM", _LITELLM, "expired_key token_not_found_in_db auth_error"),
    *_names("auth", "Amazon Bedrock", _BEDROCK, "unrecognizedclientexception expiredtokenexception"),
    *_names("auth", "MiniMax", _MINIMAX, "base_resp.1004 base_resp.2049"),
    *_names("auth", "Qianfan", _QIANFAN, "invalid_iam_token"),
    *_names("auth", "AWS", _AWS, "invalidclienttokenid incompletesignature missingauthenticationtoken"),
    *_names("auth", "AWS", _AWS, "incompletesignatureexception missingauthenticationtokenexception"),
    *_names("permission", "Amazon Bedrock", _BEDROCK, "ftuformnotfilled"),
    *_names("probe", "AWS", _AWS, "requesttimetooskewed requestexpired"),
    *_names("server_error", "AWS", _AWS, "internalserverexception internalfailure"),
    *_names("server_error", "Amazon Bedrock", _BEDROCK, "modelstreamerrorexception"),
    *_names("rate_limited", "OpenAI", _OPENAI, "slow_down", 429),
    *_names("overloaded", "Anthropic", _ANTHROPIC, "overloaded_error"),
    *_names("overloaded", "Moonshot AI", _MOONSHOT, "engine_overloaded_error"),
    *_names("overloaded", "Gemini", _GEMINI_CAPACITY, "model_capacity_exhausted"),
    *_names("overloaded", "Azure OpenAI", _AZURE, "nocapacity no_capacity"),
    *_names("overloaded", "OpenAI", _OPENAI, "server_is_overloaded server_overloaded slow_down"),
    *_names("overloaded", "Z.AI", _ZAI, "1305 1312 1120"),
    *_names("overloaded", "Volcengine", _ARK, "serveroverloaded requestbursttoofast"),
    *_names("overloaded", "DashScope", _DASHSCOPE, "modelunavailable modelserviceunavailable"),
    *_names("overloaded", "LiteLLM", _LITELLM_ROUTER, "all_deployments_in_cooldown no_healthy_deployments"),
    *_names("overloaded", "Amazon Bedrock", _BEDROCK, "serviceunavailableexception modelnotreadyexception"),
    *_names("overloaded", "Groq", _GROQ, "capacity_exceeded"),
    *_names("overloaded", "Text Generation Inference", _TGI, "overloaded"),
    *_names("overloaded", "Workers AI", _WORKERS_AI, "3040"),
    *_names("overloaded", "SiliconFlow", _SILICONFLOW, "50505 50603"),
    *_names("overloaded", "ZenMux", _ZENMUX, "no_provider_available"),
    *_names("rate_limited", "OpenAI", _OPENAI, "rate_limit_exceeded tokens_usage_based"),
    *_names("rate_limited", "Moonshot AI", _MOONSHOT, "rate_limit_reached_error"),
    *_names("rate_limited", "Z.AI", _ZAI, "1302 1303 1304 1313"),
    *_names("rate_limited", "Volcengine", _ARK, "ratelimitexceeded.endpointrpmexceeded"),
    *_names("rate_limited", "Volcengine", _ARK, "ratelimitexceeded.endpointtpmexceeded"),
    *_names("rate_limited", "Volcengine", _ARK, "modelaccountrpmratelimitexceeded accountratelimitexceeded"),
    *_names(
        "rate_limited",
        "Volcengine",
        _ARK,
        "modelaccounttpmratelimitexceeded modelaccountipmratelimitexceeded",
    ),
    *_names("rate_limited", "MiniMax", _MINIMAX, "base_resp.1002 base_resp.1039 base_resp.1041"),
    *_names("rate_limited", "Qianfan", _QIANFAN, "rpm_rate_limit_exceeded tpm_rate_limit_exceeded"),
    *_names("rate_limited", "Amazon Bedrock", _BEDROCK, "throttlingexception servicequotaexceededexception"),
    *_names("not_found", "OpenAI", _OPENAI, "model_not_found"),
    *_names("not_found", "Groq", _GROQ, "model_decommissioned model_not_active"),
    *_names("not_found", "Together AI", _TOGETHER, "model_not_available"),
    *_names("not_found", "Moonshot AI", _MOONSHOT, "resource_not_found_error"),
    *_names("not_found", "Azure OpenAI", _AZURE, "deploymentnotfound"),
    *_names("not_found", "Z.AI", _ZAI, "1211 1221 1222"),
    *_names("not_found", "DashScope", _DASHSCOPE, "modelnotfound model_not_supported"),
    *_names("not_found", "Volcengine", _ARK, "invalidendpointormodel.notfound invalidendpoint.notfound"),
    *_names("not_found", "Volcengine", _ARK, "invalidendpoint.closedendpoint"),
    *_names("not_found", "Workers AI", _WORKERS_AI, "5007 3042"),
    *_names("not_found", "SiliconFlow", _SILICONFLOW, "20012"),
    *_names("not_found", "GitHub Models", _GITHUB_MODELS, "unknown_model"),
    *_names("not_found", "Groq", _GROQ, "model_is_deactivated"),
    *_names("not_found", "ZenMux", _ZENMUX, "invalid_model"),
    *_names("bad_request", "OpenAI", _OPENAI, "context_length_exceeded string_above_max_length"),
    *_names("bad_request", "OpenAI", _OPENAI, "unsupported_parameter"),
    *_names("bad_request", "GitHub Copilot", _COPILOT, "model_max_prompt_tokens_exceeded"),
    *_names("bad_request", "GitHub Models", _GITHUB_MODELS, "tokens_limit_reached"),
    *_names("bad_request", "MiniMax", _MINIMAX, "base_resp.2013 base_resp.1042"),
    *_names("bad_request", "Workers AI", _WORKERS_AI, "5004 3003 3006"),
    *_names("bad_request", "llama.cpp", _LLAMACPP, "exceed_context_size_error"),
    *_names("bad_request", "Z.AI", _ZAI, "1210 1212 1213 1214 1215 1261"),
    *_names("bad_request", "DashScope", _DASHSCOPE, "invalidparameter requesttoolarge"),
    *_names("bad_request", "Text Generation Inference", _TGI, "validation template_error"),
    *_names("content_filter", "OpenAI", _OPENAI, "content_policy_violation content_filter"),
    *_names(
        "content_filter", "OpenAI", _RESPONSES, "invalid_prompt bio_policy image_content_policy_violation"
    ),
    *_names("permission", "OpenAI", _RESPONSES, "data_residency_mismatch"),
    *_names("bad_request", "OpenAI", _RESPONSES, "invalid_image invalid_image_format invalid_base64_image"),
    *_names("bad_request", "OpenAI", _RESPONSES, "invalid_image_url image_too_large image_too_small"),
    *_names("bad_request", "OpenAI", _RESPONSES, "image_parse_error invalid_image_mode image_file_too_large"),
    *_names("bad_request", "OpenAI", _RESPONSES, "unsupported_image_media_type empty_image_file"),
    *_names("bad_request", "OpenAI", _RESPONSES, "failed_to_download_image image_file_not_found"),
    *_names("content_filter", "Azure OpenAI", _AZURE, "responsibleaipolicyviolation"),
    *_names("content_filter", "Z.AI", _ZAI, "1301"),
    *_names("content_filter", "DashScope", _DASHSCOPE, "datainspectionfailed data_inspection_failed"),
    *_names("content_filter", "Moonshot AI", _MOONSHOT, "content_filter_error"),
    *_names(
        "content_filter", "Volcengine", _ARK, "sensitivecontentdetected inputtextsensitivecontentdetected"
    ),
    *_names("content_filter", "Volcengine", _ARK, "outputtextsensitivecontentdetected"),
    *_names("content_filter", "MiniMax", _MINIMAX, "base_resp.1026 base_resp.1027"),
    *_names("content_filter", "Portkey", _PORTKEY, "hooks_failed"),
    *_names("content_filter", "ZenMux", _ZENMUX, "safety_check_failed"),
    *_names("server_error", "DashScope", _DASHSCOPE, "internalerror internalerror.algo modelservingerror"),
    *_names("server_error", "MiniMax", _MINIMAX, "base_resp.1000 base_resp.1001 base_resp.1013"),
    *_names("server_error", "MiniMax", _MINIMAX, "base_resp.1024 base_resp.1033"),
    *_names("server_error", "Workers AI", _WORKERS_AI, "3007 3008"),
    *_names("server_error", "Z.AI", _ZAI, "1230 1234"),
    *_names("server_error", "Volcengine", _ARK, "internalserviceerror"),
    *_names("server_error", "Amazon Bedrock", _BEDROCK, "modelerrorexception modeltimeoutexception"),
)
_BY_NAME: Mapping[str, tuple[ErrorName, ...]] = MappingProxyType(
    {
        name: tuple(row for row in ERROR_NAMES if row.name == name)
        for name in dict.fromkeys(row.name for row in ERROR_NAMES)
    }
)

STATUSES: Mapping[int, FailureKind] = MappingProxyType(
    {
        301: "redirected",
        302: "redirected",
        303: "redirected",
        307: "redirected",
        308: "redirected",
        400: "bad_request",
        401: "auth",
        402: "billing",
        403: "permission",
        404: "not_found",
        407: "proxy",
        408: "server_error",  # the provider gave up on itself
        409: "server_error",  # a conflict inside the provider; SDKs try again
        410: "not_found",
        412: "billing",  # Fireworks: the account is suspended
        413: "bad_request",
        414: "bad_request",
        415: "bad_request",
        422: "bad_request",
        424: "server_error",  # Groq: something it depends on failed
        425: "overloaded",
        429: "rate_limited",
        431: "bad_request",
        434: "permission",  # Z.AI: the API is not open to the account
        446: "content_filter",  # Portkey: a guardrail denied it
        451: "permission",
        498: "overloaded",  # Groq: no capacity in the flex tier
        499: "server_error",  # Cohere, Google: the request was given up
        503: "overloaded",
        529: "overloaded",  # Anthropic
    }
)

# DashScope calls a rate by the name of a quota: https://help.aliyun.com/en/model-studio/error-code
_ALLOCATED = re.compile(r"(?i)(?<!free )\ballocated quota exceeded")

# Statuses that say all there is to say: no words are looked at.
_CLEAR = frozenset({301, 302, 303, 307, 308, 402, 407, 414, 415, 431, 529})


def kind_of_error(error: ErrorObject, status: int | None) -> FailureKind | None:
    """The kind by the error's names, then by the status, then by its words; None if nothing says."""
    if status == 429 and _ALLOCATED.search(error.message):
        return "rate_limited"
    for name in error.names:
        for row in _BY_NAME.get(name, ()):
            if not row.statuses or status in row.statuses:
                return row.kind
    kind = None if status is None else kind_of_status(status)
    if status in _CLEAR:
        return kind
    words = error.words
    for hint in ERROR_WORDS:
        if (not hint.statuses or status is None or status in hint.statuses) and hint.pattern.search(words):
            return hint.kind
    return kind


def kind_of_status(status: int) -> FailureKind:
    kind = STATUSES.get(status)
    if kind is not None:
        return kind
    return "server_error" if 500 <= status < 600 else "unexpected_status"
