"""`make env`: passwords where there are none, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.files import ROOT
from tools.env import GENERATED, complete, write

EXAMPLE = (ROOT / ".env.example").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".env.example").write_text(EXAMPLE)
    return tmp_path


def values(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def test_a_new_file_has_a_password_for_everybody_and_no_two_alike(folder: Path) -> None:
    assert set(write(folder)) == {*GENERATED, "COMPOSE_PROFILES"}
    found = values((folder / ".env").read_text())
    passwords = {found[name] for name in GENERATED}
    assert len(passwords) == len(GENERATED)
    # They become parts of URLs and arguments of commands.
    assert all(re.fullmatch(r"[A-Za-z0-9]{32,}", password) for password in passwords)
    assert found["COMPOSE_PROFILES"] == "full"


def test_only_the_owner_reads_it(folder: Path) -> None:
    (folder / ".env").write_text("OPENAI_API_KEY=sk\n")
    write(folder)
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_what_was_set_stays_as_it_was(folder: Path) -> None:
    (folder / ".env").write_text(
        'OPENAI_API_KEY=sk-mine # mine\nPOSTGRES_PASSWORD="chosen"\n\nINFLUXDB_ADMIN_TOKEN=\n'
    )
    write(folder)
    lines = (folder / ".env").read_text().splitlines()
    assert lines[:3] == ["OPENAI_API_KEY=sk-mine # mine", 'POSTGRES_PASSWORD="chosen"', ""]
    assert re.fullmatch(r"INFLUXDB_ADMIN_TOKEN=\w+", lines[3])


def test_a_second_time_changes_nothing(folder: Path) -> None:
    write(folder)
    before = (folder / ".env").read_text()
    assert write(folder) == []
    assert (folder / ".env").read_text() == before


def test_comments_and_keys_of_the_example_stay() -> None:
    text, _ = complete(EXAMPLE)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in EXAMPLE.splitlines() if line.startswith("#")
    ]
    assert len(text.splitlines()) == len(EXAMPLE.splitlines())
