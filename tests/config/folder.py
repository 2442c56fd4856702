"""A directory as somebody starts the program in it: probe.yaml, .env, secret files, variables."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from probe.bootstrap.load import load_config
from probe.config import Config
from probe.errors import ConfigError


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def load(self, file: str | None = None, **variables: str) -> Config:
        return load_config(None if file is None else Path(file), env=variables, cwd=self.path)

    def problems(self, file: str | None = None, **variables: str) -> list[str]:
        """What is wrong, line by line; fails where nothing is."""
        with pytest.raises(ConfigError) as caught:
            self.load(file, **variables)
        return list(caught.value.problems)
