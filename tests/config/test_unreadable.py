"""Configuration files that cannot be read."""

from __future__ import annotations

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
    assert folder.problems() == ["probe.yaml:2: not UTF-8"]
    (folder.path / "probe.yaml").write_bytes("location: a".encode("utf-16"))
    assert folder.problems() == ["probe.yaml:1: not UTF-8"]


def test_a_file_that_is_too_large(folder: Folder) -> None:
    folder.write("probe.yaml", "#" * (MAX_BYTES + 1))
    assert folder.problems() == ["probe.yaml: larger than 1024 KiB"]


def test_aliases_that_multiply(folder: Folder) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    folder.write("probe.yaml", "\n".join(lines))
    assert folder.problems() == [f"probe.yaml: more than {MAX_VALUES} values"]


def test_a_default_file_that_is_no_file_is_not_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(folder.path / "probe.yaml").mkdir()
    assert folder.load().location == "local"
