"""Providers with answers and errors of their own shape: their wires, read by the provider of their preset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from probe.providers.hosts import HOSTS
from probe.providers.presets import PRESETS
from probe.providers.protocol import Provider
from probe.wire.archive import load_capture
from tests.contracts.subjects import SUBJECTS, Subject
from tests.providers.readings import kind
from tests.providers.test_wires import EXPECTED, WIRES

# The folder of wires, where a preset's is not called as itself.
FOLDERS = {
    "azure-openai": "azure",
    "azure-openai-deployment": "azure",
    "openai-compatible": "openai_compatible",
    "openai-compatible-minimal": "openai_compatible",
    "vllm": "openai_compatible",
    "vllm-router": "openai_compatible",
    "llamacpp": "openai_compatible",
}
PATHS = {"ollama": "/chat", "ollama-generate": "/generate"}


def wires_of(subject: Subject) -> list[Path]:
    folder = WIRES / FOLDERS.get(subject.name, subject.name.partition("-")[0])
    return sorted(
        path for path in folder.glob("*.json") if PATHS.get(subject.name, "/") in load_capture(path).url
    )


OF_PRESETS = [
    pytest.param(subject, path, id=f"{subject.name}: {path.stem}")
    for subject in SUBJECTS
    if subject.name in PRESETS
    for path in wires_of(subject)
]


def test_who_has_no_wire_of_its_own() -> None:
    """Hosts that are known by their documents alone; and the simulator, which is asked itself."""
    without = {subject.name for subject in SUBJECTS if subject.name in PRESETS and not wires_of(subject)}
    assert without - {"simulator"} <= {host.name for host in HOSTS}


@pytest.mark.parametrize(("subject", "path"), OF_PRESETS)
def test_a_wire(subject: Subject, path: Path, provider_of: Callable[[Subject], Provider]) -> None:
    outcome, text, tokens, _, request_id = EXPECTED[str(path.relative_to(WIRES))]
    reading = provider_of(subject).read(load_capture(path))
    usage = reading.usage
    assert (kind(reading), reading.text, reading.provider_request_id) == (outcome, text, request_id)
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.reasoning_tokens)
    assert counts == tokens
