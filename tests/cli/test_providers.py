"""`probe providers`: what is known by name."""

from __future__ import annotations

import json

from probe.providers.presets import PRESETS
from tests.cli.shell import Shell


def test_every_preset_is_listed(shell: Shell) -> None:
    said = shell.run("providers", "list", "--json")
    assert said.status == 0, said.err
    rows = json.loads(said.out)
    assert [row["name"] for row in rows] == list(PRESETS)
    (minimax,) = [row for row in rows if row["name"] == "minimax"]
    assert minimax["dialects"] == ["openai-chat", "anthropic-messages", "openai-responses"]
    assert minimax["other_base_urls"] == {"anthropic-messages": "https://api.minimax.io/anthropic/v1"}


def test_a_part_of_a_name_or_url_chooses(shell: Shell) -> None:
    said = shell.run("providers", "list", "amazonaws")
    assert said.status == 0, said.err
    assert "bedrock-openai" in said.out
    assert "https://bedrock-runtime.REGION.amazonaws.com" in said.out
    assert "mistral" not in said.out


def test_one_is_shown_with_what_departs(shell: Shell) -> None:
    said = shell.run("providers", "show", "mistral")
    assert said.status == 0, said.err
    lines = dict(line.split(maxsplit=1) for line in said.out.splitlines() if " " in line)
    assert lines["seed"] == "field         random_seed"
    assert lines["source"] == "https://docs.mistral.ai/api/endpoint/chat"


def test_a_name_that_is_none_gets_a_hint(shell: Shell) -> None:
    said = shell.run("providers", "show", "mistrl")
    assert said.status != 0
    assert said.err == "error: there is no preset 'mistrl'; did you mean 'mistral'?\n"
