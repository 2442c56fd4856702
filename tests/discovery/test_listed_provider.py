"""Whom a discovery asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from probe.bootstrap.assembly import Assembly, assemble
from probe.bootstrap.load import load_config
from probe.discovery.listed_provider import listed_providers
from probe.errors import ConfigError

CONFIG = """
providers:
  acme: {base_url: "http://127.0.0.1:1/v1", kind: engine}
  perplexity: {api_key: key-of-perplexity}
  rack: {base_url: "http://127.0.0.1:2/v1", kind: engine}
targets:
  - {provider: acme, model: m, connection: both}
  - {provider: acme, model: m, name: again, stream: false}
  - {provider: acme, model: n}
  - {provider: perplexity, model: sonar}
discovery: {retirement_days: 90}
"""


@pytest.fixture
async def assembly(tmp_path: Path) -> AsyncIterator[Assembly]:
    path = tmp_path / "probe.yaml"
    path.write_text(CONFIG)
    async with assemble(load_config(path, env={}, cwd=tmp_path)) as assembled:
        yield assembled


async def test_all_that_have_a_list(assembly: Assembly) -> None:
    """Perplexity's API has none (https://docs.perplexity.ai)."""
    acme, rack = listed_providers(assembly)
    assert (acme.name, acme.base_url, acme.kind) == ("acme", "http://127.0.0.1:1/v1", "engine")
    assert acme.probed == ("m", "n")
    assert acme.retirement_days == 90
    assert (rack.name, rack.probed) == ("rack", ())


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["rack"], ["rack"]),
        (["a*", "r*"], ["acme", "rack"]),
        (["per*"], []),
        (["perplexity"], ["perplexity"]),
        (["*", "perplexity"], ["perplexity", "acme", "rack"]),
    ],
)
async def test_those_that_are_chosen(assembly: Assembly, patterns: list[str], names: list[str]) -> None:
    assert [each.name for each in listed_providers(assembly, patterns)] == names


async def test_a_pattern_that_matches_none(assembly: Assembly) -> None:
    with pytest.raises(ConfigError, match="'x' matches no provider; providers are perplexity, acme, rack"):
        listed_providers(assembly, ["acme", "x"])
