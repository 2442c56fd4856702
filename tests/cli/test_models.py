"""`probe models` and `probe events` against servers that list what a test says."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.shell import Shell, plain, signalled
from tests.discovery.lists import Lists, failing, listing_server, openai


@pytest.fixture
def lists() -> Iterator[Lists]:
    with listing_server() as running:
        yield running


@pytest.fixture
def configured(shell: Shell, lists: Lists) -> Shell:
    """One provider, of which one model is probed under its name and another under an alias."""
    shell.write(
        "probe.yaml",
        f"""
        providers: {{acme: {{base_url: "{lists.url}/v1", api_key: key-of-acme-0123}}}}
        targets:
          - {{provider: acme, model: small, name: little}}
          - {{provider: acme, model: large}}
        """,
    )
    lists.say("small", "large-20260101", "other", context_window=131072)
    return shell


def names(shell: Shell, *arguments: str) -> list[str]:
    said = shell.run("models", "list", "--json", *arguments)
    assert said.status == 0, said.err
    return [json.loads(line)["name"] for line in said.lines]


# probe models sync ------------------------------------------------------------------------------------------


def test_of_many_events_a_few_are_said(configured: Shell, lists: Lists) -> None:
    probed = [f"m{i}" for i in range(25)]
    targets = json.dumps([{"provider": "acme", "model": name} for name in probed])
    lists.say("other", *probed)
    assert configured.run("models", "sync", PROBE_TARGETS=targets).errors == []
    lists.say("other")
    said = configured.run("models", "sync", PROBE_TARGETS=targets)
    assert said.lines[0] == "acme: 1 model, 25 vanished"
    assert len(said.errors) == 21
    assert said.errors[0].startswith("critical: m0 is probed, and acme does not list it any more")
    assert said.errors[-1] == "5 more: probe events --kind probed_model_vanished -n 25"


def test_a_first_list_and_what_changes(configured: Shell, lists: Lists) -> None:
    said = configured.run("models", "sync")
    assert (said.status, said.lines, said.errors) == (0, ["acme: 3 models, the first list"], [])
    assert configured.run("models", "sync").lines == ["acme: 3 models, nothing new"]
    lists.say("small", "new", context_window=8192)
    said = configured.run("models", "sync", "acme")
    assert said.status == 0
    assert said.lines == [
        "acme: 2 models, 1 appeared, 1 changed, 2 vanished",
        "  appeared new",
        "  changed small",
        "  vanished large-20260101",
        "  vanished other",
    ]
    (warning,) = said.errors
    assert warning.startswith(
        "critical: large is probed, and acme does not list it any more; it last did on "
    )


def test_of_many_changes_the_first_are_named(configured: Shell, lists: Lists) -> None:
    configured.run("models", "sync")
    lists.say("small", "large-20260101", "other", *[f"new-{number}" for number in range(25)])
    lines = configured.run("models", "sync").lines
    assert lines[0] == "acme: 28 models, 25 appeared"
    assert lines[10:] == ["  appeared new-9", "  appeared 15 more"]


def test_a_list_that_fails_is_status_1_and_changes_nothing(configured: Shell, lists: Lists) -> None:
    configured.run("models", "sync")
    lists.answer = failing(b"500 Internal Server Error")
    said = configured.run("models", "sync")
    assert (said.status, said.out) == (1, "")
    (line,) = said.errors
    assert line.startswith("error: acme: the model list could not be read: HTTP 500")
    assert "key-of-acme" not in said.err
    assert len(names(configured, "--available")) == 3


def test_as_json(configured: Shell, lists: Lists) -> None:
    configured.run("models", "sync")
    lists.say("small", "new", context_window=8192)
    (report,) = json.loads(configured.run("models", "sync", "--json").out)
    told = {
        "provider": "acme",
        "status": "complete",
        "error": None,
        "listed": 2,
        "first": False,
        "appeared": ["new"],
        "changed": ["small"],
        "vanished": ["large-20260101", "other"],
        "returned": [],
    }
    assert {name: report[name] for name in told} == told
    assert {event["kind"] for event in report["events"]} == {
        "model_appeared",
        "model_changed",
        "model_vanished",
        "probed_model_vanished",
    }


def test_a_provider_that_is_not_there(configured: Shell, lists: Lists) -> None:
    said = configured.run("models", "sync", "acne")
    assert (said.status, said.errors) == (2, ["error: 'acne' matches no provider; providers are acme"])
    assert lists.asked == []


def test_the_providers_of_the_configuration_are_asked(configured: Shell, lists: Lists) -> None:
    with listing_server() as second:
        second.say("x")
        configured.write(
            "probe.yaml",
            f"""
            providers:
              acme: {{base_url: "{lists.url}/v1", api_key: key-of-acme-0123}}
              aside: {{base_url: "{second.url}/v1", api_key: key-of-acme-0123}}
            targets: [{{provider: acme, model: small}}]
            discovery: {{providers: ["as*"]}}
            """,
        )
        assert configured.run("models", "sync").lines == ["aside: 1 model, the first list"]
        assert configured.run("models", "sync", "*").lines == [
            "acme: 3 models, the first list",
            "aside: 1 model, nothing new",
        ]


def test_the_progress_is_for_a_terminal(configured: Shell) -> None:
    said = configured.on_terminal(100, "models", "sync")
    assert said.status == 0
    assert "acme: 3 models, the first list" in plain(said.out)


def test_told_to_stop_it_leaves_no_row_open(configured: Shell, lists: Lists) -> None:
    configured.run("models", "sync")
    lists.answer = lists.hang
    said = signalled(configured.start("models", "sync"), signal.SIGTERM, lists.hanging.is_set)
    assert said.status == 143
    assert len(names(configured, "--available")) == 3
    lists.say("small")
    lists.release()
    assert configured.run("models", "sync").status == 0


def test_killed_it_leaves_what_was_known(configured: Shell, lists: Lists) -> None:
    configured.run("models", "sync")
    before = configured.run("models", "list", "--json").out
    lists.answer = lists.hang
    signalled(configured.start("models", "sync"), signal.SIGKILL, lists.hanging.is_set)
    assert configured.run("models", "list", "--json").out == before
    lists.say("small")
    lists.release()
    assert configured.run("models", "sync").lines[0] == "acme: 1 model, 2 vanished"


# probe models list ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], ["gone", "large-20260101", "other", "small"]),
        (["--active"], ["large-20260101", "small"]),
        (["--available"], ["large-20260101", "other", "small"]),
        (["--available", "--active"], ["large-20260101", "small"]),
        (["--vanished"], ["gone"]),
        (["--retiring"], []),
        (["LARGE"], ["large-20260101"]),
        (["--provider", "acme", "other"], ["other"]),
        (["--provider", "nobody"], []),
    ],
)
def test_models_can_be_chosen(
    configured: Shell, lists: Lists, arguments: list[str], found: list[str]
) -> None:
    lists.say("small", "large-20260101", "other", "gone")
    configured.run("models", "sync")
    lists.say("small", "large-20260101", "other")
    configured.run("models", "sync")
    assert names(configured, *arguments) == found


def test_models_are_a_table(configured: Shell) -> None:
    configured.run("models", "sync")
    head, *rows = configured.run("models", "list").lines
    assert head.split()[:3] == ["provider", "model", "context"]
    assert [row.split() for row in rows] == [
        ["acme", "large-20260101", "131,072", "–", "–", "–", "yes", "listed"],
        ["acme", "other", "131,072", "–", "–", "–", "listed"],
        ["acme", "small", "131,072", "–", "–", "–", "yes", "listed"],
    ]


def test_no_models_is_said_aside(configured: Shell) -> None:
    configured.run("models", "sync")
    said = configured.run("models", "list", "nothing like that")
    assert (said.status, said.out, said.err) == (0, "", "no models\n")


@pytest.mark.parametrize("command", [["models", "list"], ["models", "info", "acme/small"], ["events"]])
def test_without_a_database_looking_makes_none(configured: Shell, command: list[str]) -> None:
    said = configured.run(*command)
    assert (said.status, len(said.errors)) == (1, 1)
    assert "there is no database data/probe.db yet; `probe models sync`" in said.err
    assert not (configured.directory / "data").exists()


# probe models info ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["acme/large-20260101", "acme/large"])
def test_all_of_one_model(configured: Shell, lists: Lists, name: str) -> None:
    configured.run("models", "sync")
    said = configured.run("models", "info", name)
    assert said.status == 0
    told = {line[:16].strip(): line[16:] for line in said.lines}
    assert told["model"] == "acme/large-20260101"
    assert told["targets"] == "acme/large"
    assert told["context window"] == "131,072"
    assert told["standing"] == "listed"
    assert told["released"] == "2023-11-14"
    whole: dict[str, Any] = json.loads(configured.run("models", "info", name, "--json").out)
    assert (whole["name"], whole["targets"], whole["probed"]) == ("large-20260101", ["acme/large"], True)


def test_a_model_that_went_says_when(configured: Shell, lists: Lists) -> None:
    configured.run("models", "sync")
    lists.answer = lambda *_: openai("small")
    configured.run("models", "sync")
    said = configured.run("models", "info", "acme/other")
    assert any(line.startswith("standing        vanished 2") for line in said.lines)
    assert "acme does not list other any more; it last did on " in said.lines[-1]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("acme/smal", "did you mean acme/small?"),
        ("acme/quite-another", "`probe models list` has those that are known"),
        ("nobody/m", "`probe models sync nobody` asks for its list"),
        ("small", "must be provider/model"),
    ],
)
def test_a_model_that_is_not_known(configured: Shell, name: str, hint: str) -> None:
    configured.run("models", "sync")
    said = configured.run("models", "info", name)
    assert (said.status, len(said.errors)) == (2, 1)
    assert hint in said.err


# probe events -----------------------------------------------------------------------------------------------


def test_events_are_a_table_and_lines_of_json(configured: Shell, lists: Lists) -> None:
    configured.run("models", "sync")
    lists.say("small")
    configured.run("models", "sync")
    head, *rows = configured.run("events").lines
    assert head.split() == ["when", "(UTC)", "severity", "kind", "what"]
    assert len(rows) == 3
    assert rows[-1].endswith("acme lists 3 models: its first list")

    def kinds(*arguments: str) -> list[str]:
        said = configured.run("events", "--json", *arguments)
        assert said.status == 0
        return sorted(json.loads(line)["kind"] for line in said.lines)

    assert kinds() == ["model_appeared", "model_vanished", "probed_model_vanished"]
    assert kinds("--kind", "model_vanished") == ["model_vanished"]
    assert kinds("--severity", "critical") == ["probed_model_vanished"]
    assert kinds("--provider", "nobody") == []
    assert kinds("--model", "large") == ["probed_model_vanished"]
    assert len(kinds("--since", "1h")) == 3
    assert len(kinds("-n", "1")) == 1


def test_no_events_is_said_aside(configured: Shell) -> None:
    configured.run("models", "sync")
    said = configured.run("events", "--kind", "budget_warning")
    assert (said.status, said.out, said.err) == (0, "", "no events\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--kind", "x"], "'x' is none of model_appeared, model_changed"),
        (["--severity", "loud"], "'loud' is none of info, warning, critical"),
        (["--since", "soon"], "'soon' is no age"),
    ],
)
def test_events_that_cannot_be_meant(configured: Shell, arguments: list[str], line: str) -> None:
    said = configured.run("events", *arguments)
    assert (said.status, len(said.errors)) == (2, 1)
    assert line in said.err
