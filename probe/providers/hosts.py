"""Hosts and gateways that speak the dialects of others, a row each.

Names, base URLs and variables of keys are those of https://models.dev where it has the host, else of the
documentation that the row names. What is not confirmed there is absent.
"""

from probe.facts.sample import DialectName
from probe.providers.preset import Preset, Quirks

_ALSO_RESPONSES: tuple[tuple[DialectName, str | None], ...] = (("openai-responses", None),)
_ALSO_MESSAGES: tuple[tuple[DialectName, str | None], ...] = (("anthropic-messages", None),)


_DIRECT = (
    Preset(
        *("cohere", "Cohere", "https://api.cohere.com", "CO_API_KEY"),
        logo="cohere",
        docs_url="https://docs.cohere.com/v2/reference/chat",
        dialect="cohere-v2",
    ),
    Preset(
        # The document of errors: 1002 and the like under status 200.
        *("minimax", "MiniMax", "https://api.minimax.io/v1", "MINIMAX_API_KEY"),
        logo="minimax",
        docs_url="https://platform.minimax.io/docs/guides/quickstart",
        also=(("anthropic-messages", "https://api.minimax.io/anthropic/v1"), *_ALSO_RESPONSES),
    ),
    Preset(
        *("minimax-cn", "MiniMax (China)", "https://api.minimaxi.com/v1", "MINIMAX_API_KEY"),
        logo="minimax-cn",
        docs_url="https://platform.minimaxi.com/docs/guides/quickstart",
        also=(("anthropic-messages", "https://api.minimaxi.com/anthropic/v1"),),
    ),
    Preset(
        *(
            "dashscope",
            "Alibaba Cloud Model Studio",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        ),
        key_variable="DASHSCOPE_API_KEY",
        logo="alibaba",
        docs_url="https://www.alibabacloud.com/help/en/model-studio/models",
        also=_ALSO_RESPONSES,
    ),
    Preset(
        # A key is of one region.
        *("dashscope-cn", "Alibaba Cloud Model Studio (China)"),
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        key_variable="DASHSCOPE_API_KEY",
        logo="alibaba-cn",
        docs_url="https://help.aliyun.com/zh/model-studio/qwen-api-reference",
        also=_ALSO_RESPONSES,
    ),
    Preset(
        *("zhipu", "Zhipu AI (China)", "https://open.bigmodel.cn/api/paas/v4", "ZHIPU_API_KEY"),
        logo="zhipuai",
        docs_url="https://docs.bigmodel.cn/cn/api/introduction",
        quirks=Quirks(ask_for_usage="never", seed_field=None),
    ),
    Preset(
        *("moonshot-cn", "Moonshot AI (China)", "https://api.moonshot.cn/v1", "MOONSHOT_API_KEY"),
        logo="moonshotai-cn",
        docs_url="https://platform.moonshot.cn/docs/api/chat",
        quirks=Quirks(seed_field=None, fixed_temperature=("kimi-k2.5*", "kimi-k2.6*")),
    ),
    Preset(
        *("ark", "Volcengine Ark", "https://ark.cn-beijing.volces.com/api/v3", "ARK_API_KEY"),
        docs_url="https://www.volcengine.com/docs/82379/1494384",
        also=_ALSO_RESPONSES,
    ),
    Preset(
        *("tencent", "Tencent TokenHub", "https://tokenhub.tencentmaas.com/v1", "TENCENT_TOKENHUB_API_KEY"),
        logo="tencent-tokenhub",
        docs_url="https://cloud.tencent.com/document/product/1823/130050",
        also=_ALSO_MESSAGES,
    ),
    Preset(
        # Its documents name no variable for the key.
        *("qianfan", "Baidu Qianfan", "https://qianfan.baidubce.com/v2"),
        docs_url="https://cloud.baidu.com/doc/WENXINWORKSHOP/s/2m3fihw8s",
        quirks=Quirks(listing_path=None),
    ),
    Preset(
        *("stepfun", "StepFun", "https://api.stepfun.com/v1", "STEPFUN_API_KEY"),
        logo="stepfun",
        docs_url="https://platform.stepfun.com/docs/zh/overview/concept",
    ),
    Preset(
        *("xiaomi", "Xiaomi MiMo", "https://api.xiaomimimo.com/v1", "XIAOMI_API_KEY"),
        logo="xiaomi",
        docs_url="https://platform.xiaomimimo.com/#/docs",
    ),
    Preset(
        *("siliconflow", "SiliconFlow", "https://api.siliconflow.com/v1", "SILICONFLOW_API_KEY"),
        logo="siliconflow",
        docs_url="https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",
    ),
    Preset(
        *("siliconflow-cn", "SiliconFlow (China)", "https://api.siliconflow.cn/v1", "SILICONFLOW_CN_API_KEY"),
        logo="siliconflow-cn",
        docs_url="https://docs.siliconflow.cn/cn/api-reference/chat-completions/chat-completions",
    ),
    Preset(
        *("modelscope", "ModelScope", "https://api-inference.modelscope.cn/v1", "MODELSCOPE_API_KEY"),
        logo="modelscope",
        docs_url="https://modelscope.cn/docs/model-service/API-Inference/intro",
    ),
    Preset(
        *("baseten", "Baseten", "https://inference.baseten.co/v1", "BASETEN_API_KEY"),
        logo="baseten",
        docs_url="https://docs.baseten.co/inference/model-apis/overview",
        also=_ALSO_MESSAGES,
    ),
    Preset(
        *("friendli", "Friendli", "https://api.friendli.ai/serverless/v1", "FRIENDLI_TOKEN"),
        logo="friendli",
        docs_url="https://friendli.ai/docs/guides/serverless_endpoints/introduction",
    ),
    Preset(
        *("chutes", "Chutes", "https://llm.chutes.ai/v1", "CHUTES_API_KEY"),
        logo="chutes",
        docs_url="https://llm.chutes.ai/v1/models",
    ),
    Preset(
        *("ovhcloud", "OVHcloud AI Endpoints", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1"),
        key_variable="OVHCLOUD_API_KEY",
        logo="ovhcloud",
        docs_url="https://www.ovhcloud.com/en/public-cloud/ai-endpoints/catalog/",
    ),
    Preset(
        *("inference-net", "inference.net", "https://inference.net/v1", "INFERENCE_API_KEY"),
        logo="inference",
        docs_url="https://inference.net/models",
    ),
    Preset(
        *("nova", "Amazon Nova", "https://api.nova.amazon.com/v1", "NOVA_API_KEY"),
        logo="nova",
        docs_url="https://nova.amazon.com/dev/documentation",
    ),
    Preset(
        *("upstage", "Upstage", "https://api.upstage.ai/v1/solar", "UPSTAGE_API_KEY"),
        logo="upstage",
        docs_url="https://developers.upstage.ai/docs/apis/chat",
    ),
    Preset(
        *("wandb", "Weights & Biases", "https://api.inference.wandb.ai/v1", "WANDB_API_KEY"),
        logo="wandb",
        docs_url="https://docs.wandb.ai/guides/integrations/inference/",
    ),
    Preset(
        *("digitalocean", "DigitalOcean", "https://inference.do-ai.run/v1", "DIGITALOCEAN_ACCESS_TOKEN"),
        logo="digitalocean",
        docs_url="https://docs.digitalocean.com/products/gradient-ai-platform/details/models/",
    ),
    Preset(
        *("inception", "Inception", "https://api.inceptionlabs.ai/v1", "INCEPTION_API_KEY"),
        logo="inception",
        docs_url="https://platform.inceptionlabs.ai/docs",
    ),
    Preset(
        *("vultr", "Vultr", "https://api.vultrinference.com/v1", "VULTR_API_KEY"),
        logo="vultr",
        docs_url="https://api.vultrinference.com/",
    ),
    Preset(
        *("io-net", "IO.NET", "https://api.intelligence.io.solutions/api/v1", "IOINTELLIGENCE_API_KEY"),
        logo="io-net",
        docs_url="https://io.net/docs/guides/intelligence/io-intelligence",
    ),
    Preset(
        *("morph", "Morph", "https://api.morphllm.com/v1", "MORPH_API_KEY"),
        logo="morph",
        docs_url="https://docs.morphllm.com/api-reference/introduction",
    ),
    Preset(
        *("stackit", "STACKIT", "https://api.openai-compat.model-serving.eu01.onstackit.cloud/v1"),
        key_variable="STACKIT_API_KEY",
        logo="stackit",
        docs_url="https://docs.stackit.cloud/products/data-and-ai/ai-model-serving/basics/available-shared-models",
    ),
    Preset(
        *("infomaniak", "Infomaniak", None, "INFOMANIAK_API_KEY"),
        url_form="https://api.infomaniak.com/2/ai/PRODUCT/openai/v1",
        docs_url="https://developer.infomaniak.com/docs/api",
    ),
    Preset(
        *("github-models", "GitHub Models", "https://models.github.ai/inference", "GITHUB_TOKEN"),
        logo="github-models",
        docs_url="https://docs.github.com/en/github-models",
        # https://models.github.ai/catalog/models is elsewhere, and an array.
        quirks=Quirks(listing_path=None),
    ),
    Preset(
        *("workers-ai", "Cloudflare Workers AI", None, "CLOUDFLARE_API_KEY"),
        url_form="https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1",
        logo="cloudflare-workers-ai",
        docs_url="https://developers.cloudflare.com/workers-ai/models/",
        also=_ALSO_RESPONSES,
        quirks=Quirks(listing_path=None),
    ),
    Preset(
        # Claude models behind it refuse `stream_options`.
        *("databricks", "Databricks", None, "DATABRICKS_TOKEN"),
        url_form="https://HOST/ai-gateway/mlflow/v1",
        logo="databricks",
        docs_url="https://docs.databricks.com/aws/en/machine-learning/foundation-models/",
        also=_ALSO_RESPONSES,
        quirks=Quirks(ask_for_usage="never", listing_path=None),
    ),
    Preset(
        *("snowflake", "Snowflake Cortex", None, "SNOWFLAKE_CORTEX_PAT"),
        url_form="https://ACCOUNT.snowflakecomputing.com/api/v2/cortex/v1",
        logo="snowflake-cortex",
        docs_url="https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
        also=_ALSO_MESSAGES,
        # Messages, too, want the token there, and not in `x-api-key`.
        quirks=Quirks(auth="bearer", listing_path=None),
    ),
    Preset(
        *("bedrock", "Amazon Bedrock", None, "AWS_BEARER_TOKEN_BEDROCK"),
        url_form="https://bedrock-runtime.REGION.amazonaws.com",
        logo="amazon-bedrock",
        docs_url="https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html",
        dialect="bedrock-converse",
        also=(("bedrock-invoke", None),),
    ),
    Preset(
        *("bedrock-openai", "Amazon Bedrock (OpenAI's APIs)", None, "AWS_BEARER_TOKEN_BEDROCK"),
        url_form="https://bedrock-runtime.REGION.amazonaws.com/openai/v1",
        logo="amazon-bedrock",
        docs_url="https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html",
        also=_ALSO_RESPONSES,
        quirks=Quirks(listing_path=None),
    ),
    Preset(
        *("vertex", "Vertex AI", None),
        url_form="https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION",
        logo="google-vertex",
        docs_url="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        dialect="vertex-gemini",
        also=(("vertex-claude", None),),
    ),
    Preset(
        *("foundry-claude", "Claude on Microsoft Foundry", None, "ANTHROPIC_FOUNDRY_API_KEY"),
        url_form="https://RESOURCE.services.ai.azure.com/anthropic",
        logo="azure",
        docs_url="https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry",
        dialect="anthropic-messages",
        quirks=Quirks(listing_path=None),
    ),
)

# They pass requests on, and may answer from a cache or try again.
_GATEWAYS = tuple(
    Preset(name, display_name, url, variable, kind="proxy", logo=logo, docs_url=docs, also=also)
    for name, display_name, url, variable, logo, docs, also in (
        (
            *("vercel", "Vercel AI Gateway", "https://ai-gateway.vercel.sh/v1", "AI_GATEWAY_API_KEY"),
            *("vercel", "https://vercel.com/docs/ai-gateway", (*_ALSO_RESPONSES, *_ALSO_MESSAGES)),
        ),
        (
            *("requesty", "Requesty", "https://router.requesty.ai/v1", "REQUESTY_API_KEY"),
            *("requesty", "https://requesty.ai/solution/llm-routing/models", ()),
        ),
        (
            *("helicone", "Helicone", "https://ai-gateway.helicone.ai/v1", "HELICONE_API_KEY"),
            *("helicone", "https://helicone.ai/models", ()),
        ),
        (
            *("poe", "Poe", "https://api.poe.com/v1", "POE_API_KEY"),
            *("poe", "https://creator.poe.com/docs/external-applications/openai-compatible-api", ()),
        ),
        (
            *("zenmux", "ZenMux", "https://zenmux.ai/api/v1", "ZENMUX_API_KEY"),
            *("zenmux", "https://docs.zenmux.ai", ()),
        ),
        (
            *("fastrouter", "FastRouter", "https://go.fastrouter.ai/api/v1", "FASTROUTER_API_KEY"),
            *("fastrouter", "https://fastrouter.ai/models", ()),
        ),
        (
            *("nano-gpt", "NanoGPT", "https://nano-gpt.com/api/v1", "NANO_GPT_API_KEY"),
            *("nano-gpt", "https://docs.nano-gpt.com", ()),
        ),
        (
            *("cortecs", "Cortecs", "https://api.cortecs.ai/v1", "CORTECS_API_KEY"),
            *("cortecs", "https://api.cortecs.ai/v1/models", ()),
        ),
    )
)

# Their own key has a header of its own; that of the provider behind is kept by them.
_KEEPING_KEYS = (
    Preset(
        *("portkey", "Portkey", "https://api.portkey.ai/v1", "PORTKEY_API_KEY"),
        kind="proxy",
        docs_url="https://portkey.ai/docs/api-reference/inference-api/headers",
        quirks=Quirks(auth="x-portkey-api-key", listing_path=None),
    ),
    Preset(
        *("cloudflare-gateway", "Cloudflare AI Gateway", None, "CLOUDFLARE_API_TOKEN"),
        kind="proxy",
        url_form="https://gateway.ai.cloudflare.com/v1/ACCOUNT/GATEWAY/compat",
        logo="cloudflare-ai-gateway",
        docs_url="https://developers.cloudflare.com/ai-gateway/usage/chat-completion/",
        quirks=Quirks(auth="cf-aig-authorization", listing_path=None),
    ),
)

HOSTS: tuple[Preset, ...] = (*_DIRECT, *_GATEWAYS, *_KEEPING_KEYS)
