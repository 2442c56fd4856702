"""Mistakes in variables, in secret files and in .env get a line with their place."""

from __future__ import annotations

import pytest

from tests.config.folder import Folder

VARIABLES = {
    "unknown": (
        {"PROBE_SERVER__PROT": "1"},
        "environment: PROBE_SERVER__PROT: unknown variable; did you mean PROBE_SERVER__PORT?",
    ),
    "one underscore": (
        {"PROBE_SERVER_PORT": "1"},
        "environment: PROBE_SERVER_PORT: unknown variable; did you mean PROBE_SERVER__PORT?",
    ),
    "like no other": (
        {"PROBE_ZZZZZZZZ": "1"},
        "environment: PROBE_ZZZZZZZZ: unknown variable",
    ),
    "deeper than there is": (
        {"PROBE_LOCATION__X": "1"},
        "environment: PROBE_LOCATION__X: unknown variable; did you mean PROBE_LOCATION?",
    ),
    "nothing after the underscores": (
        {"PROBE_PROVIDERS__": "1"},
        "environment: PROBE_PROVIDERS__: unknown variable; did you mean PROBE_PROVIDERS?",
    ),
    "unknown key of a provider": (
        {"PROBE_PROVIDERS__SIMULATOR__APIKEY": "secret-value"},
        "environment: PROBE_PROVIDERS__SIMULATOR__APIKEY: unknown variable",
    ),
    "file of what is no secret": (
        {"PROBE_SERVER__PORT_FILE": "x"},
        "environment: PROBE_SERVER__PORT_FILE: unknown variable; did you mean PROBE_SERVER__PORT?",
    ),
    "wrong type": (
        {"PROBE_SERVER__PORT": "abc"},
        "environment: PROBE_SERVER__PORT: must be a whole number, is 'abc'",
    ),
    "wrong type inside JSON": (
        {"PROBE_SERVER": '{"port": "abc"}'},
        "environment: PROBE_SERVER: server.port: must be a whole number, is 'abc'",
    ),
    "no UTF-8": (
        {"PROBE_LOCATION": "\udcff"},
        "environment: PROBE_LOCATION: must be UTF-8, is '\\udcff'",
    ),
    "no JSON": (
        {"PROBE_LOG": "debug"},
        "environment: PROBE_LOG: must be JSON; a single setting is PROBE_LOG__LEVEL",
    ),
    "no mapping for an exporter": (
        {"PROBE_EXPORTERS__OTHER": "[1]"},
        "environment: PROBE_EXPORTERS__OTHER: must be a mapping, is a list; write {key: value}",
    ),
    "no mapping for a section that a variable sets in part": (
        {"PROBE_LOG": "[1]", "PROBE_LOG__LEVEL": "info"},
        "environment: PROBE_LOG: must be a mapping, is a list; write {key: value}",
    ),
    "no JSON for a list": (
        {"PROBE_JOBS": "a,b"},
        "environment: PROBE_JOBS: must be JSON",
    ),
    "both names": (
        {"PROBE_DATABASE_URL": "sqlite:///a", "PROBE_DATABASE__URL": "sqlite:///b"},
        "environment: PROBE_DATABASE__URL: PROBE_DATABASE_URL is set too; keep one of them",
    ),
    "value and file": (
        {"PROBE_SERVER__TOKEN": "abcdefgh", "PROBE_SERVER__TOKEN_FILE": "x"},
        "environment: PROBE_SERVER__TOKEN_FILE: PROBE_SERVER__TOKEN is set too; keep one of them",
    ),
    "key and file": (
        {"OPENAI_API_KEY": "abcdefgh", "OPENAI_API_KEY_FILE": "x"},
        "environment: OPENAI_API_KEY_FILE: OPENAI_API_KEY is set too; keep one of them",
    ),
    "missing secret file": (
        {"PROBE_DATABASE_URL_FILE": "none"},
        "environment: PROBE_DATABASE_URL_FILE: none: No such file or directory",
    ),
    "missing key file": (
        {"GROQ_API_KEY_FILE": "none"},
        "environment: GROQ_API_KEY_FILE: none: No such file or directory",
    ),
    "secret file with a NUL in its name": (
        {"GROQ_API_KEY_FILE": "a\0b"},
        "environment: GROQ_API_KEY_FILE: 'a\\x00b': embedded null byte",
    ),
    "directory for a secret": (
        {"PROBE_SERVER__TOKEN_FILE": "."},
        "environment: PROBE_SERVER__TOKEN_FILE: .: Is a directory",
    ),
    "key that cannot be sent": (
        {"OPENAI_API_KEY": "sk-“quoted”"},
        "environment: OPENAI_API_KEY: must be visible ASCII characters without spaces",
    ),
    "file with a NUL in its name": (
        {"PROBE_CONFIG": "a\0b"},
        "environment: PROBE_CONFIG: 'a\\x00b': embedded null byte",
    ),
    "missing file": (
        {"PROBE_CONFIG": "none.yaml"},
        "environment: PROBE_CONFIG: none.yaml: No such file or directory",
    ),
}


@pytest.mark.parametrize(("variables", "problem"), VARIABLES.values(), ids=VARIABLES.keys())
def test_a_mistake_in_the_environment(folder: Folder, variables: dict[str, str], problem: str) -> None:
    assert folder.problems(**variables) == [problem]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\n", "empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * 70_000, "too large for a secret")],
)
def test_a_secret_file_that_holds_no_secret(folder: Folder, content: bytes, reason: str) -> None:
    (folder.path / "key").write_bytes(content)
    assert folder.problems(OPENAI_API_KEY_FILE="key") == [f"environment: OPENAI_API_KEY_FILE: key: {reason}"]


def test_mistakes_in_dotenv_name_its_lines(folder: Folder) -> None:
    folder.write(".env", "# comment\n\nPROBE_SERVER__PORT=abc\nPROBE_SERVER__HOTS=x\n")
    assert folder.problems() == [
        ".env:3: PROBE_SERVER__PORT: must be a whole number, is 'abc'",
        ".env:4: PROBE_SERVER__HOTS: unknown variable; did you mean PROBE_SERVER__HOST?",
    ]


@pytest.mark.parametrize("line", ["just words", "A='unclosed", "=x"])
def test_dotenv_that_cannot_be_read(folder: Folder, line: str) -> None:
    folder.write(".env", f"A=1\n{line}\n")
    assert folder.problems() == [".env:2: must be NAME=value"]


def test_dotenv_that_is_a_directory_or_no_text(folder: Folder) -> None:
    (folder.path / ".env").mkdir()
    assert folder.problems() == [".env: Is a directory"]
    (folder.path / ".env").rmdir()
    (folder.path / ".env").write_bytes(b"\xff")
    assert folder.problems() == [".env: not UTF-8"]
