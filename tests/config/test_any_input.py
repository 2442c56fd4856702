"""Whatever the sources hold, there is a configuration or a ConfigError whose problems are lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from probe.bootstrap.load import load_config
from probe.config import Config
from probe.config.sources.shape import dotted, every_setting
from probe.config.sources.variables import variable_of
from probe.errors import ConfigError

KEYS = st.sampled_from(sorted({str(place[-1]) for place, _ in every_setting()})) | st.text(max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["simulator", "openai", "*", "* * * * *", "UTC", "cold", "http://127.0.0.1/v1", "quick"]
    )
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)
VARIABLES = st.sampled_from([variable_of(place) for place, _ in every_setting()]) | st.from_regex(
    r"PROBE_[A-Z_]{0,20}(_FILE)?", fullmatch=True
)
YAML_TEXT = st.text(
    st.sampled_from("abz09_-:[]{},#&*!|>'\"%@`~ \t\n\r\\?.=<") | st.characters(codec="utf-8"), max_size=80
)


def outcome(act: Callable[[Path], Config]) -> None:
    with TemporaryDirectory() as directory:
        try:
            config = act(Path(directory))
        except ConfigError as exc:
            problems = exc.problems
        else:
            assert config.targets
            assert repr(config).encode()
            return
    assert problems
    for problem in problems:
        assert len(problem.splitlines()) == 1
        assert problem.encode()


@given(st.binary(max_size=200))
def test_any_bytes_in_the_file(content: bytes) -> None:
    def act(directory: Path) -> Config:
        (directory / "probe.yaml").write_bytes(content)
        return load_config(None, {}, directory)

    outcome(act)


@given(YAML_TEXT)
@example("%YAML 9" + "9" * 5000 + ".1\n---\n")
@example("a: " + "9" * 5000)
@example("server: {port: -0}")
@example("{a: 1, <<: {b: 2}}")
@example("? - a\n: b")
@example("&a : *a")
@example("--- !!python/object/apply:os.system ['true']")
def test_any_text_in_the_file(text: str) -> None:
    def act(directory: Path) -> Config:
        (directory / "probe.yaml").write_text(text, encoding="utf-8", newline="")
        return load_config(None, {}, directory)

    outcome(act)


@given(st.dictionaries(KEYS, TREES, max_size=6))
def test_any_values_in_the_file(values: dict[str, object]) -> None:
    def act(directory: Path) -> Config:
        (directory / "probe.yaml").write_text(json.dumps(values), encoding="utf-8")
        return load_config(None, {}, directory)

    outcome(act)


@given(st.dictionaries(VARIABLES, st.text(st.characters(codec="utf-8"), max_size=30) | TREES.map(json.dumps)))
@example({"PROBE_LOCATION": "a\nb"})
def test_any_variables(variables: dict[str, str]) -> None:
    outcome(lambda directory: load_config(None, variables, directory))


@given(st.text(st.characters(codec="utf-8"), max_size=100))
@example("PROBE_LOCATION='\\")
def test_any_dotenv(text: str) -> None:
    def act(directory: Path) -> Config:
        (directory / ".env").write_text(text, encoding="utf-8", newline="")
        return load_config(None, {}, directory)

    outcome(act)


def test_every_setting_has_a_variable_and_a_description() -> None:
    for place, field in every_setting():
        assert field.description, dotted(place)
        assert field.description.endswith("."), dotted(place)
