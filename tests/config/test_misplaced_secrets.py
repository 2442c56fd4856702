"""A secret where a name or a number belongs is refused, and shown nowhere."""

from __future__ import annotations

import io
import json
import logging
import traceback

import pytest

from probe.bootstrap.load import load_usable
from probe.bootstrap.logs import configure_logs
from probe.cli.app import invoke
from probe.config.results import LogConfig
from probe.config.sources.show import annotated_yaml
from probe.errors import ConfigError
from tests.config.folder import Folder
from tests.config.misplaced import SECRETS, Case, cases

CASES = cases()
COMMANDS = (
    "config check",
    "config show",
    "targets --json",
    "rules",
    "rules --format alertmanager",
    "estimate",
    "db upgrade",
)
REFUSAL = "looks like a key or a password, and would be shown to everybody"


def test_every_place_is_tried_with_many_kinds_of_secrets() -> None:
    assert len(CASES) >= 200


def shown_of(folder: Folder, variables: dict[str, str]) -> dict[str, str]:
    """What is made of the configuration, or of the error, as text, by its kind."""
    try:
        loaded = load_usable(None, variables, folder.path)
    except ConfigError as exc:
        shown = {
            "the error": str(exc),
            "its repr": repr(exc),
            "its problems": "\n".join(exc.problems),
            "its traceback": traceback.format_exc(),
        }
        for form in ("json", "terminal"):
            stream = io.StringIO()
            configure_logs(LogConfig.model_validate({"format": form}), stream)
            logging.getLogger("probe").exception("refused %s", exc.problems)
            shown[f"log: {form}"] = stream.getvalue()
        return shown
    return {"configuration: YAML": annotated_yaml(loaded), "configuration: repr": repr(loaded)}


@pytest.fixture(autouse=True)
def _logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were before."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))


def test_no_misplaced_secret_is_shown(folder: Folder) -> None:
    leaks = []
    for case in CASES:
        folder.write("probe.yaml", json.dumps(case.values))
        texts = [*shown_of(folder, {}).items()]
        (folder.path / "probe.yaml").unlink()
        if case.variables:
            texts += shown_of(folder, case.variables).items()
            folder.write(".env", "".join(f"{name}='{value}'\n" for name, value in case.variables.items()))
            texts += shown_of(folder, {}).items()
            (folder.path / ".env").unlink()
        leaks += [(case.id, kind, text) for kind, text in texts if case.secret in text]
    assert leaks == []


@pytest.mark.parametrize("case", CASES[:: len(CASES) // 12], ids=lambda case: case.id)
def test_no_command_shows_a_misplaced_secret(
    folder: Folder, case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.path)
    folder.write("probe.yaml", json.dumps(case.values))
    for command in COMMANDS:
        invoke(["--traceback", *command.split()])
        said = capsys.readouterr()
        assert case.secret not in said.out + said.err


@pytest.mark.parametrize("kind", SECRETS)
def test_a_name_that_is_a_secret_is_refused_with_its_place(folder: Folder, kind: str) -> None:
    secret, form = SECRETS[kind]
    text = json.dumps(form.format(secret))
    folder.write("probe.yaml", f"budgets:\n- name: total\n  provider: {text}\n  daily_usd: 1\n")
    assert folder.problems() == [
        f"probe.yaml:3: budgets[0].provider: {REFUSAL}; those belong into api_key, a file or the environment"
    ]
    folder.write("probe.yaml", f"providers:\n  {text}: {{base_url: 'http://h', kind: engine}}\n")
    (problem,) = folder.problems()
    assert problem.startswith("probe.yaml:2: providers.")
    assert "the name looks like a key or a password" in problem
    assert secret not in problem


def test_a_secret_webhook_belongs_into_a_file(folder: Folder) -> None:
    folder.write(
        "probe.yaml", "rules: {receivers: {webhook_url: 'https://hooks.slack.com/services/T0/B0/x'}}"
    )
    assert folder.problems() == [
        f"probe.yaml:1: rules.receivers.webhook_url: {REFUSAL}; put it into a file and give webhook_url_file"
    ]


@pytest.mark.parametrize("name", ["OPENAI_API_KEY_FILE", "PROBE_SERVER__TOKEN_FILE", "PROBE_CONFIG"])
@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_the_place_of_a_file_is_not_shown(folder: Folder, name: str, kind: str) -> None:
    secret, form = SECRETS[kind]
    (problem,) = folder.problems(**{name: form.format(secret)})
    assert problem.startswith(f"environment: {name}: ")
    assert secret not in problem


def test_names_that_only_look_long_are_no_secrets(folder: Folder) -> None:
    folder.write(
        "probe.yaml",
        """
        location: 4f9e8d7c6b5a49382716051423324150
        providers:
          production-inference-eu-1: {base_url: "http://h/v1", kind: engine}
          MetaLlama3InstructTurboChat: {base_url: "http://h/v1", kind: engine}
        targets:
        - {provider: MetaLlama3InstructTurboChat, model: meta/llama:02e509c789964a7ea8736978a43525956ef4}
        - {provider: production-inference-eu-1, model: accounts/fireworks/models/llama-v3p1-405b-instruct}
        - {provider: production-inference-eu-1, model: gpt-4o-mini-2024-07-18-Turbo-Instruct-FP8, name: a}
        """,
    )
    assert len(folder.load().targets) == 3
