"""The presets: every provider and inference server that is known by name, as data.

Adding one that speaks a known dialect is one entry here; docs/providers.md is made of it. An entry begins
with its name, what it is called, its base URL and the variable of its key: those of the documentation that it
names, and of https://models.dev.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from probe.facts.sample import DialectName
from probe.providers.hosts import HOSTS
from probe.providers.preset import Preset, Quirks

GENERIC = "openai-compatible"

_DIRECT = (
    Preset(
        *("openai", "OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        default_models=("gpt-4o-mini",),
        logo="openai",
        also=(("openai-responses", None),),
        docs_url="https://platform.openai.com/docs/api-reference/chat",
        quirks=Quirks(
            pads_chunks=True,
            max_tokens_field="max_completion_tokens",
            min_max_tokens=16,
            fixed_temperature=("o1*", "o3*", "o4*", "gpt-5*"),
        ),
    ),
    Preset(
        *("groq", "Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
        default_models=("llama-3.1-8b-instant",),
        logo="groq",
        docs_url="https://console.groq.com/docs/api-reference#chat",
        quirks=Quirks(sdk="groq", ask_for_usage="extra_body", max_tokens_field="max_completion_tokens"),
    ),
    Preset(
        *("together", "Together AI", "https://api.together.ai/v1", "TOGETHER_API_KEY"),
        default_models=("mistralai/Mixtral-8x7B-Instruct-v0.1",),
        logo="togetherai",
        docs_url="https://docs.together.ai/reference/chat-completions-1",
        # The last chunk of a stream always holds the usage.
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        *("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        kind="proxy",
        default_models=("openai/gpt-4o-mini",),
        logo="openrouter",
        also=(("openai-responses", None),),
        docs_url="https://openrouter.ai/docs/api-reference/chat-completion",
        # Usage always comes; models behind it refuse fewer than 16 tokens.
        quirks=Quirks(ask_for_usage="never", min_max_tokens=16),
    ),
    Preset(
        # Models are deployments.
        *("azure-openai", "Azure OpenAI", None, "AZURE_OPENAI_API_KEY"),
        url_form="https://RESOURCE.openai.azure.com/openai/v1",
        also=(("openai-responses", None),),
        logo="azure",
        docs_url="https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
        quirks=Quirks(
            auth="api-key",
            max_tokens_field="max_completion_tokens",
            min_max_tokens=16,
            fixed_temperature=("o1*", "o3*", "o4*", "gpt-5*"),
        ),
    ),
    Preset(
        *("azure-openai-deployment", "Azure OpenAI (one deployment)", None, "AZURE_OPENAI_API_KEY"),
        url_form="https://RESOURCE.openai.azure.com/openai/deployments/DEPLOYMENT",
        logo="azure",
        docs_url="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
        quirks=Quirks(auth="api-key", query=(("api-version", "2024-10-21"),), listing_path=None),
    ),
    Preset(
        *("anthropic", "Anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
        default_models=("claude-haiku-4-5",),
        logo="anthropic",
        docs_url="https://docs.anthropic.com/en/api/messages",
        dialect="anthropic-messages",
        # "`temperature` is deprecated for this model": since Opus 4.7.
        quirks=Quirks(
            fixed_temperature=(
                "claude-opus-4-[78]*",
                "claude-opus-5*",
                "claude-sonnet-5*",
                "claude-haiku-5*",
                "claude-fable*",
            )
        ),
    ),
    Preset(
        # Its newest version, which takes no temperature; a key goes where the SDKs of that version put it.
        *("anthropic-2026-10-21", "Anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
        logo="anthropic",
        docs_url="https://platform.claude.com/docs/en/api/versioning",
        dialect="anthropic-messages",
        quirks=Quirks(api_version="2026-10-21", auth="bearer", fixed_temperature=("*",)),
    ),
    Preset(
        *("gemini", "Google Gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY"),
        default_models=("gemini-2.5-flash-lite",),
        logo="google",
        docs_url="https://ai.google.dev/api/generate-content",
        dialect="gemini",
    ),
    Preset(
        *("mistral", "Mistral AI", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
        default_models=("mistral-small-latest",),
        logo="mistral",
        docs_url="https://docs.mistral.ai/api/endpoint/chat",
        # Fields that it does not know are refused with 422. The last chunk holds the usage.
        quirks=Quirks(ask_for_usage="never", seed_field="random_seed", dates_models=False),
    ),
    Preset(
        *("deepseek", "DeepSeek", "https://api.deepseek.com", "DEEPSEEK_API_KEY"),
        default_models=("deepseek-chat",),
        logo="deepseek",
        also=(("openai-responses", None),),
        docs_url="https://api-docs.deepseek.com/api/create-chat-completion",
        quirks=Quirks(seed_field=None),
    ),
    Preset(
        *("xai", "xAI", "https://api.x.ai/v1", "XAI_API_KEY"),
        logo="xai",
        also=(("openai-responses", None),),
        docs_url="https://docs.x.ai/docs/api-reference#chat-completions",
        # This list knows modalities and prices.
        quirks=Quirks(max_tokens_field="max_completion_tokens", listing_path="/language-models"),
    ),
    Preset(
        *("cerebras", "Cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
        logo="cerebras",
        docs_url="https://inference-docs.cerebras.ai/api-reference/chat-completions",
        quirks=Quirks(max_tokens_field="max_completion_tokens", dates_models=False),
    ),
    Preset(
        *("fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
        logo="fireworks-ai",
        docs_url="https://docs.fireworks.ai/api-reference/post-chatcompletions",
        # The last chunk of a stream always holds the usage.
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        *("deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
        logo="deepinfra",
        docs_url="https://deepinfra.com/docs/openai_api",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        *("perplexity", "Perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
        logo="perplexity",
        also=(("openai-responses", "https://api.perplexity.ai/v1"),),
        docs_url="https://docs.perplexity.ai/api-reference/chat-completions-post",
        # Every chunk holds the usage so far.
        quirks=Quirks(ask_for_usage="never", seed_field=None, listing_path=None),
    ),
    Preset(
        *("moonshot", "Moonshot AI", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
        logo="moonshotai",
        docs_url="https://platform.moonshot.ai/docs/api/chat",
        quirks=Quirks(seed_field=None, fixed_temperature=("kimi-k2.5*", "kimi-k2.6*")),
    ),
    Preset(
        *("zai", "Z.AI", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY"),
        logo="zai",
        docs_url="https://docs.z.ai/api-reference/llm/chat-completion",
        # The last chunk of a stream always holds the usage.
        quirks=Quirks(ask_for_usage="never", seed_field=None),
    ),
    Preset(
        *("novita", "Novita AI", "https://api.novita.ai/openai", "NOVITA_API_KEY"),
        logo="novita-ai",
        docs_url="https://novita.ai/docs/api-reference/model-apis-llm-create-chat-completion",
    ),
    Preset(
        *("nvidia", "NVIDIA NIM", "https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
        logo="nvidia",
        docs_url="https://docs.api.nvidia.com/nim/reference/llm-apis",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        *("huggingface", "Hugging Face", "https://router.huggingface.co/v1", "HF_TOKEN"),
        kind="proxy",
        logo="huggingface",
        docs_url="https://huggingface.co/docs/inference-providers/tasks/chat-completion",
    ),
    Preset(
        *("nebius", "Nebius Token Factory", "https://api.tokenfactory.nebius.com/v1", "NEBIUS_API_KEY"),
        logo="nebius",
        docs_url="https://docs.tokenfactory.nebius.com/api-reference/examples/list-of-models",
        quirks=Quirks(listing_query=(("verbose", "true"),)),
    ),
    Preset(
        *("sambanova", "SambaNova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
        logo="sambanova",
        docs_url="https://docs.sambanova.ai/docs/en/api-reference/chat-completion",
    ),
    Preset(
        *("scaleway", "Scaleway", "https://api.scaleway.ai/v1", "SCW_SECRET_KEY"),
        logo="scaleway",
        docs_url="https://www.scaleway.com/en/developers/api/generative-apis/",
    ),
)

# On this machine unless a base URL says otherwise; used only if the configuration names them.
_LOCAL = (
    Preset(
        *("litellm", "LiteLLM", "http://127.0.0.1:4000/v1", "LITELLM_API_KEY"),
        kind="proxy",
        docs_url="https://docs.litellm.ai/docs/proxy/user_keys",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        *("vllm-router", "vLLM router", "http://127.0.0.1:30000/v1", "VLLM_API_KEY"),
        kind="proxy",
        engine="vllm",
        docs_url="https://github.com/vllm-project/router",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        *("ollama", "Ollama", "http://127.0.0.1:11434", "OLLAMA_API_KEY"),
        kind="engine",
        docs_url="https://docs.ollama.com/api/chat",
        dialect="ollama-chat",
    ),
    Preset(
        *("ollama-generate", "Ollama (generate)", "http://127.0.0.1:11434", "OLLAMA_API_KEY"),
        kind="engine",
        docs_url="https://docs.ollama.com/api/generate",
        dialect="ollama-generate",
    ),
    Preset(
        *("vllm", "vLLM", "http://127.0.0.1:8000/v1", "VLLM_API_KEY"),
        kind="engine",
        engine="vllm",
        also=(("openai-responses", None),),
        docs_url="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        *("tgi", "Text Generation Inference", "http://127.0.0.1:8080"),
        kind="engine",
        docs_url="https://huggingface.co/docs/text-generation-inference/reference/api_reference",
        dialect="tgi",
    ),
    Preset(
        *("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", "LLAMA_API_KEY"),
        kind="engine",
        engine="llamacpp",
        docs_url="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        *("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", "LMSTUDIO_API_KEY"),
        kind="engine",
        docs_url="https://lmstudio.ai/docs/developer/openai-compat",
        quirks=Quirks(dates_models=False),
    ),
)

_OTHERS = (
    Preset(
        *(GENERIC, "OpenAI-compatible", None),
        docs_url="https://platform.openai.com/docs/api-reference/chat",
    ),
    Preset(
        *("openai-compatible-minimal", "OpenAI-compatible, no stream_options", None),
        docs_url="https://platform.openai.com/docs/api-reference/chat",
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        *("simulator", "Simulator", None),
        kind="simulated",
        default_models=("sim-swift", "sim-steady", "sim-moody"),
        also=tuple((each, None) for each in get_args(DialectName) if each != "openai-chat"),
        docs_url="simulator.md",
    ),
)

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {preset.name: preset for preset in (*_DIRECT, *HOSTS, *_LOCAL, *_OTHERS)}
)
