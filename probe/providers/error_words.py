"""What an error's words mean, as one table: for errors whose names and status do not say enough."""

import re
from typing import NamedTuple

from probe.facts.sample import FailureKind


class ErrorWords(NamedTuple):
    """A pattern matched against code, type, reasons and message in any case. `statuses` empty: with any."""

    kind: FailureKind
    about: str
    source: str
    statuses: frozenset[int]
    pattern: re.Pattern[str]


_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_OPENAI_QUOTA = "https://learn.microsoft.com/microsoft-cloud/dev/dev-proxy/concepts/openai-insufficient-quota"
_GEMINI = "https://ai.google.dev/gemini-api/docs/troubleshooting"
_GEMINI_CAPACITY = "https://github.com/google-gemini/gemini-cli/issues/19911"
_AZURE = "https://learn.microsoft.com/azure/ai-services/openai/reference"
_DASHSCOPE = "https://help.aliyun.com/en/model-studio/error-code"
_LITELLM_ROUTER = "https://docs.litellm.ai/docs/routing#cooldowns"
_OPENROUTER_DATA = "https://openrouter.ai/docs/features/privacy-and-logging"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"
_SIGNATURE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"
_GITHUB = "https://github.com/"

_REFUSALS = (400, 403, 404, 412, 422)
_ANY_REFUSAL = (*_REFUSALS, 401, 429)
_TROUBLE = (500, 502, 503, 504)


def _words(
    kind: FailureKind, about: str, source: str, statuses: tuple[int, ...], *alternatives: str
) -> ErrorWords:
    pattern = re.compile("|".join(alternatives), re.IGNORECASE)
    return ErrorWords(kind, about, source, frozenset(statuses), pattern)


# The first that matches wins.
ERROR_WORDS: tuple[ErrorWords, ...] = (
    _words(
        "probe",
        "our clock is wrong",
        _SIGNATURE,
        (400, 401, 403),
        r"signature (expired|not yet current)|reasonable timeframe",
    ),
    _words(
        "auth",
        "the signature is wrong, or the key of an API is",
        _SIGNATURE,
        (400, 401, 403),
        r"invalidsignatureexception|signature we calculated|accessdeniedexception.{0,80}\bapi key\b",
    ),
    _words(
        "not_found",
        "the model is not served here, or not so",
        _BEDROCK,
        (400,),
        r"model identifier is invalid|on-demand throughput isn.t supported",
    ),
    _words(
        "permission",
        "the account may not use this model",
        _BEDROCK,
        (400, 403, 404),
        r"accessdeniedexception",
    ),
    _words(
        "rate_limited",
        "a rate with its unit, whatever is offered for money beside it",
        _GITHUB + "openai/openai-cookbook/blob/main/examples/How_to_handle_rate_limits.ipynb",
        (403, 413, 429),
        r"rate limit (reached|exceeded) .{0,200}\b(per (second|min(ute)?|hour|day)|[RT]P[SMHD])\b",
        r"concurren(cy|t)\b.{0,40}\b(limit|exceeded)",
        r"limited to \d+ (API )?(calls|requests) ?(/|per|a) ?(second|min(ute)?|hour)",
    ),
    _words(
        "overloaded",
        "a gateway leaves its deployments alone",
        _LITELLM_ROUTER,
        (429, 500, 502, 503),
        r"all_deployments_in_cooldown|cooldown_list|\bno (healthy )?deployments? available",
        r"(deployments?|providers?|channels?|upstreams?|credentials)\b.{0,40}\b(in|on|are|"
        r"is) (a )?cool(-? ?down|ing)",
        r"no available (channel|account|provider|upstream|key)|无可用(渠道|账号)",
        r"\baccounts have exhausted their quota|no healthy upstream",
    ),
    _words(
        "overloaded",
        "the provider lacks capacity",
        _GEMINI_CAPACITY,
        (400, 403, 429, *_TROUBLE),
        r"\boverloaded\b|over capacity|\bat (full |max(imum)? )?capacity|capacity_exceeded",
        r"\b(server|model|engine|service|system|backend)s? (is|are) (currently |too |temporarily |"
        r"very )*busy",
        r"capacity (temporarily )?(is |has been |was )?(exceeded|exhausted|constrain|limit (reached|"
        r"exceeded))",
        r"(no|not enough|insufficient|lack of|limited|out of|exceeded? (the )?(available|our)) capacity",
        r"high (demand|traffic|load|volume)|(heavy|peak) (load|traffic|demand|hours?)",
        r"temporarily (unavailable|overloaded|rate-limited upstream)|\btoo busy\b",
        r"resources? (are |is )?(temporarily )?(exhausted|insufficient) (on the server|upstream)",
        r"\bqueue (is )?full|total request limit reached|pending requests exceeded",
        r"访问量过大|(系统|服务器?|模型|引擎).{0,6}(繁忙|过载|负载)|负载(已|过|较)?(饱和|高)",
        r"混雑|混み合|過負荷|과부하|перегруж|sobrecarreg|sobrecarg|surcharg[ée]|überlastet|sovraccaric",
    ),
    _words(
        "permission",
        "the account's own settings leave nobody who could answer",
        _OPENROUTER_DATA,
        (400, 403, 404),
        r"\bmatching your (data policy|guardrail)|all providers have been ignored|allowed providers\b",
        r"use case (details|form)",
    ),
    _words(
        "billing",
        "a limit on spend is reached, or nothing is left to pay with",
        _OPENAI_QUOTA,
        _ANY_REFUSAL,
        r"insufficient_(quota|balance|funds|credits?)|billing_(hard_limit|not_active|error)|credit_limit",
        r"(insufficient|not enough|out of|no remaining|no more|exhausted) (\w+ ){0,4}(credits?|balance|"
        r"funds)\b",
        r"(credits?|balance|funds|prepayment)\b.{0,30}\b(depleted|exhausted|ran out|run out|used up|"
        r"too low|is 0\b)",
        r"(balance|credits?|funds)\b.{0,30}\b(insufficient|not (sufficient|enough))",
        r"(doesn't|does not|don't|do not) have (any|enough|sufficient) (\w+ )?(credits?|budget|funds|"
        r"balance)",
        r"\b(all available|requires? more|purchase (more|extra|additional)) (credits|usage)|"
        r"\bextra usage\b",
        r"\b(budget|spend(ing)?|billing|cost|credit|monthly|key|hard)[ _-](hard[ _-])?(limit|cap|budget|"
        r"allowance)"
        r"\b.{0,40}\b(reached|exceeded|hit|exhausted)",
        r"(reached|exceeded|hit|over|above|surpassed)\b.{0,40}\b(spend(ing)?|budget|billing|monthly|"
        r"credit|key)"
        r"[ _-](hard[ _-]|spend(ing)?[ _-])?(limit|cap|budget|allowance)",
        r"budget[_ ](has[ _]been[ _])?exceeded|exceeded (your |the |its )?budget|over budget",
        r"spend(ing)?[ _](limit|cap)|\bmonthly included (credits?|usage)|specified API usage limits",
        r"\bpayment (is )?(required|overdue|failed|method)|(over|past)[- ]?due|\barrears\b|arrearage",
        r"unpaid (invoice|bill|balance)|top[- ]?up|\brecharge\b",
        r"add (more )?(credits|funds|a payment)|set ?up billing|enable billing",
        r"usage limit.{0,200}\b(purchase|upgrade)",
        r"free (trial|tier|quota|credits?|allocation|monthly).{0,30}(ended|expired|exhausted|used|limit|"
        r"reached)",
        r"used (up )?(all )?(of )?your (daily |monthly )?free|(calls|requests) ?(/|per) ?month",
        r"failure to pay|billing (account )?(is )?(not enabled|disabled|not active|inactive|to be enabled)",
        r"subscription\b.{0,30}\b(has |is )?(expired|ended|cancell?ed)|"
        r"not have a valid (\w+ )?subscription",
        r"check your (plan and )?billing details on",
        r"欠费|余额(不足|不够|已用|为)|(额度|配额)(不足|已用|用尽|已用尽|耗尽)|充值|残高不足|"
        r"クレジット.{0,6}不足",
        r"잔액|크레딧.{0,8}부족|недостаточно средств|пополните|saldo insuficiente|"
        r"cr[ée]ditos? (insuficientes?|agotados?)",
        r"(solde|cr[ée]dits?) (insuffisante?s?|[ée]puis[ée]s?)|(unzureichendes|kein) Guthaben|"
        r"Guthaben.{0,12}aufgebraucht",
        r"credito (insufficiente|esaurito)",
    ),
    _words(
        "content_filter",
        "what was asked or answered is what a policy is about",
        _OPENAI,
        (400, 403, 422, 446, 500),
        r"\b(prompt|request|content|input|output)\b.{0,40}\b(flagged|blocked by|rejected by|violates?)\b"
        r".{0,60}\b(polic|guideline|filter|safety|moderation)",
        r"content exists risk|considered high risk|new_sensitive|\bguardrails?\b.{0,40}\b(block|fail|"
        r"den|violat|interven)",
        r"guardrail_(violation|blocked)|hooks_failed|\b(in|out)put\w{0,20}RiskDetection",
    ),
    _words(
        "permission",
        "the account is closed, suspended or not verified, or may not use this",
        _GITHUB + "continuedev/continue/issues/8209",
        (400, 403, 412, 422, 429),
        r"\b(account|organi[sz]ation|project|user|team|key|workspace)\b.{0,60}\b(suspended|deactivated|"
        r"disabled|"
        r"terminated|banned|blocked|restricted|locked|closed|inactive|not active|under review|frozen)",
        r"must be verified|not (been )?verified|verify your|verif(y|ication)\b.{0,40}\b(organi[sz]ation|"
        r"account|"
        r"identity|required|phone|email)",
        r"access[_ ](was |has been )?terminated|violat(ion|ed|ing)\b.{0,60}\b(terms|usage polic|policies)",
        r"(does not|do not|doesn't|don't) have (access|permission)|not (allowed|authori[sz]ed|permitted|"
        r"entitled) to "
        r"(access|use|call|run|sample|perform|invoke|request|make|generate|view)",
        r"no access to|access (is |was )?denied|requires? (a )?(paid|higher|pro) (plan|tier)|denied access",
        r"not (yet )?(available|supported|included?|include access)\b.{0,20}\b(on|for|in|to|with) (your|"
        r"the|this|a|our) "
        r"(current |free |trial )*(plan|tier|account|region|country|organi[sz]ation|subscription)\b",
        r"subscription plan does not|unsupported_country|(location|country|region) (is )?not (supported|"
        r"available|allowed)",
        r"(accept|agree)\w*\b.{0,40}\b(terms|license|licence)|gated (model|repo)",
        r"api\b.{0,60}\b(has not been used|is disabled|not enabled)",
        r"(账户|账号|帐号|帐户).{0,12}(锁定|封禁|禁用|停用|冻结|异常|违规)|无权|没有权限|未开通|未实名|"
        r"实名认证",
    ),
    _words(
        "auth",
        "the key is wrong, missing, expired or revoked",
        _GITHUB + "continuedev/continue/issues/11336",
        (*_ANY_REFUSAL, 498),
        r"(invalid|incorrect|missing|expired|revoked|malformed|wrong|unknown|disabled|deleted|no)[ _](x-)?"
        r"api[ _-]?(key|token)",
        r"api[ _-]?(key|token)\b.{0,40}\b(not[ _]valid|invalid|expired|revoked|missing|incorrect|"
        r"not found|leaked|"
        r"disabled|deleted|required)",
        r"authentication_error|no auth credentials|unregistered callers|subscription key",
        r"(invalid|expired|bad) (bearer |access |auth(entication|orization)? |api )?(token|credentials)",
        r"token (is |has )?(expired|invalid)|(could not|unable to|failed to) authenticate|user not found\b",
        r"(authori[sz]ation|authentication) (failed|error)",
        r"(密钥|令牌|API ?Key|鉴权|身份验证|认证).{0,12}(无效|错误|过期|失败|非法|不正确)|无效的(令牌|"
        r"密钥)",
        r"APIキー.{0,8}(無効|正しく)|(API|인증) ?키.{0,8}(유효하지|잘못)|"
        r"cl[ée] (d')?API.{0,16}(invalide|incorrecte|expir)",
        r"(clave|chave) (de )?(la )?API.{0,16}(no es v|inv[áa]lida|incorrecta|expirada)|"
        r"chiave API.{0,16}non valida",
        r"(ung[üu]ltige|falsche|abgelaufene)\w* API-?Schl[üu]ssel|(неверн|недействительн|"
        r"недопустим)\S* (API|ключ|токен)",
    ),
    _words(
        "rate_limited",
        "Gemini says 'exceeded your current quota' of a minute's as well",
        _GEMINI,
        (429,),
        r"\bRESOURCE_EXHAUSTED\b",
    ),
    _words(
        "rate_limited",
        "a minute's quota",
        _DASHSCOPE,
        (429,),
        r"allocated quota exceeded|exceeded your current requests",
    ),
    _words("billing", "what is left of a plan", _OPENAI, _ANY_REFUSAL, r"exceeded your current quota"),
    _words(
        "not_found",
        "there is no such model, or no longer",
        _OPENAI,
        _REFUSALS,
        r"model_(not_(found|available|supported)|decommissioned|deprecated|is_deactivated)|"
        r"not a valid model",
        r"\bmodels?\b.{0,120}(does not exist|doesn't exist|not found|is not available|decommissioned|"
        r"no longer|"
        r"(has been|was|is) (retired|deprecated|deactivated|removed|shut down|discontinued))",
        r"(unknown|invalid|no such|unsupported|non-?existent) (model|deployment)\b|no endpoints found",
        r"deployment\b.{0,60}\bdoes not exist|模型.{0,12}(不存在|已下线|未找到)",
    ),
    _words(
        "bad_request",
        "the prompt is too long for the model",
        _OPENAI,
        (400, 403, 422),
        r"context_length_exceeded|(maximum|max) context|context (length|window|size)|exceed_context_size",
        r"(prompt|input) (is )?too (long|large)|string_above_max_length|max(imum)?_? ?tokens",
        r"too many (input )?tokens|(超长|超出|超过).{0,12}(长度|上下文|限制)|超长",
    ),
    _words(
        "content_filter",
        "the provider's filter would not have it",
        _AZURE,
        _ANY_REFUSAL,
        r"content_(filter|policy)|content (management |filtering |usage )?(policy|filter)|usage guidelines",
        r"responsible_?ai|moderation|flagged|safety_(error|check)",
        r"(harmful|unsafe|inappropriate|sensitive) (content|information)|敏感|不安全内容|违规内容",
    ),
    _words(
        "rate_limited",
        "too much of it at a time",
        _OPENAI,
        (),
        r"rate_limit_(exceeded|error)|rate[ -]limit(ed|ing| (reached|exceeded|hit))?\b|"
        r"too many (concurrent )?requests",
        r"(requests?|tokens?) per (second|minute|hour|day)|concurren(cy|t)\b.{0,40}\b(limit|exceeded)",
        r"\b(hour|dai|week)ly (usage )?limit|quota (limit )?(has been )?exceeded",
        r"请求(过于频繁|频率|速率)|限流|并发(数|量)?过高|リクエスト.{0,8}(多すぎ|制限)|レート制限|"
        r"요청.{0,12}(너무 많|초과)",
        r"trop de requêtes|demasiadas (solicitudes|peticiones)|muitas (solicitações|requisições)|"
        r"zu viele Anfragen",
        r"слишком много запросов|превышен лимит",
    ),
    _words(
        "bad_request",
        "the request breaks a rule of the API",
        _BEDROCK,
        (400,),
        r"\bvalidationexception\b",
    ),
)
