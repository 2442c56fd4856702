"""What a probed name means in a list, by the names that providers take and those that they list."""

from __future__ import annotations

import pytest

from probe.catalog.models.alias import find, same


@pytest.mark.parametrize(
    ("model", "listed", "meant"),
    [
        pytest.param("gpt-4o", ["gpt-4", "gpt-4o", "gpt-4o-mini"], "gpt-4o", id="itself"),
        pytest.param("gpt-4o", ["gpt-4", "gpt-4o-mini"], None, id="only part of a name"),
        pytest.param("gpt-4o", [], None, id="an empty list"),
        pytest.param("Meta/Llama-3", ["meta/llama-3"], "meta/llama-3", id="another case"),
        pytest.param("gemini-2.5-flash", ["models/gemini-2.5-flash"], "models/gemini-2.5-flash", id="Gemini"),
        pytest.param("models/gemini-2.5-pro", ["gemini-2.5-pro"], "gemini-2.5-pro", id="Gemini, in full"),
        pytest.param("sim-swift?ttft_ms=5&x=1", ["sim", "sim-swift"], "sim-swift", id="simulator"),
        pytest.param("llama3", ["llama3:8b", "llama3:latest"], "llama3:latest", id="Ollama"),
        pytest.param("llama3:latest", ["llama3"], "llama3", id="Ollama, the other way round"),
        pytest.param("llama3:8b", ["llama3:latest"], None, id="another tag of Ollama"),
        pytest.param("openai/gpt-4o:nitro", ["openai/gpt-4o"], "openai/gpt-4o", id="OpenRouter's routing"),
        pytest.param("openai/gpt-4o:free", ["openai/gpt-4o"], None, id="a free model is one of its own"),
        pytest.param("a/b:free", ["a/b", "a/b:free"], "a/b:free", id="a free model that is listed"),
        pytest.param("meta/llama:groq", ["meta/llama"], "meta/llama", id="Hugging Face's provider"),
        pytest.param(
            "claude-sonnet-4-5",
            ["claude-sonnet-4-20250514", "claude-sonnet-4-5-20250929"],
            "claude-sonnet-4-5-20250929",
            id="Anthropic, undated",
        ),
        pytest.param(
            "claude-3-5-sonnet-latest",
            ["claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022"],
            "claude-3-5-sonnet-20241022",
            id="the latest of two",
        ),
        pytest.param("mistral-large-latest", ["mistral-large-2411"], "mistral-large-2411", id="Mistral"),
        pytest.param("mistral-large-latest", ["mistral-large"], "mistral-large", id="latest, undated"),
        pytest.param("gpt-4o", ["gpt-4o-2024-05-13", "gpt-4o-2024-11-20"], "gpt-4o-2024-11-20", id="OpenAI"),
        pytest.param(
            "gemini-1.5-pro", ["gemini-1.5-pro-001", "gemini-1.5-pro-002"], "gemini-1.5-pro-002", id="001"
        ),
        pytest.param("claude@20250929", ["claude"], "claude", id="a date in a list without dates"),
        pytest.param("gpt-4-0314", ["gpt-4", "gpt-4-0613"], None, id="a date that a list with dates lacks"),
        pytest.param("openai/gpt-4o", ["*/*", "groq/*"], "*/*", id="a proxy's wildcard"),
        pytest.param("groq/x", ["openai/*"], None, id="another's wildcard"),
    ],
)
def test_what_a_name_means(model: str, listed: list[str], meant: str | None) -> None:
    assert find(model, listed) == meant


def test_one_name_in_two_spellings() -> None:
    assert same("models/Gemini-2.5", "gemini-2.5")
    assert same("sim?ttft_ms=5", "sim")
    assert not same("llama3", "llama3:latest")
