"""The presets: every provider and inference server that is known by name, as data.

Adding one that speaks a known dialect is one entry here; docs/providers.md is made of it. Base URLs and
variables are those of the documentation that each entry names, and of https://models.dev.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from probe.providers.preset import Preset, Quirks

GENERIC = "openai-compatible"

_DIRECT = (
    Preset(
        name="openai",
        display_name="OpenAI",
        base_url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
        default_models=("gpt-4o-mini",),
        logo_url="https://models.dev/logos/openai.svg",
        docs_url="https://platform.openai.com/docs/api-reference/chat",
        quirks=Quirks(
            pads_chunks=True,
            max_tokens_field="max_completion_tokens",
            min_max_tokens=16,
            fixed_temperature=("o1*", "o3*", "o4*", "gpt-5*"),
        ),
    ),
    Preset(
        name="groq",
        display_name="Groq",
        base_url="https://api.groq.com/openai/v1",
        key_variable="GROQ_API_KEY",
        default_models=("llama-3.1-8b-instant",),
        logo_url="https://models.dev/logos/groq.svg",
        docs_url="https://console.groq.com/docs/api-reference#chat",
        quirks=Quirks(sdk="groq", ask_for_usage="extra_body", max_tokens_field="max_completion_tokens"),
    ),
    Preset(
        name="together",
        display_name="Together AI",
        base_url="https://api.together.ai/v1",
        key_variable="TOGETHER_API_KEY",
        default_models=("mistralai/Mixtral-8x7B-Instruct-v0.1",),
        logo_url="https://models.dev/logos/togetherai.svg",
        docs_url="https://docs.together.ai/reference/chat-completions-1",
        # The last chunk of a stream always holds the usage.
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        name="openrouter",
        display_name="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        key_variable="OPENROUTER_API_KEY",
        kind="proxy",
        default_models=("openai/gpt-4o-mini",),
        logo_url="https://models.dev/logos/openrouter.svg",
        docs_url="https://openrouter.ai/docs/api-reference/chat-completion",
        # Usage always comes; models behind it refuse fewer than 16 tokens.
        quirks=Quirks(ask_for_usage="never", min_max_tokens=16),
    ),
    Preset(
        name="azure-openai",
        display_name="Azure OpenAI",
        base_url=None,  # https://RESOURCE.openai.azure.com/openai/v1; models are deployments
        key_variable="AZURE_OPENAI_API_KEY",
        logo_url="https://models.dev/logos/azure.svg",
        docs_url="https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
        quirks=Quirks(
            auth="api-key",
            max_tokens_field="max_completion_tokens",
            min_max_tokens=16,
            fixed_temperature=("o1*", "o3*", "o4*", "gpt-5*"),
        ),
    ),
    Preset(
        name="azure-openai-deployment",
        display_name="Azure OpenAI (one deployment)",
        base_url=None,  # https://RESOURCE.openai.azure.com/openai/deployments/DEPLOYMENT
        key_variable="AZURE_OPENAI_API_KEY",
        logo_url="https://models.dev/logos/azure.svg",
        docs_url="https://learn.microsoft.com/azure/ai-foundry/openai/reference",
        quirks=Quirks(auth="api-key", query=(("api-version", "2024-10-21"),), listing_path=None),
    ),
    Preset(
        name="anthropic",
        display_name="Anthropic",
        base_url="https://api.anthropic.com",
        key_variable="ANTHROPIC_API_KEY",
        default_models=("claude-haiku-4-5",),
        logo_url="https://models.dev/logos/anthropic.svg",
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
        name="gemini",
        display_name="Google Gemini",
        base_url="https://generativelanguage.googleapis.com",
        key_variable="GEMINI_API_KEY",
        default_models=("gemini-2.5-flash-lite",),
        logo_url="https://models.dev/logos/google.svg",
        docs_url="https://ai.google.dev/api/generate-content",
        dialect="gemini",
    ),
    Preset(
        name="mistral",
        display_name="Mistral AI",
        base_url="https://api.mistral.ai/v1",
        key_variable="MISTRAL_API_KEY",
        default_models=("mistral-small-latest",),
        logo_url="https://models.dev/logos/mistral.svg",
        docs_url="https://docs.mistral.ai/api/endpoint/chat",
        # Fields that it does not know are refused with 422. The last chunk holds the usage.
        quirks=Quirks(ask_for_usage="never", seed_field="random_seed", dates_models=False),
    ),
    Preset(
        name="deepseek",
        display_name="DeepSeek",
        base_url="https://api.deepseek.com",
        key_variable="DEEPSEEK_API_KEY",
        default_models=("deepseek-chat",),
        logo_url="https://models.dev/logos/deepseek.svg",
        docs_url="https://api-docs.deepseek.com/api/create-chat-completion",
        quirks=Quirks(seed_field=None),
    ),
    Preset(
        name="xai",
        display_name="xAI",
        base_url="https://api.x.ai/v1",
        key_variable="XAI_API_KEY",
        logo_url="https://models.dev/logos/xai.svg",
        docs_url="https://docs.x.ai/docs/api-reference#chat-completions",
        # This list knows modalities and prices.
        quirks=Quirks(max_tokens_field="max_completion_tokens", listing_path="/language-models"),
    ),
    Preset(
        name="cerebras",
        display_name="Cerebras",
        base_url="https://api.cerebras.ai/v1",
        key_variable="CEREBRAS_API_KEY",
        logo_url="https://models.dev/logos/cerebras.svg",
        docs_url="https://inference-docs.cerebras.ai/api-reference/chat-completions",
        quirks=Quirks(max_tokens_field="max_completion_tokens", dates_models=False),
    ),
    Preset(
        name="fireworks",
        display_name="Fireworks AI",
        base_url="https://api.fireworks.ai/inference/v1",
        key_variable="FIREWORKS_API_KEY",
        logo_url="https://models.dev/logos/fireworks-ai.svg",
        docs_url="https://docs.fireworks.ai/api-reference/post-chatcompletions",
        # The last chunk of a stream always holds the usage.
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        name="deepinfra",
        display_name="DeepInfra",
        base_url="https://api.deepinfra.com/v1/openai",
        key_variable="DEEPINFRA_API_KEY",
        logo_url="https://models.dev/logos/deepinfra.svg",
        docs_url="https://deepinfra.com/docs/openai_api",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        name="perplexity",
        display_name="Perplexity",
        base_url="https://api.perplexity.ai",
        key_variable="PERPLEXITY_API_KEY",
        logo_url="https://models.dev/logos/perplexity.svg",
        docs_url="https://docs.perplexity.ai/api-reference/chat-completions-post",
        # Every chunk holds the usage so far.
        quirks=Quirks(ask_for_usage="never", seed_field=None, listing_path=None),
    ),
    Preset(
        name="moonshot",
        display_name="Moonshot AI",
        base_url="https://api.moonshot.ai/v1",
        key_variable="MOONSHOT_API_KEY",
        logo_url="https://models.dev/logos/moonshotai.svg",
        docs_url="https://platform.moonshot.ai/docs/api/chat",
        quirks=Quirks(seed_field=None, fixed_temperature=("kimi-k2.5*", "kimi-k2.6*")),
    ),
    Preset(
        name="zai",
        display_name="Z.AI",
        base_url="https://api.z.ai/api/paas/v4",
        key_variable="ZAI_API_KEY",
        logo_url="https://models.dev/logos/zai.svg",
        docs_url="https://docs.z.ai/api-reference/llm/chat-completion",
        # The last chunk of a stream always holds the usage.
        quirks=Quirks(ask_for_usage="never", seed_field=None),
    ),
    Preset(
        name="novita",
        display_name="Novita AI",
        base_url="https://api.novita.ai/openai",
        key_variable="NOVITA_API_KEY",
        logo_url="https://models.dev/logos/novita-ai.svg",
        docs_url="https://novita.ai/docs/api-reference/model-apis-llm-create-chat-completion",
    ),
    Preset(
        name="nvidia",
        display_name="NVIDIA NIM",
        base_url="https://integrate.api.nvidia.com/v1",
        key_variable="NVIDIA_API_KEY",
        logo_url="https://models.dev/logos/nvidia.svg",
        docs_url="https://docs.api.nvidia.com/nim/reference/llm-apis",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        name="huggingface",
        display_name="Hugging Face",
        base_url="https://router.huggingface.co/v1",
        key_variable="HF_TOKEN",
        kind="proxy",
        logo_url="https://models.dev/logos/huggingface.svg",
        docs_url="https://huggingface.co/docs/inference-providers/tasks/chat-completion",
    ),
    Preset(
        name="nebius",
        display_name="Nebius Token Factory",
        base_url="https://api.tokenfactory.nebius.com/v1",
        key_variable="NEBIUS_API_KEY",
        logo_url="https://models.dev/logos/nebius.svg",
        docs_url="https://docs.tokenfactory.nebius.com/api-reference/examples/list-of-models",
        quirks=Quirks(listing_query=(("verbose", "true"),)),
    ),
    Preset(
        name="sambanova",
        display_name="SambaNova",
        base_url="https://api.sambanova.ai/v1",
        key_variable="SAMBANOVA_API_KEY",
        logo_url="https://models.dev/logos/sambanova.svg",
        docs_url="https://docs.sambanova.ai/docs/en/api-reference/chat-completion",
    ),
    Preset(
        name="scaleway",
        display_name="Scaleway",
        base_url="https://api.scaleway.ai/v1",
        key_variable="SCW_SECRET_KEY",
        logo_url="https://models.dev/logos/scaleway.svg",
        docs_url="https://www.scaleway.com/en/developers/api/generative-apis/",
    ),
)

# On this machine unless a base URL says otherwise; used only where the configuration names them.
_LOCAL = (
    Preset(
        name="litellm",
        display_name="LiteLLM",
        base_url="http://127.0.0.1:4000/v1",
        key_variable="LITELLM_API_KEY",
        kind="proxy",
        docs_url="https://docs.litellm.ai/docs/proxy/user_keys",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        name="ollama",
        display_name="Ollama",
        base_url="http://127.0.0.1:11434",
        key_variable="OLLAMA_API_KEY",
        kind="engine",
        docs_url="https://docs.ollama.com/api/chat",
        dialect="ollama-chat",
    ),
    Preset(
        name="ollama-generate",
        display_name="Ollama (generate)",
        base_url="http://127.0.0.1:11434",
        key_variable="OLLAMA_API_KEY",
        kind="engine",
        docs_url="https://docs.ollama.com/api/generate",
        dialect="ollama-generate",
    ),
    Preset(
        name="vllm",
        display_name="vLLM",
        base_url="http://127.0.0.1:8000/v1",
        key_variable="VLLM_API_KEY",
        kind="engine",
        engine="vllm",
        docs_url="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        name="tgi",
        display_name="Text Generation Inference",
        base_url="http://127.0.0.1:8080",
        kind="engine",
        docs_url="https://huggingface.co/docs/text-generation-inference/reference/api_reference",
        dialect="tgi",
    ),
    Preset(
        name="llamacpp",
        display_name="llama.cpp",
        base_url="http://127.0.0.1:8080/v1",
        key_variable="LLAMA_API_KEY",
        kind="engine",
        engine="llamacpp",
        docs_url="https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        quirks=Quirks(dates_models=False),
    ),
    Preset(
        name="lmstudio",
        display_name="LM Studio",
        base_url="http://127.0.0.1:1234/v1",
        key_variable="LMSTUDIO_API_KEY",
        kind="engine",
        docs_url="https://lmstudio.ai/docs/developer/openai-compat",
        quirks=Quirks(dates_models=False),
    ),
)

_OTHERS = (
    Preset(
        name=GENERIC,
        display_name="OpenAI-compatible",
        base_url=None,
        docs_url="https://platform.openai.com/docs/api-reference/chat",
    ),
    Preset(
        name="openai-compatible-minimal",
        display_name="OpenAI-compatible, no stream_options",
        base_url=None,
        docs_url="https://platform.openai.com/docs/api-reference/chat",
        quirks=Quirks(ask_for_usage="never"),
    ),
    Preset(
        name="simulator",
        display_name="Simulator",
        base_url=None,
        kind="simulated",
        default_models=("sim-swift", "sim-steady", "sim-moody"),
    ),
)

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {preset.name: preset for preset in (*_DIRECT, *_LOCAL, *_OTHERS)}
)
