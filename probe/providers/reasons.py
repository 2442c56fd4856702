"""What an error means and whose it is, as tables: by its names first, then by its status, then by words.

Names are what a machine is to read: code, type, and the reasons in Google's details. A status that says
enough is believed; one that is used for many things is refined by the words around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe.facts.sample import FailureKind
from probe.providers.error_object import ErrorObject


class ErrorName(NamedTuple):
    """A code, type or reason, in lower case. `statuses` empty: with any."""

    name: str
    kind: FailureKind
    said_by: str
    source: str
    statuses: frozenset[int] = frozenset()


class ErrorWords(NamedTuple):
    """Words of a message, a pattern matched against code, type, reasons and message in any case."""

    kind: FailureKind
    pattern: re.Pattern[str]
    statuses: frozenset[int]
    about: str
    source: str


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
_LLAMACPP = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
_TGI = "https://github.com/huggingface/text-generation-inference/blob/main/router/src/server.rs"
_NEW_API = "https://github.com/QuantumNous/new-api/blob/main/types/error.go"


def _names(kind: FailureKind, said_by: str, source: str, names: str, *statuses: int) -> tuple[ErrorName, ...]:
    return tuple(ErrorName(name, kind, said_by, source, frozenset(statuses)) for name in names.split())


# The first that matches wins, so that a name with statuses stands before the same without.
ERROR_NAMES: tuple[ErrorName, ...] = (
    *_names("rate_limited", "DashScope", _DASHSCOPE, "throttling throttling.ratequota throttling.burstrate"),
    *_names("rate_limited", "DashScope", _DASHSCOPE, "throttling.allocationquota limitrequests"),
    *_names("billing", "OpenAI", _OPENAI, "insufficient_quota billing_hard_limit_reached billing_not_active"),
    *_names("billing", "OpenAI", _OPENAI_QUOTA, "credit_balance_exhausted organization_spend_limit_exceeded"),
    *_names("billing", "OpenAI", _OPENAI_QUOTA, "project_spend_limit_exceeded"),
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
    *_names("permission", "OpenAI", _OPENAI, "access_terminated account_deactivated organization_restricted"),
    *_names("permission", "OpenAI", _OPENAI, "unsupported_country_region_territory"),
    *_names("permission", "OpenAI", _OPENAI, "model_not_found", 403),
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
    *_names("permission", "Amazon Bedrock", _BEDROCK, "accessdeniedexception"),
    *_names("permission", "Groq", _GROQ, "model_permission_blocked_project model_permission_blocked_org"),
    *_names("permission", "Groq", _GROQ, "model_terms_required"),
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
    *_names("not_found", "ZenMux", _ZENMUX, "invalid_model"),
    *_names("bad_request", "OpenAI", _OPENAI, "context_length_exceeded string_above_max_length"),
    *_names("bad_request", "OpenAI", _OPENAI, "unsupported_parameter"),
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
    *_names("content_filter", "ZenMux", _ZENMUX, "safety_check_failed"),
    *_names("server_error", "DashScope", _DASHSCOPE, "internalerror internalerror.algo modelservingerror"),
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
        451: "permission",
        499: "server_error",  # Cohere, Google: the request was given up
        498: "overloaded",  # Groq: no capacity in the flex tier
        503: "overloaded",
        529: "overloaded",  # Anthropic
    }
)

# Statuses that say all there is to say: no words are looked at.
_CLEAR = frozenset({301, 302, 303, 307, 308, 402, 407, 413, 414, 415, 431, 529})
_REFUSALS = (400, 403, 404, 412, 422)
_ANY_REFUSAL = (*_REFUSALS, 401, 429)


def _words(kind: FailureKind, about: str, source: str, pattern: str, *statuses: int) -> ErrorWords:
    return ErrorWords(
        kind, re.compile(pattern, re.IGNORECASE | re.VERBOSE), frozenset(statuses), about, source
    )


# The first that matches wins.
ERROR_WORDS: tuple[ErrorWords, ...] = (
    _words(
        "overloaded",
        "a gateway leaves its deployments alone",
        _LITELLM_ROUTER,
        r"""all_deployments_in_cooldown | \bno\ (healthy\ )?deployments?\ available | cooldown_list
        | (deployments?|providers?|channels?|upstreams?)\b.{0,40}\b(in|on)\ (a\ )?cool-?\ ?down
        | no\ available\ (channel|account|provider|upstream|key)""",
        *(429, 500, 502, 503),
    ),
    _words(
        "overloaded",
        "the provider lacks capacity",
        "https://github.com/google-gemini/gemini-cli/issues/19911",
        r"""\boverloaded\b | over\ capacity | \bat\ (full\ |max(imum)?\ )?capacity | capacity_exceeded
        | \b(server|model|engine|service|system|backend)s?\ (is|are)\ (currently\ |too\
          |temporarily\ |very\ )*busy
        | capacity\ (is\ |has\ been\ |was\ )?(exceeded|exhausted|constrain|limit\ (reached|exceeded))
        | (no|not\ enough|insufficient|lack\ of|limited|out\ of|exceeded?\ (the\ )?(available
          |our))\ capacity
        | high\ (demand|traffic|load|volume) | (heavy|peak)\ (load|traffic|demand|hours?)
        | temporarily\ (unavailable|overloaded|rate-limited\ upstream) | \btoo\ busy\b
        | resources?\ (are\ |is\ )?(temporarily\ )?(exhausted|insufficient)\ (on\ the\ server|upstream)
        | 访问量过大 | (系统|服务器?|模型|引擎).{0,6}(繁忙|过载|负载) | 负载(已|过|较)?(饱和|高)
          | 混雑 | 過負荷
        | перегружен | sobrecargad | surcharg[ée] | überlastet | 과부하""",
        *(400, 403, 429, 500, 502, 503, 504),
    ),
    _words(
        "billing",
        "a limit on spend is reached, or nothing is left to pay with",
        _OPENAI_QUOTA,
        r"""insufficient_(quota|balance|funds|credits?) | billing_(hard_limit|not_active|error)
          | credit_limit
        | (insufficient|not\ enough|out\ of|no\ remaining|no\ more
          |exhausted)\ (account\ )?(credits?|balance|funds)
        | (credits?|balance|funds|prepayment)\b.{0,30}\b(depleted|exhausted|ran\ out|run\ out
          |used\ up|too\ low|is\ 0\b)
        | \b(budget|spend(ing)?|billing|cost|credit|monthly|key|hard)[ _-](hard[ _-])?(limit|cap
          |budget|allowance)
          \b.{0,40}\b(reached|exceeded|hit|exhausted)
        | (reached|exceeded|hit|over|above|surpassed)\b.{0,40}\b(spend(ing)?|budget|billing|monthly
          |credit|key)
          [ _-](hard[ _-]|spend(ing)?[ _-])?(limit|cap|budget|allowance)
        | budget[_ ](has[ _]been[ _])?exceeded | exceeded\ (your\ |the\ |its\ )?budget
        | spend(ing)?[ _](limit|cap) | \bmonthly\ included\ (credits?|usage) | specified\ API\ usage\ limits
        | \bpayment\ (is\ )?(required|overdue|failed|method) | (over|past)[- ]?due | \barrears\b | arrearage
        | unpaid\ (invoice|bill|balance) | top[- ]?up | \brecharge\b | purchase\ (more\ )?credits
        | add\ (more\ )?(credits|funds|a\ payment) | free\ (trial|tier|quota|credits?).{0,30}(ended
          |expired|exhausted|used)
        | failure\ to\ pay | \bcalls?\ ?(/|per)\ ?month\b
        | billing\ (account\ |is\ )?(not\ enabled|disabled|not\ active|inactive
          |to\ be\ enabled)
        | 欠费 | 余额(不足|不够|已用|为) | 额度(不足|已用|用尽|已用尽|耗尽) | 充值 | 残高不足
          | クレジット.{0,6}不足
        | недостаточно\ средств | saldo\ insuficiente | solde\ insuffisant | (unzureichendes
          |kein)\ Guthaben | 잔액""",
        *_ANY_REFUSAL,
    ),
    _words(
        "permission",
        "the account is closed, suspended or not verified, or may not use this",
        "https://github.com/continuedev/continue/issues/8209",
        r"""\b(account|organi[sz]ation|project|user|team|key|workspace)\b.{0,60}\b(suspended
          |deactivated|disabled|
            terminated|banned|blocked|restricted|locked|closed|inactive|not\ active|under\ review|frozen)
        | must\ be\ verified | not\ (been\ )?verified | verif(y|ication)\b.{0,40}\b(organi[sz]ation
          |account|identity|required|phone|email)
        | access[_ ](was\ |has\ been\ )?terminated | violat(ion|ed|ing)\b.{0,60}\b(terms
          |usage\ polic|policies)
        | (does\ not|do\ not|doesn't|don't)\ have\ (access|permission) | not\ (allowed
          |authori[sz]ed|permitted|entitled)\ to
        | no\ access\ to | access\ (is\ |was\ )?denied
          | requires?\ (a\ )?(paid|higher|pro)\ (plan|tier)
        | not\ available\ (on|for|in)\ your\ (plan|tier|account|region|country|organi[sz]ation
          |current\ plan)
        | unsupported_country | (location|country|region)\ (is\ )?not\ (supported|available|allowed)
        | (accept|agree)\b.{0,40}\b(terms|license|licence) | gated\ (model|repo)
        | api\b.{0,60}\b(has\ not\ been\ used|is\ disabled|not\ enabled)
        | (账户|账号|帐号|帐户).{0,12}(锁定|封禁|禁用|停用|冻结|异常|违规) | 无权|没有权限|未开通
          |未实名|实名认证""",
        *(400, 403, 412, 422, 429),
    ),
    _words(
        "auth",
        "the key is wrong, missing, expired or revoked",
        "https://github.com/continuedev/continue/issues/11336",
        r"""(invalid|incorrect|missing|expired|revoked|malformed|wrong|unknown|disabled|deleted
          |no)[ _](x-)?api[ _-]?(key|token)
        | api[ _-]?(key|token)\b.{0,40}\b(not[ _]valid|invalid|expired|revoked|missing|incorrect
          |not\ found|leaked|disabled|deleted|required)
        | authentication_error | no\ auth\ credentials | unregistered\ callers | (invalid|expired
          |bad)\ (bearer\ |access\ |auth(entication|orization)?\ )?(token|credentials)
        | token\ (is\ |has\ )?(expired|invalid) | (could\ not|unable\ to|failed\ to)\ authenticate
          | user\ not\ found\b
        | (密钥|令牌|API\ ?Key|鉴权|身份验证).{0,12}(无效|错误|过期|失败|非法|不正确)
          | APIキー.{0,8}(無効|正しく)""",
        *(*_ANY_REFUSAL, 498),  # Cohere's for a token; Groq's is of another kind
    ),
    _words(
        "rate_limited",
        "Gemini says 'exceeded your current quota' of a minute's as well",
        _GEMINI,
        r"\bRESOURCE_EXHAUSTED\b",
        429,
    ),
    _words(
        "rate_limited",
        "a minute's quota",
        _DASHSCOPE,
        r"allocated\ quota\ exceeded | exceeded\ your\ current\ requests",
        429,
    ),
    _words("billing", "what is left of a plan", _OPENAI, r"exceeded\ your\ current\ quota", *_ANY_REFUSAL),
    _words(
        "not_found",
        "there is no such model, or no longer",
        _OPENAI,
        r"""model_(not_(found|available|supported)|decommissioned|deprecated) | not\ a\ valid\ model
        | \bmodels?\b .{0,120} (does\ not\ exist|doesn't\ exist|not\ found|is\ not\ available
          |decommissioned|no\ longer
          |(has\ been|was|is)\ (retired|deprecated|removed|shut\ down|discontinued))
        | (unknown|invalid|no\ such|unsupported|non-?existent)\ (model|deployment)\b | no\ endpoints\ found
        | deployment\b.{0,60}\bdoes\ not\ exist | 模型.{0,12}(不存在|已下线|未找到)""",
        *_REFUSALS,
    ),
    _words(
        "bad_request",
        "the prompt is too long for the model",
        _OPENAI,
        r"""context_length_exceeded | (maximum|max)\ context | context\ (length|window|size)
          | exceed_context_size
        | (prompt|input)\ (is\ )?too\ (long|large) | string_above_max_length | max(imum)?_?\ ?tokens
        | too\ many\ (input\ )?tokens | (超长|超出|超过).{0,12}(长度|上下文|限制) | 超长""",
        *(400, 403, 422),
    ),
    _words(
        "content_filter",
        "the provider's filter would not have it",
        _AZURE,
        r"""content_(filter|policy) | responsible_?ai | moderation | flagged | safety_(error|check)
        | content\ (management\ )?policy | (harmful|unsafe|inappropriate|sensitive)\ (content|information)
        | 敏感|不安全内容|违规内容""",
        *_ANY_REFUSAL,
    ),
    _words(
        "rate_limited",
        "too much of it at a time",
        _OPENAI,
        r"""rate_limit_(exceeded|error) | rate[ -]limit(ed|\ (reached|exceeded|hit))?
          | too\ many\ (concurrent\ )?requests
        | (requests?|tokens?)\ per\ (second|minute|hour|day) | concurren(cy|t)\b.{0,40}\b(limit|exceeded)
        | 请求(过于频繁|频率|速率) | 限流 | 并发(数|量)?过高 | レート制限""",
    ),
)


def kind_of_error(error: ErrorObject, status: int | None) -> FailureKind | None:
    """The kind by the error's names, then by the status, then by its words; None if nothing says."""
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
