"""Presets are data; a preset and a configuration make an endpoint, or one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from pydantic import SecretStr

from probe.config import ProviderConfig
from probe.errors import ConfigError
from probe.providers import presets
from probe.providers.factory import build
from probe.providers.preset import Preset, Quirks
from probe.providers.presets import PRESETS, resolve
from probe.providers.protocol import Prompt
from probe.suites import Message
from tests.wires.answering import AnsweringWire, header
from tests.wires.compose import chunk, stream_of

KEY = SecretStr("sk-test-0123456789abcdef")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_is_whole(preset: Preset) -> None:
    assert PRESETS[preset.name] is preset
    assert preset.display_name
    if preset.base_url is not None:
        assert urlsplit(preset.base_url).scheme == "https"
        assert not preset.base_url.endswith("/")
        assert preset.key_variable is not None
        assert preset.default_models
        assert preset.logo_url is not None
        assert preset.docs_url is not None


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
    endpoint = resolve("groq", ProviderConfig(api_key=KEY))
    assert endpoint.name == "groq"
    assert endpoint.display_name == "Groq"
    assert endpoint.base_url == "https://api.groq.com/openai/v1"
    assert endpoint.api_key == KEY.get_secret_value()
    assert endpoint.quirks.sdk == "groq"


def test_the_key_and_the_proxy_stay_out_of_the_representation() -> None:
    config = ProviderConfig(api_key=KEY, proxy=SecretStr("http://user:hush@127.0.0.1:3128"))
    shown = repr(resolve("openai", config))
    assert KEY.get_secret_value() not in shown
    assert "hush" not in shown


def test_the_configuration_wins_over_the_preset(tmp_path: Path) -> None:
    endpoint = resolve(
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
    endpoint = resolve("acme", ProviderConfig(base_url="https://llm.acme.example/v1", api_key=KEY))
    assert endpoint.display_name == "acme"
    assert endpoint.quirks == PRESETS["openai-compatible"].quirks


@pytest.mark.parametrize("kind", ["engine", "simulated"])
def test_engines_and_simulators_need_no_key(kind: str) -> None:
    config = ProviderConfig.model_validate({"base_url": "http://127.0.0.1:8080/v1", "kind": kind})
    assert resolve("local", config).api_key is None


def test_the_simulator_needs_only_to_be_found() -> None:
    endpoint = resolve("simulator", ProviderConfig(base_url="http://127.0.0.1:8080/v1"))
    assert (endpoint.kind, endpoint.api_key) == ("simulated", None)


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        pytest.param("groq", {}, "set GROQ_API_KEY or providers.groq.api_key", id="key with a variable"),
        pytest.param("acme", {"base_url": "http://h/v1"}, "kind: engine", id="key without a variable"),
        pytest.param("grok", {"api_key": "k"}, "did you mean 'groq'?", id="nearly a preset"),
        pytest.param("x", {"preset": "opnai"}, "did you mean 'openai'?", id="nearly a named preset"),
        pytest.param("zzz", {}, "presets are openai, groq", id="nothing like a preset"),
        pytest.param("openai-compatible", {"api_key": "k"}, "needs a base_url", id="generic without URL"),
        pytest.param("simulator", {}, "needs a base_url", id="simulator without URL"),
    ],
)
def test_what_cannot_be_resolved_says_what_to_do(name: str, config: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(name, ProviderConfig.model_validate(config))
    assert said in str(caught.value)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_adding_a_provider_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Preset(
        name="mistral",
        display_name="Mistral",
        base_url="https://api.mistral.ai/v1",
        key_variable="MISTRAL_API_KEY",
        default_models=("mistral-small-latest",),
        quirks=Quirks(ask_for_usage="never"),
    )
    monkeypatch.setattr(presets, "PRESETS", {**PRESETS, entry.name: entry})
    provider = build(resolve("mistral", ProviderConfig(api_key=KEY)))
    wire = AnsweringWire(stream_of(chunk("Paris"), chunk(finish="stop"), "[DONE]"))
    prompt = Prompt(
        request_id=UUID(int=1),
        model=entry.default_models[0],
        messages=(Message(role="user", content="Hello"),),
        max_tokens=5,
    )
    reading = provider.read(await provider.send(prompt, wire))
    await provider.aclose()
    assert (wire.request.host, wire.request.target) == ("api.mistral.ai", "/v1/chat/completions")
    assert header(wire.request, "authorization") == f"Bearer {KEY.get_secret_value()}"
    assert "stream_options" not in json.loads(wire.request.body)
    assert reading.text == "Paris"
