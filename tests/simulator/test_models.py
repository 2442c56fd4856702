from __future__ import annotations

import os
from pathlib import Path

import pytest

from probe.errors import ConfigError
from probe.simulator.behaviour import Behaviour
from probe.simulator.models import Models, UnknownModelError, read_models

TIMELINE = """
models:
  acme:
    ttft_ms: 300
    phases:
      - {after_seconds: 600, ttft_ms: 900}
      - {after_seconds: 1200, fault: http_503}
      - {after_seconds: 1500}
  tide:
    repeat_seconds: 100
    phases:
      - {after_seconds: 50, gap_ms: 99}
"""


def written(path: Path, text: str) -> Path:
    """A file whose modification time differs from any that it had."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))
    return path


@pytest.mark.parametrize(
    ("model", "elapsed_seconds", "expected"),
    [
        ("acme", 0, Behaviour(ttft_ms=300)),
        ("acme", 599.9, Behaviour(ttft_ms=300)),
        ("acme", 600, Behaviour(ttft_ms=900)),
        ("acme", 1200, Behaviour(ttft_ms=300, fault="http_503")),
        ("acme", 1e6, Behaviour(ttft_ms=300)),
        ("acme?tokens=2", 700, Behaviour(ttft_ms=900, tokens=2)),
        ("tide", 49, Behaviour()),
        ("tide", 50, Behaviour(gap_ms=99)),
        ("tide", 1049, Behaviour()),
        ("tide", 1050, Behaviour(gap_ms=99)),
    ],
)
def test_a_phase_is_in_force_until_the_next(
    tmp_path: Path, model: str, elapsed_seconds: float, expected: Behaviour
) -> None:
    models = Models(written(tmp_path / "b.yaml", TIMELINE))
    assert models.behaviour(model, elapsed_seconds) == expected


def test_the_bundled_models_differ_and_are_always_there(tmp_path: Path) -> None:
    models = Models(written(tmp_path / "b.yaml", TIMELINE))
    assert set(models.names) == {"sim", "sim-swift", "sim-steady", "sim-moody", "acme", "tide"}
    swift, steady, moody = (models.behaviour(f"sim-{name}", 0) for name in ("swift", "steady", "moody"))
    assert swift.ttft_ms < steady.ttft_ms < moody.ttft_ms
    assert swift.fault is None
    assert steady.fault is None
    assert moody.fault == "http_503"
    assert 0 < moody.fault_share < 0.2


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "b.yaml", "models: {acme: {tokens: 1}}")
    models = Models(path)
    assert models.behaviour("acme", 0).tokens == 1
    written(path, "models: {acme: {tokens: 2}}")
    assert models.behaviour("acme", 0).tokens == 2


def test_a_bad_change_changes_nothing_until_it_is_mended(tmp_path: Path) -> None:
    path = written(tmp_path / "b.yaml", "models: {acme: {tokens: 1}}")
    models = Models(path)
    written(path, "models: {acme: {tokens: many}}")
    assert models.behaviour("acme", 0).tokens == 1
    assert "acme: tokens: Expected `int`" in str(models.error)
    path.unlink()
    assert models.behaviour("acme", 0).tokens == 1
    assert "No such file" in str(models.error)
    written(path, "models: {acme: {tokens: 5}}")
    assert models.behaviour("acme", 0).tokens == 5
    assert models.error is None


@pytest.mark.parametrize("name", ["nobody", "nobody?tokens=1", ""])
def test_an_unknown_model(name: str) -> None:
    with pytest.raises(UnknownModelError):
        Models().behaviour(name, 0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("models: [a]", "models: expected a mapping"),
        ("model: {}", "expected one key, models"),
        ("- 1", "expected one key, models"),
        ("models: {a: 3}", "a: expected a mapping"),
        ("models: {a: {tokns: 3}}", "a: unknown parameter 'tokns'; did you mean 'tokens'?"),
        ("models: {a: {phases: 3}}", "a: phases: expected a list"),
        ("models: {a: {phases: [{tokens: 3}]}}", "a: phases[0]: after_seconds is missing"),
        ("models: {a: {phases: [{after_seconds: -3}]}}", "phases[0]: after_seconds: expected seconds"),
        ("models: {a: {repeat_seconds: yes}}", "a: repeat_seconds: expected seconds"),
        (
            "models: {a: {phases: [{after_seconds: 3}, {after_seconds: 3}]}}",
            "a: phases: each must start after the one before",
        ),
        ("models: {a: {phases: [{after_seconds: 3, falt: x}]}}", "phases[0]: unknown parameter 'falt'"),
        ("models: {a: {", "no YAML"),
    ],
)
def test_an_unusable_file_is_named_with_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path / "b.yaml", text)
    with pytest.raises(ConfigError) as raised:
        read_models(path)
    assert complaint in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        Models(tmp_path / "absent.yaml")
