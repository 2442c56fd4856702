"""Help, versions, and what becomes of errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from probe import __version__
from probe.cli import app
from probe.errors import ConfigError, ProbeError, StoreError, SuiteError
from tests.cli.shell import Shell, plain

COMMANDS = [
    *("daemon", "run", "test-request", "estimate"),
    *("targets", "results", "events", "replay"),
    *(
        "rules",
        "simulate",
        "engines",
        "metrics",
        "models",
        "prices",
        "providers",
        "config",
        "db",
        "export",
        "influx",
    ),
]
WITH_EXAMPLES = [
    ["daemon"],
    ["run"],
    ["test-request"],
    ["targets"],
    ["results"],
    ["replay"],
    ["simulate"],
    ["estimate"],
    ["events"],
    *(["engines", each] for each in ("list", "health", "info")),
    *(["metrics", each] for each in ("show", "export", "analyze")),
    *(["models", each] for each in ("list", "info", "sync")),
    ["prices", "show"],
    ["config", "check"],
    ["rules"],
    ["db", "backup"],
]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A place to make a command raise what a test wants."""
    monkeypatch.delenv("PROBE_TRACEBACK", raising=False)
    return monkeypatch


def raise_in_targets(patch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object) -> None:
        raise error

    patch.setattr("probe.bootstrap.load.load_config", fail)


def test_the_name_alone_is_a_question_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--help"], ["-h"]):
        assert app.invoke(arguments) == 0
        out = capsys.readouterr().out
        assert [line.split()[0] for line in out.partition("Commands:")[2].splitlines() if line] == COMMANDS
        assert max(map(len, out.splitlines())) <= 80
    assert app.invoke(["db"]) == 0
    assert "restore" in capsys.readouterr().out


@pytest.mark.parametrize("command", WITH_EXAMPLES, ids=" ".join)
def test_help_has_examples_that_exist(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.invoke([*command, "--help"]) == 0
    out = capsys.readouterr().out
    examples = [line.strip() for line in out.splitlines() if line.startswith("    probe ")]
    assert examples
    assert any(example.startswith(f"probe {' '.join(command)}") for example in examples)
    assert max(map(len, out.splitlines())) <= 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.invoke(["--version"]) == 0
    assert capsys.readouterr().out == f"probe {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["prices", "--help"], ["run", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Of the program itself only the commands, of libraries only typer, which may look at pydantic."""
    script = (
        f"import sys\nfrom probe.cli.app import invoke\ninvoke({arguments})\n"
        "light = ('probe.cli.app', 'probe.cli.options', 'probe.cli.commands', 'probe.errors')\n"
        "own = {name for name in sys.modules if name.startswith('probe.') and not name.startswith(light)}\n"
        "heavy = {'fastapi', 'httpx', 'jinja2', 'openai', 'rich', 'sqlalchemy', 'structlog', 'yaml'}\n"
        f"heavy |= {{'pydantic'}} if {arguments} == ['--help'] else set()\n"
        "print(sorted(own - {'probe.cli'} | heavy & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stderr == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nope"], "error: No such command 'nope' (see probe --help)"),
        (["db", "nope"], "error: No such command 'nope' (see probe db --help)"),
        (["targets", "--nope"], "error: No such option: --nope (see probe targets --help)"),
        (["replay"], "error: Missing argument 'FILE' (see probe replay --help)"),
        (
            ["results", "--since", "yesterday"],
            (
                "error: Invalid value for '--since': 'yesterday' is no age; write 30m, 24h or 7d"
                " (see probe results --help)"
            ),
        ),
        (
            ["results", "--run", "x"],
            "error: Invalid value for '--run': 'x' is no id of a run (see probe results --help)",
        ),
        (
            ["test-request", "--base-url", "http://127.0.0.1:1"],
            (
                "error: Invalid value for '--base-url': wants --model, and no target"
                " (see probe test-request --help)"
            ),
        ),
        (
            ["test-request", "--model", "x"],
            (
                "error: Invalid value for '--model' / '--api-key-env': goes with --base-url"
                " (see probe test-request --help)"
            ),
        ),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    arguments: list[str],
    line: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.invoke(arguments) == 2
    assert capsys.readouterr().err == f"{line}\n"


@pytest.mark.parametrize(
    ("error", "status", "lines"),
    [
        (ConfigError("probe.yaml:1: a", "probe.yaml:2: b"), 2, ["probe.yaml:1: a", "probe.yaml:2: b"]),
        (SuiteError("mine.yaml:3: c"), 2, ["mine.yaml:3: c"]),
        (StoreError("the database is full"), 1, ["the database is full"]),
        (ProbeError("two\nlines"), 1, ["two lines"]),
        (PermissionError(13, "Permission denied", "x.json"), 1, ["x.json: Permission denied"]),
        (
            KeyError("sk-0123456789abcdef"),
            1,
            ["unexpected KeyError: '**********'; --traceback shows where it arose"],
        ),
        (ProbeError("postgresql://u:hunter2@h \x1b[2J"), 1, ["postgresql://u:**********@h \ufffd[2J"]),
    ],
)
def test_an_error_is_one_clear_line(
    error: Exception,
    status: int,
    lines: list[str],
    failing: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raise_in_targets(failing, error)
    assert app.invoke(["targets"]) == status
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"error: {line}" for line in lines]
    assert said.out == ""


def test_a_traceback_is_there_for_whoever_asks(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raise_in_targets(failing, ProbeError("refused with sk-0123456789abcdef"))
    assert app.invoke(["--traceback", "targets"]) == 1
    by_option = capsys.readouterr().err
    failing.setenv("PROBE_TRACEBACK", "1")
    assert app.invoke(["targets"]) == 1
    by_variable = capsys.readouterr().err
    for said in (by_option, by_variable):
        assert said.startswith("Traceback (most recent call last):")
        assert said.endswith("error: refused with **********\n")
        assert "sk-0123" not in said


def test_ctrl_c_is_quiet(failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raise_in_targets(failing, KeyboardInterrupt())
    assert app.invoke(["targets"]) == 130
    said = capsys.readouterr()
    assert said.err + said.out == ""


def test_a_reader_that_leaves_is_no_error(shell: Shell) -> None:
    for command in (["config", "schema"], ["--help"]):
        process = shell.start(*command)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        assert process.wait(60) == 141
        assert said == ""


def test_help_on_a_terminal_has_panels_and_fits(shell: Shell) -> None:
    said = shell.on_terminal(80, "--help")
    assert said.status == 0
    assert "╭─ Measure ─" in plain(said.out)
    assert max(map(len, plain(said.out).splitlines())) <= 80


def test_an_error_on_a_terminal_is_red_unless_colours_are_unwanted(shell: Shell) -> None:
    assert "\x1b[1;31merror:\x1b[0m No such command" in shell.on_terminal(80, "nope").out
    assert "\x1b[31m" not in shell.on_terminal(80, "nope", NO_COLOR="1").out
