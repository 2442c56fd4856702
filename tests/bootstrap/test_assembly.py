"""What a configuration amounts to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from probe.bootstrap.assembly import assemble, needs_bundled_simulator
from probe.bootstrap.load import load_config
from probe.config import Config
from probe.config.probing import DeadlinesConfig, ProviderConfig, TargetConfig
from probe.config.values import FrozenDict
from probe.errors import ConfigError, SuiteError

URL = "http://127.0.0.1:9/v1"


def config(**sections: Any) -> Config:
    """One provider and one target, not checked any further."""
    provider = ProviderConfig(
        base_url=URL,
        kind="engine",
        concurrency=3,
        requests_per_minute=60,
        reserve=0.25,
        deadlines=DeadlinesConfig(stall=7),
    )
    whole: dict[str, Any] = {
        "providers": FrozenDict(mine=provider),
        "targets": (TargetConfig(provider="mine", model="m"),),
    }
    return Config.model_construct(**{**dict(Config()), **whole, **sections})


async def test_a_target_carries_what_its_provider_says() -> None:
    async with assemble(config(location="here")) as assembly:
        (plan,) = assembly.targets
        target = plan.target
        assert (target.name, target.provider, target.model) == ("mine/m", "mine", "m")
        assert (target.base_url, target.kind, target.location) == (URL, "engine", "here")
        assert (plan.connection, plan.streaming, plan.deadlines.stall) == ("cold", True, 7)
        assert set(assembly.providers) == set(assembly.endpoints) == {"mine"}
        limit = assembly.limits["mine"]
        assert (limit.concurrency, limit.requests_per_minute, limit.reserve) == (3, 60, 0.25)


async def test_cold_and_warm_are_two_series_of_one_target() -> None:
    target = TargetConfig(provider="mine", model="m", name="both", connection="both", stream=False)
    async with assemble(config(targets=(target,))) as assembly:
        assert [(each.target.name, each.connection) for each in assembly.series] == [
            ("both", "cold"),
            ("both", "warm"),
        ]
        assert [plan.streaming for plan in assembly.targets] == [False, False]
        assert len(assembly.choose(["bo*"])) == 2


async def test_targets_are_chosen_by_name_in_the_order_of_the_configuration() -> None:
    targets = tuple(TargetConfig(provider="mine", model=model) for model in ("a", "b", "c"))
    async with assemble(config(targets=targets)) as assembly:
        chosen = assembly.choose(["mine/c", "mine/a", "*/a"])
        assert [plan.target.model for plan in chosen] == ["a", "c"]
        with pytest.raises(ConfigError, match="nobody"):
            assembly.choose(["mine/a", "nobody"])


async def test_suites_are_the_bundled_ones_and_those_named(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    case = "{id: a, category: x, prompt: Say a., max_tokens: 4}"
    file.write_text(f"name: own\ncases: [{case}]\n")
    async with assemble(config(suites=(file,))) as assembly:
        assert [case.id for case in assembly.suite("own").cases] == ["a"]
        assert assembly.suite("quick").cases
        with pytest.raises(
            ConfigError, match=r"unknown suite 'gone'; suites are mystery-shopper, own, quick"
        ):
            assembly.suite("gone")


def test_a_relative_suite_is_one_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every path of the configuration, wherever its file is: what was checked is what is used."""
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "probe.yaml"
    file.write_text("suites: [own.yaml]\nproviders: {simulator: {}}\n")
    (tmp_path / "own.yaml").write_text(
        "name: own\ncases: [{id: a, category: x, prompt: Say a., max_tokens: 4}]\n"
    )
    monkeypatch.chdir(tmp_path)
    assembly = assemble(load_config(file, env={}), simulator_url=URL)
    assert assembly.suite("own")


@pytest.mark.parametrize(
    ("sections", "error"),
    [
        ({"targets": (TargetConfig(provider="nobody", model="m"),)}, ConfigError),
        ({"suites": (Path("/nowhere/suite.yaml"),)}, SuiteError),
    ],
)
def test_what_cannot_be_assembled_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, sections: dict[str, Any], error: type[Exception]
) -> None:
    opened: list[object] = []
    monkeypatch.setattr("probe.bootstrap.assembly.build", opened.append)
    with pytest.raises(error):
        assemble(config(**sections))
    assert opened == []


class Closing:
    """A provider that can only be closed."""

    def __init__(self, closed: list[str], name: str) -> None:
        self._closed = closed
        self._name = name

    async def aclose(self) -> None:
        self._closed.append(self._name)
        if self._name == "bad":
            raise RuntimeError("a defect")


async def test_every_provider_is_closed_although_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr("probe.bootstrap.assembly.build", lambda endpoint: Closing(closed, endpoint.name))
    providers = {name: ProviderConfig(base_url=URL, kind="engine") for name in ("a", "bad", "c")}
    with pytest.raises(RuntimeError, match="a defect"):
        await assemble(config(providers=FrozenDict(providers), targets=())).aclose()
    assert sorted(closed) == ["a", "bad", "c"]


def test_the_simulator_is_needed_where_it_has_no_address() -> None:
    def needs(**providers: ProviderConfig) -> bool:
        return needs_bundled_simulator(config(providers=FrozenDict(providers)))

    assert needs(simulator=ProviderConfig())
    assert needs(other=ProviderConfig(preset="simulator"), mine=ProviderConfig(base_url=URL))
    assert not needs(simulator=ProviderConfig(base_url=URL))
    assert not needs(mine=ProviderConfig(base_url=URL))
