"""Configuration files that cannot be read."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from probe.config.sources.yaml_file import MAX_BYTES, MAX_VALUES
from tests.config.folder import Folder


def test_a_named_file_that_is_missing(folder: Folder) -> None:
    assert folder.problems("none.yaml") == ["none.yaml: No such file or directory"]


def test_a_file_that_cannot_be_reached(folder: Folder) -> None:
    (folder.path / "loop.yaml").symlink_to("loop.yaml")
    assert folder.problems("loop.yaml") == ["loop.yaml: Too many levels of symbolic links"]


def test_a_file_that_is_a_directory(folder: Folder) -> None:
    (folder.path / "dir.yaml").mkdir()
    assert folder.problems("dir.yaml") == ["dir.yaml: Is a directory"]


def test_a_file_that_is_not_utf8(folder: Folder) -> None:
    (folder.path / "probe.yaml").write_bytes(b"location: a\nlog: {directory: \xe9}\n")
    assert folder.problems() == ["probe.yaml:2: not UTF-8; save the file as UTF-8"]
    (folder.path / "probe.yaml").write_bytes("location: a".encode("utf-16"))
    assert folder.problems() == ["probe.yaml:1: not UTF-8; save the file as UTF-8"]


def test_a_file_that_is_too_large(folder: Folder) -> None:
    folder.write("probe.yaml", "#" * (MAX_BYTES + 1))
    assert folder.problems() == ["probe.yaml: larger than 1024 KiB"]


def test_aliases_that_multiply(folder: Folder) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    folder.write("probe.yaml", "\n".join(lines))
    assert folder.problems() == [f"probe.yaml: more than {MAX_VALUES} values"]


KEYS = {"OPENAI_API_KEY": "sk-a-key-1234567890", "GROQ_API_KEY": "gsk_abcdefghijklmnop"}


def _directory(folder: Path) -> None:
    """What a bind mount leaves whose source is missing."""
    (folder / "probe.yaml").mkdir()


def _dangling(folder: Path) -> None:
    (folder / "probe.yaml").symlink_to("moved/probe.yaml")


def _loop(folder: Path) -> None:
    (folder / "probe.yaml").symlink_to("probe.yaml")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "probe.yaml")


def _link_to_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "probe.yaml").symlink_to("pipe")


def _socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(folder / "probe.yaml"))


def _yml(folder: Path) -> None:
    (folder / "probe.yml").write_text("location: here\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("arrange", "problem"),
    [
        (_directory, "probe.yaml: Is a directory"),
        (_dangling, "probe.yaml: a link to moved/probe.yaml, which does not exist"),
        (_loop, "probe.yaml: Too many levels of symbolic links"),
        (_pipe, "probe.yaml: a pipe (FIFO) that nobody writes into; a file is needed"),
        (_link_to_pipe, "probe.yaml: a pipe (FIFO) that nobody writes into; a file is needed"),
        (_socket, "probe.yaml: No such device or address"),
        (_yml, "probe.yml: is not read; call it probe.yaml, or name it with --config"),
    ],
)
def test_a_default_file_that_is_none_is_not_passed_over(
    folder: Folder, arrange: Callable[[Path], None], problem: str
) -> None:
    """Else real keys would be spent on what nobody configured."""
    arrange(folder.path)
    assert folder.problems(**KEYS) == [problem]


def test_probe_yml_beside_probe_yaml_is_somebodys_own(folder: Folder) -> None:
    _yml(folder.path)
    folder.write("probe.yaml", "location: there\n")
    assert folder.load().location == "there"


@pytest.mark.parametrize("name", ["probe.yaml", "other.yaml"])
def test_a_pipe_that_somebody_writes_into_is_read(folder: Folder, name: str) -> None:
    os.mkfifo(folder.path / name)
    text = "location: piped\n"
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit((folder.path / name).write_text, text, "utf-8")
        assert folder.load(name).location == "piped"
        assert writing.result() == len(text)


def test_an_open_pipe_of_a_shell_is_read(folder: Folder) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"location: piped\n")
    os.close(writing)
    assert folder.load(f"/dev/fd/{reading}").location == "piped"
    os.close(reading)


def test_files_that_variables_name_and_dotenv_are_no_less_checked(folder: Folder) -> None:
    (folder.path / "key").symlink_to("none")
    reason = "a link to none, which does not exist"
    assert folder.problems(OPENAI_API_KEY_FILE="key") == [f"environment: OPENAI_API_KEY_FILE: key: {reason}"]
    assert folder.problems(PROBE_CONFIG="key") == [f"environment: PROBE_CONFIG: key: {reason}"]
    (folder.path / ".env").symlink_to("none")
    assert folder.problems() == [f".env: {reason}"]
    (folder.path / ".env").unlink()
    (folder.path / ".env").write_text("#" * (1024 * 1024 + 1), encoding="utf-8")
    assert folder.problems() == [".env: larger than 1024 KiB"]
