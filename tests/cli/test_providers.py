"""`probe providers`: what is known by name."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from probe.providers.presets import PRESETS
from tests.cli.shell import Shell, plain
from tests.servers.stage import Stage, stage


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


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("cloudflare-gateway", "listing path       none"),
        ("bedrock", "instead of a key   aws: access_key_id and secret_access_key, or credentials_file"),
        ("vertex", "instead of a key   google: {} or credentials_file"),
    ],
)
def test_what_departs_and_what_stands_for_a_key_is_readable(shell: Shell, name: str, line: str) -> None:
    lines = shell.run("providers", "show", name).out.splitlines()
    assert line in lines
    assert not [each for each in lines if "None" in each or "departs" in each]


def test_a_name_that_is_none_gets_a_hint(shell: Shell) -> None:
    said = shell.run("providers", "show", "mistrl")
    assert said.status != 0
    assert said.err.startswith(
        "error: there is no preset 'mistrl'; did you mean 'mistral'? any other API needs"
    )


CONFIG = """\
# Ours.
providers:
  simulator: # nothing paid

# What is asked.
targets:
  - provider: simulator
    model: sim-swift # quick

location: here # the end
"""
ANSWER = {
    "choices": [{"message": {"role": "assistant", "content": "OK"}, "finish_reason": "stop", "index": 0}],
    "usage": {"prompt_tokens": 4, "completion_tokens": 1},
}


def answer(status: int = 200) -> tuple[bytes, ...]:
    body = json.dumps(ANSWER if status == 200 else {"error": {"message": "Bad key."}}).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return (f"{head}connection: close\r\n\r\n".encode() + body,)


@pytest.fixture(scope="module")
def api() -> Iterator[Stage]:
    with stage() as server:
        yield server


def test_a_provider_is_tried_and_added_beside_every_comment(shell: Shell, api: Stage) -> None:
    api.pieces = answer()
    file = shell.write("probe.yaml", CONFIG)
    said = shell.run(
        *("providers", "add", "work", "--preset", "mistral", "--base-url", f"{api.url}/v1", "--model", "m-1"),
        MISTRAL_API_KEY="hush-hush-1",
    )
    assert said.status == 0, said.err
    assert "bearer hush-hush-1" in [line.partition(": ")[2].lower() for line in api.requests[-1][0]]
    assert said.errors == ["probe.yaml was written", "Its key is read from MISTRAL_API_KEY"]
    added = f"  work:\n    preset: mistral\n    base_url: {api.url}/v1\n"
    target = "  - provider: work\n    model: m-1\n"
    expected = CONFIG.replace("# nothing paid\n", "# nothing paid\n" + added)
    assert file.read_text() == expected.replace("# quick\n", "# quick\n" + target)
    assert "hush" not in file.read_text() + said.out
    again = shell.run("providers", "add", "work", "--preset", "mistral", "--model", "m-1", "--no-try")
    assert again.status != 0
    assert "probe.yaml has a provider 'work' already" in again.err


def test_nothing_is_written_where_the_request_fails(shell: Shell, api: Stage) -> None:
    api.pieces = answer(401)
    arguments = ("providers", "add", "mine", "--base-url", f"{api.url}/v1", "--model", "m-1")
    said = shell.run(*arguments)
    assert said.status != 0
    assert "provider 'mine' has no API key" in said.err
    said = shell.run(*arguments, PROBE_PROVIDERS__MINE__API_KEY="hush-hush-1")
    assert said.status == 1
    assert "Bad key." in said.out
    assert list(shell.directory.iterdir()) == []
    assert shell.run(*arguments, "--no-try").status == 0
    assert (shell.directory / "probe.yaml").read_text() == (
        f"providers:\n  mine:\n    base_url: {api.url}/v1\n\ntargets:\n  - provider: mine\n    model: m-1\n"
    )


def test_targets_that_nobody_listed_stay(shell: Shell) -> None:
    file = shell.write("probe.yaml", "providers:\n  groq:\n")
    said = shell.run("providers", "add", "mistral", "--model", "m-1", "--no-try")
    assert said.status == 0, said.err
    targets = "  - provider: groq\n    model: llama-3.1-8b-instant\n  - provider: mistral\n    model: m-1\n"
    assert file.read_text() == f"providers:\n  groq:\n  mistral:\n\ntargets:\n{targets}"


def test_a_file_that_is_not_written_line_by_line_is_left_alone(shell: Shell) -> None:
    file = shell.write("probe.yaml", "providers: {groq: }\n")
    said = shell.run("providers", "add", "mistral", "--no-try")
    assert (said.status, said.out) == (1, "providers:\n  mistral:\n")
    assert file.read_text() == "providers: {groq: }\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["mistrl"], "there is no preset 'mistrl'; did you mean 'mistral'? any other API needs its base_url"),
        (["x", "--preset", "opnai"], "there is no preset 'opnai'; did you mean 'openai'?"),
        (["azure-openai"], "--base-url"),
        (["cohere"], "--model"),
        ([], "NAME"),
    ],
)
def test_what_is_missing_is_said_where_nobody_can_be_asked(
    shell: Shell, arguments: list[str], error: str
) -> None:
    said = shell.run("providers", "add", *arguments)
    assert said.status != 0
    assert error in plain(said.err)
    assert list(shell.directory.iterdir()) == []


def test_on_a_terminal_it_asks(shell: Shell, api: Stage) -> None:
    api.pieces = answer()
    said = shell.on_terminal(
        *(100, "providers", "add"),
        typed=f"work\n{api.url}/v1\nm-1\n",
        PROBE_PROVIDERS__WORK__API_KEY="hush-hush-1",
    )
    assert said.status == 0, said.out
    shown = plain(said.out)
    assert "Name: a preset, or one of your own: " in shown
    assert "There is no preset 'work'; " in shown
    assert "Base URL, as http://127.0.0.1:8000/v1: " in shown
    assert (shell.directory / "probe.yaml").read_text() == (
        f"providers:\n  work:\n    base_url: {api.url}/v1\n\ntargets:\n  - provider: work\n    model: m-1\n"
    )
