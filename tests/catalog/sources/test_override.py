"""The override file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from probe.catalog.prices.sources.override import load_overrides, parse_overrides
from probe.errors import ConfigError


def test_prices_by_provider_and_model(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(
        "openrouter/openai/gpt-4o-mini: {input_per_million_usd: 0.15, output_per_million_usd: 0.6}\n"
        "groq/a:\n  input_per_million_usd: 1\n  output_per_million_usd: 2\n  request_usd: 0.005\n"
    )
    found = load_overrides(file)
    assert list(found) == ["openrouter/openai/gpt-4o-mini", "groq/a"]
    assert found["openrouter/openai/gpt-4o-mini"].model_dump()["input_per_million_usd"] == Decimal("0.15")
    assert found["groq/a"].request_usd == Decimal("0.005")


def test_an_empty_file_overrides_nothing() -> None:
    assert parse_overrides(b"", "prices.yaml") == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"gpt-4o: {}", "prices.yaml:1: gpt-4o: must be provider/model"),
        (b"a/b: 5", "prices.yaml:1: a/b: must be a mapping, is 5"),
        (
            b"a/b:",
            (
                "prices.yaml:1: a/b: must be a mapping, is null;"
                " give a value, in quotes if it begins with #, or leave the key out"
            ),
        ),
        (
            b"\na/b: {input_per_million_usd: -1, output_per_million_usd: 1}",
            "prices.yaml:2: a/b.input_per_million_usd: must be 0 or more, is -1",
        ),
        (
            b"a/b: {input_per_million_usd: '0,05', output_per_million_usd: 1}",
            (
                "prices.yaml:1: a/b.input_per_million_usd: must be a number, is '0,05';"
                " give the number alone, without a unit, a currency or a comma"
            ),
        ),
        (b"a/b: {input_per_million_usd: 1}", "prices.yaml:1: a/b.output_per_million_usd: is missing"),
        (
            b"a/b: {input_per_million: 1, output_per_million_usd: 1}",
            "prices.yaml:1: a/b.input_per_million: unknown key; did you mean input_per_million_usd?",
        ),
        (
            b"a/b: {input_per_million_usd: sk-proj-abc123DEF456, output_per_million_usd: 1}",
            (
                "prices.yaml:1: a/b.input_per_million_usd: must be a number, is '**********';"
                " give the number alone, without a unit, a currency or a comma"
            ),
        ),
        (b"- 1", "prices.yaml:1: must be a mapping of settings, is a list; write key: value"),
        (b"\xff", "prices.yaml:1: not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used(content: bytes, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_overrides(content, "prices.yaml")
    assert problem in caught.value.problems


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"prices\.yaml: No such file or directory"):
        load_overrides(tmp_path / "prices.yaml")
