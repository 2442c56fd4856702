"""What is probed where nobody said it, or not all of it."""

from __future__ import annotations

from pydantic import SecretStr

from probe.config import Config
from tests.config.folder import Folder


def targets(config: Config) -> list[str]:
    return [target.label for target in config.targets]


def test_without_any_key_the_simulator_is_probed_every_minute(folder: Folder) -> None:
    config = folder.load()
    assert targets(config) == ["simulator/sim-swift", "simulator/sim-steady", "simulator/sim-moody"]
    assert [(job.name, job.cron, job.run_at_start) for job in config.jobs] == [
        ("benchmark", "* * * * *", True)
    ]


def test_the_providers_whose_keys_are_there_are_probed(folder: Folder) -> None:
    folder.write(".env", "TOGETHER_API_KEY=tgp_1\n")
    config = folder.load(OPENAI_API_KEY="sk-1", GROQ_API_KEY="gsk_1", OPENROUTER_API_KEY="sk-or-1")
    assert targets(config) == [
        "openai/gpt-4o-mini",
        "groq/llama-3.1-8b-instant",
        "together/mistralai/Mixtral-8x7B-Instruct-v0.1",
        "openrouter/openai/gpt-4o-mini",
    ]
    assert config.providers["together"].api_key == SecretStr("tgp_1")
    assert [(job.cron, job.run_at_start) for job in config.jobs] == [("*/15 * * * *", True)]


def test_what_is_configured_is_probed_and_nothing_else(folder: Folder) -> None:
    folder.write("probe.yaml", "providers: {groq: }\n")
    config = folder.load(OPENAI_API_KEY="sk-1", GROQ_API_KEY="gsk_1")
    assert targets(config) == ["groq/llama-3.1-8b-instant"]
    assert config.providers["groq"].api_key == SecretStr("gsk_1")


def test_a_target_may_name_a_preset(folder: Folder) -> None:
    folder.write("probe.yaml", "targets: [{provider: openai, model: gpt-4o, name: big}]\n")
    config = folder.load(OPENAI_API_KEY="sk-1")
    assert targets(config) == ["big"]
    assert list(config.providers) == ["openai"]


def test_a_provider_of_another_name_takes_the_key_of_its_preset(folder: Folder) -> None:
    folder.write("probe.yaml", "providers: {second: {preset: groq}}\n")
    config = folder.load(GROQ_API_KEY="gsk_1")
    assert config.providers["second"].api_key == SecretStr("gsk_1")
    assert targets(config) == ["second/llama-3.1-8b-instant"]


def test_a_key_of_its_own_is_kept(folder: Folder) -> None:
    config = folder.load(OPENAI_API_KEY="sk-usual", PROBE_PROVIDERS__OPENAI__API_KEY="sk-own")
    assert config.providers["openai"].api_key == SecretStr("sk-own")


def test_jobs_that_are_given_stay_also_with_the_simulator(folder: Folder) -> None:
    folder.write("probe.yaml", "jobs: [{name: mine, cron: '0 4 * * *'}]\n")
    assert [(job.name, job.cron) for job in folder.load().jobs] == [("mine", "0 4 * * *")]


def test_no_jobs_are_no_jobs(folder: Folder) -> None:
    folder.write("probe.yaml", "jobs: []\n")
    assert folder.load().jobs == ()
