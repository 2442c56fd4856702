"""Fills in what `docker compose` needs in .env: `python -m tools.env`. Needs nothing but Python.

A .env that is there is completed, never overwritten. No value is printed.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
GENERATED: Final = (
    "GRAFANA_ADMIN_PASSWORD",
    "POSTGRES_PASSWORD",
    "INFLUXDB_ADMIN_PASSWORD",
    "INFLUXDB_ADMIN_TOKEN",
)
_ASSIGNMENT: Final = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*([^#\n]*)", re.MULTILINE)


def complete(text: str) -> tuple[str, list[str]]:
    """The text with everything set that was empty or absent, and the names of what was set."""
    given = {name: value for name, value in _ASSIGNMENT.findall(text) if value.strip("\"' ")}
    wanted = {name: secrets.token_hex(20) for name in GENERATED} | {"COMPOSE_PROFILES": "full"}
    missing = {name: value for name, value in wanted.items() if name not in given}
    for name, value in missing.items():
        line = re.compile(rf"^[ \t]*{name}[ \t]*=.*$", re.MULTILINE)
        if line.search(text):
            text = line.sub(f"{name}={value}", text, count=1)
        else:
            text = f"{text.rstrip()}\n{name}={value}\n" if text.strip() else f"{name}={value}\n"
    return text, list(missing)


def write(folder: Path) -> list[str]:
    """Complete `folder`/.env, readable by its owner only; the names of what was set."""
    file = (folder / ".env").resolve()
    text = file.read_text() if file.exists() else (folder / ".env.example").read_text()
    text, names = complete(text)
    if names:
        whole = file.with_name(".env.new")
        whole.unlink(missing_ok=True)
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(text)
        whole.replace(file)
    return names


def main() -> None:
    names = write(ROOT)
    print(f".env: set {', '.join(names)}" if names else ".env: nothing is missing")  # noqa: T201  it is a command


if __name__ == "__main__":
    main()
