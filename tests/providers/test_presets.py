"""Presets are data; a preset and a configuration make an endpoint, or one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from pydantic import SecretStr

from probe.config.probing import ProviderConfig
from probe.errors import ConfigError, ProviderError
from probe.facts.sample import DialectName
from probe.providers import presets
from probe.providers.factory import build
from probe.providers.preset import Preset, Quirks
from probe.providers.presets import PRESETS
from probe.providers.protocol import Prompt
from probe.providers.resolve import resolve_endpoint
from probe.providers.table import providers_page
from probe.suites.case import Message
from tests.wires.answering import AnsweringWire, header
from tests.wires.compose import body_of, chunk, stream_of

KEY = SecretStr("sk-test-0123456789abcdef")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_is_whole(preset: Preset) -> None:
    assert PRESETS[preset.name] is preset
    assert preset.display_name
    if preset.kind != "simulated":
        assert urlsplit(preset.docs_url or "").scheme == "https"
    if preset.base_url is not None:
        parts = urlsplit(preset.base_url)
        assert parts.scheme == "https" or parts.hostname == "127.0.0.1"
        assert not preset.base_url.endswith("/")
        # Its documents name none.
        assert preset.key_variable is not None or preset.kind == "engine" or preset.name == "qianfan"
    if preset.default_models:
        assert preset.kind == "simulated" or preset.key_variable is not None


WANTED = {
    *(
        "openai",
        "azure-openai",
        "groq",
        "together",
        "openrouter",
        "anthropic",
        "gemini",
        "mistral",
        "deepseek",
    ),
    *("xai", "cerebras", "fireworks", "deepinfra", "perplexity", "moonshot", "zai", "novita", "nvidia"),
    *("huggingface", "nebius", "sambanova", "scaleway", "litellm"),
    *("ollama", "vllm", "tgi", "llamacpp", "lmstudio"),
}


def test_who_is_known_by_name() -> None:
    assert set(PRESETS) >= WANTED


@pytest.mark.parametrize("name", ["ollama", "vllm", "tgi", "llamacpp", "lmstudio"])
def test_an_engine_needs_only_to_be_named(name: str) -> None:
    endpoint = resolve_endpoint(name, ProviderConfig())
    assert (endpoint.kind, endpoint.api_key) == ("engine", None)
    assert endpoint.base_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("name", "base_url", "variable", "kind", "model"),
    [
        ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "direct", "gpt-4o-mini"),
        ("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", "direct", "llama-3.1-8b-instant"),
        (
            "together",
            "https://api.together.ai/v1",
            "TOGETHER_API_KEY",
            "direct",
            "mistralai/Mixtral-8x7B-Instruct-v0.1",
        ),
        ("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "proxy", "openai/gpt-4o-mini"),
    ],
)
def test_the_named_providers(name: str, base_url: str, variable: str, kind: str, model: str) -> None:
    preset = PRESETS[name]
    assert (preset.base_url, preset.key_variable, preset.kind) == (base_url, variable, kind)
    assert preset.default_models == (model,)


def test_a_key_is_all_that_a_preset_needs() -> None:
    endpoint = resolve_endpoint("groq", ProviderConfig(api_key=KEY))
    assert endpoint.name == "groq"
    assert endpoint.display_name == "Groq"
    assert endpoint.base_url == "https://api.groq.com/openai/v1"
    assert endpoint.api_key == KEY.get_secret_value()
    assert endpoint.quirks.sdk == "groq"


def test_the_key_and_the_proxy_stay_out_of_the_representation() -> None:
    config = ProviderConfig(api_key=KEY, proxy=SecretStr("http://user:hush@127.0.0.1:3128"))
    shown = repr(resolve_endpoint("openai", config))
    assert KEY.get_secret_value() not in shown
    assert "hush" not in shown


def test_the_configuration_wins_over_the_preset(tmp_path: Path) -> None:
    endpoint = resolve_endpoint(
        "second-account",
        ProviderConfig(
            preset="openai",
            display_name="Ours",
            base_url="https://gateway.example/v1/",
            kind="proxy",
            api_key=KEY,
            ca_file=tmp_path / "ca.pem",
        ),
    )
    assert endpoint.name == "second-account"
    assert endpoint.display_name == "Ours"
    assert endpoint.base_url == "https://gateway.example/v1"
    assert endpoint.kind == "proxy"
    assert endpoint.ca_file == str(tmp_path / "ca.pem")
    assert endpoint.quirks == PRESETS["openai"].quirks


def test_any_base_url_makes_a_generic_provider_under_its_own_name() -> None:
    endpoint = resolve_endpoint("acme", ProviderConfig(base_url="https://llm.acme.example/v1", api_key=KEY))
    assert endpoint.display_name == "acme"
    assert endpoint.quirks == PRESETS["openai-compatible"].quirks


@pytest.mark.parametrize("kind", ["engine", "simulated"])
def test_engines_and_simulators_need_no_key(kind: str) -> None:
    config = ProviderConfig.model_validate({"base_url": "http://127.0.0.1:8080/v1", "kind": kind})
    assert resolve_endpoint("local", config).api_key is None


def test_the_simulator_needs_only_to_be_found() -> None:
    endpoint = resolve_endpoint("simulator", ProviderConfig(base_url="http://127.0.0.1:8080/v1"))
    assert (endpoint.kind, endpoint.api_key) == ("simulated", None)


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        pytest.param("groq", {}, "set GROQ_API_KEY or providers.groq.api_key", id="key with a variable"),
        pytest.param("acme", {"base_url": "http://h/v1"}, "kind: engine", id="key without a variable"),
        pytest.param("grok", {"api_key": "k"}, "did you mean 'groq'?", id="nearly a preset"),
        pytest.param("x", {"preset": "opnai"}, "did you mean 'openai'?", id="nearly a named preset"),
        pytest.param(
            "zzz",
            {},
            "`probe providers list` shows the presets; any other API needs its base_url",
            id="nothing like a preset",
        ),
        pytest.param("openai-compatible", {"api_key": "k"}, "needs a base_url", id="generic without URL"),
        pytest.param("simulator", {}, "needs a base_url", id="simulator without URL"),
    ],
)
def test_what_cannot_be_resolved_says_what_to_do(name: str, config: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_endpoint(name, ProviderConfig.model_validate(config))
    assert said in str(caught.value)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


NEW = Preset(
    name="acme-cloud",
    display_name="Acme Cloud",
    base_url="https://llm.acme.example/v2",
    key_variable="ACME_API_KEY",
    default_models=("acme-small",),
    docs_url="https://docs.acme.example/chat",
    quirks=Quirks(
        ask_for_usage="never",
        auth="api-key",
        max_tokens_field="max_completion_tokens",
        min_max_tokens=16,
        seed_field="random_seed",
        fixed_temperature=("acme-*",),
        query=(("api-version", "1"),),
        listing_path="/catalogue",
        listing_query=(("all", "true"),),
    ),
)


@pytest.fixture
def with_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one place that a new preset is added to, as the entry would."""
    monkeypatch.setattr(presets, "PRESETS", {**PRESETS, NEW.name: NEW})


def test_a_new_preset_has_its_row_in_the_documentation(with_new: None) -> None:
    page = providers_page(presets.PRESETS.values())
    assert (
        "| `acme-cloud` | [Acme Cloud](https://docs.acme.example/chat) | direct | openai-chat "
        "| `https://llm.acme.example/v2` | `ACME_API_KEY` | `acme-small` | documents |\n"
    ) in page
    assert "| `acme-cloud` | `auth` `api-key`; `ask_for_usage` `never`;" in page


async def test_a_new_preset_makes_a_working_request(with_new: None) -> None:
    provider = build(resolve_endpoint("acme-cloud", ProviderConfig(api_key=KEY)))
    wire = AnsweringWire(stream_of(chunk("Paris"), chunk(finish="stop"), "[DONE]"))
    prompt = Prompt(
        request_id=UUID(int=1),
        model="acme-small",
        messages=(Message(role="user", content="Hello"),),
        max_tokens=5,
        temperature=0.0,
        seed=7,
    )
    reading = provider.read(await provider.send(prompt, wire))
    await provider.aclose()
    assert wire.request.host == "llm.acme.example"
    assert wire.request.target == "/v2/chat/completions?api-version=1"
    assert header(wire.request, "api-key") == KEY.get_secret_value()
    assert header(wire.request, "authorization") is None
    assert json.loads(wire.request.body) == {
        "model": "acme-small",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_completion_tokens": 16,
        "stream": True,
        "random_seed": 7,
    }
    assert reading.text == "Paris"


async def test_a_new_preset_lists_its_models(with_new: None) -> None:
    provider = build(resolve_endpoint("acme-cloud", ProviderConfig(api_key=KEY)))
    wire = AnsweringWire(body_of({"data": [{"id": "acme-small"}]}))
    models = await provider.models(wire)
    await provider.aclose()
    assert [model.id for model in models] == ["acme-small"]
    assert wire.request.target == "/v2/catalogue?api-version=1&all=true"
    assert header(wire.request, "api-key") == KEY.get_secret_value()


@pytest.mark.parametrize(
    "preset",
    [
        preset
        for preset in PRESETS.values()
        if preset.base_url and preset.dialect == "openai-chat" and preset.quirks.auth in (None, "bearer")
    ],
    ids=lambda preset: preset.name,
)
async def test_where_a_preset_sends_its_requests(preset: Preset) -> None:
    """Below its base URL, whichever SDK it is spoken to by."""
    provider = build(resolve_endpoint(preset.name, ProviderConfig(api_key=KEY)))
    url = urlsplit(preset.base_url or "")
    wire = AnsweringWire(stream_of(chunk("Paris"), chunk(finish="stop"), "[DONE]"))
    await provider.send(Prompt(request_id=UUID(int=1), model="m", messages=(), max_tokens=5), wire)
    assert (wire.request.host, wire.request.target) == (url.hostname, f"{url.path}/chat/completions")
    assert header(wire.request, "authorization") == f"Bearer {KEY.get_secret_value()}"
    if preset.quirks.listing_path is not None:
        wire = AnsweringWire()
        assert await provider.models(wire) == ()
        query = "&".join(f"{name}={value}" for name, value in preset.quirks.listing_query)
        target = url.path + preset.quirks.listing_path
        assert wire.request.host == url.hostname
        assert wire.request.target == (f"{target}?{query}" if query else target)
        assert header(wire.request, "authorization") == f"Bearer {KEY.get_secret_value()}"
    await provider.aclose()


async def test_where_there_is_no_list_none_is_asked_for() -> None:
    provider = build(resolve_endpoint("perplexity", ProviderConfig(api_key=KEY)))
    wire = AnsweringWire()
    with pytest.raises(ProviderError, match="perplexity: the provider has no model list"):
        await provider.models(wire)
    await provider.aclose()
    assert not wire.requests


@pytest.mark.parametrize(
    ("name", "header_name", "value"),
    [
        ("portkey", "x-portkey-api-key", KEY.get_secret_value()),
        ("cloudflare-gateway", "cf-aig-authorization", f"Bearer {KEY.get_secret_value()}"),
    ],
)
async def test_a_gateway_takes_its_key_in_a_header_of_its_own(
    name: str, header_name: str, value: str
) -> None:
    url = "https://gateway.example/v1"
    provider = build(resolve_endpoint(name, ProviderConfig(api_key=KEY, base_url=url)))
    wire = AnsweringWire(stream_of("[DONE]"))
    await provider.send(Prompt(request_id=UUID(int=1), model="m", messages=(), max_tokens=5), wire)
    await provider.aclose()
    assert header(wire.request, header_name) == value
    assert header(wire.request, "authorization") is None


@pytest.mark.parametrize(
    ("name", "dialect", "version", "key", "temperature"),
    [
        ("anthropic", None, "2023-06-01", "x-api-key", 0.0),
        ("anthropic-2026-10-21", None, "2026-10-21", "authorization", None),
        ("snowflake", "anthropic-messages", "2023-06-01", "authorization", 0.0),
        ("foundry-claude", None, "2023-06-01", "x-api-key", 0.0),
    ],
)
async def test_anthropic_by_version_and_host(
    name: str, dialect: DialectName | None, version: str, key: str, temperature: float | None
) -> None:
    config = ProviderConfig(api_key=KEY, dialect=dialect, base_url="https://claude.example")
    provider = build(resolve_endpoint(name, config))
    wire = AnsweringWire()
    prompt = Prompt(
        request_id=UUID(int=1), model="claude-haiku-4-5", messages=(), max_tokens=5, temperature=0.0
    )
    await provider.send(prompt, wire)
    await provider.models(wire) if name.startswith("anthropic") else None
    await provider.aclose()
    for sent in wire.requests:
        assert header(sent, "anthropic-version") == version
        assert (header(sent, key) or "").endswith(KEY.get_secret_value())
        assert (header(sent, "authorization") is None) == (key == "x-api-key")
    assert json.loads(wire.requests[0].body).get("temperature") == temperature


def test_seventy_presets_each_with_a_source() -> None:
    known = [preset for preset in PRESETS.values() if preset.name != "simulator"]
    assert len(known) >= 70
    assert [preset.name for preset in known if not (preset.docs_url or "").startswith("https://")] == []


async def test_azure_takes_its_key_and_version_its_own_way() -> None:
    url = "https://acme.openai.azure.com/openai/deployments/chat"
    provider = build(resolve_endpoint("azure-openai-deployment", ProviderConfig(api_key=KEY, base_url=url)))
    wire = AnsweringWire(stream_of("[DONE]"))
    prompt = Prompt(request_id=UUID(int=1), model="chat", messages=(), max_tokens=5)
    await provider.send(prompt, wire)
    await provider.aclose()
    assert wire.request.target == "/openai/deployments/chat/chat/completions?api-version=2024-10-21"
    assert header(wire.request, "api-key") == KEY.get_secret_value()
    assert header(wire.request, "authorization") is None


@pytest.mark.parametrize(
    ("name", "base_url", "end"),
    [
        ("ollama", "http://127.0.0.1:11434/v1", "/v1"),
        ("ollama-generate", "http://127.0.0.1:11434/v1/", "/v1"),
        ("tgi", "http://127.0.0.1:8080/v1", "/v1"),
        ("gemini", "https://generativelanguage.googleapis.com/v1beta/openai/", "/openai"),
    ],
)
def test_a_base_url_of_chat_completions_is_not_asked_in_another_dialect(
    name: str, base_url: str, end: str
) -> None:
    config = ProviderConfig(base_url=base_url, api_key=KEY)
    with pytest.raises(ConfigError, match=f"base_url ends with {end}.*or set preset: openai-compatible"):
        resolve_endpoint(name, config)
    generic = resolve_endpoint(name, config.model_copy(update={"preset": "openai-compatible"}))
    assert (generic.dialect, generic.base_url) == ("openai-chat", base_url.rstrip("/"))


def test_who_is_probed_where_nothing_but_a_key_is_set() -> None:
    """None that charges by the request, or that has no model which is cheap and stays."""
    assert {preset.name for preset in PRESETS.values() if preset.default_models} == {
        *("openai", "groq", "together", "openrouter", "anthropic", "gemini", "mistral", "deepseek"),
        "simulator",
    }
