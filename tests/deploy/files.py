"""The files that deploy the probe, read, and the tools that check them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
CHART: Final = DEPLOY / "helm" / "inference-probe"
DOCKERFILE: Final = DEPLOY / "Dockerfile"
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

_VARIABLE: Final = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^${}]*))?\}")


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def versions() -> dict[str, Any]:
    found: dict[str, Any] = read(DEPLOY / "versions.yml")
    return found


def compose() -> dict[str, Any]:
    found: dict[str, Any] = read(ROOT / "docker-compose.yml")
    return found


def services(profile: str | None = None) -> dict[str, dict[str, Any]]:
    """The services of one profile, or all, by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return {name: each for name, each in found.items() if profile is None or profile in each["profiles"]}


def variables(text: str) -> Iterator[tuple[str, str]]:
    """Every ${NAME}, ${NAME:-default} and ${NAME:?message} of a Compose file: the name, and `:-` or `:?`."""
    while found := _VARIABLE.search(text):
        yield found[1], found[2] or ""
        text = text[: found.start()] + text[found.end() :]


def interpolate(text: str, given: Mapping[str, str]) -> str:
    """The text with every variable replaced as Compose does. Raises KeyError for a required one."""

    def value(found: re.Match[str]) -> str:
        name, operator, rest = found.groups()
        if given.get(name):
            return given[name]
        if operator == ":?":
            raise KeyError(name)
        return rest or ""

    while (replaced := _VARIABLE.sub(value, text)) != text:
        text = replaced
    return text


def instructions(name: str) -> list[str]:
    """What follows an instruction in the Dockerfile, each time, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text())
    return re.findall(rf"^\s*{name} (.*)$", text, re.MULTILINE)


def image_environment() -> dict[str, str]:
    """ENV of the last stage, without PATH."""
    assignments = re.findall(r"(\w+)=(\S+)", instructions("ENV")[-1])
    return {name: value for name, value in assignments if name != "PATH"}
