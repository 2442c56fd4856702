"""docker-compose.yml: valid, whole, closed to the outside, and accepted by the probe that it configures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from probe.config import Config
from probe.config.sources.load import load
from probe.providers.presets import PRESETS
from tests.deploy.files import ROOT, compose, image_environment, interpolate, run, services, variables
from tests.servers.programs import program
from tools.env import GENERATED, complete

COMPOSE = ROOT / "docker-compose.yml"
GIVEN = dict.fromkeys(GENERATED, "generated0")
ALL = sorted(services())
# Its image holds one binary, which cannot ask anything.
WITHOUT_HEALTHCHECK = {"otel-collector"}
FROM_THE_IMAGE = {"probe", "probe-minimal"}


def test_it_is_what_compose_specifies() -> None:
    found = run(program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE)
    assert found.returncode == 0, found.stdout + found.stderr


def test_profiles_hold_what_they_say() -> None:
    both = {"prometheus", "alertmanager"}
    assert set(services("minimal")) == both | {"probe-minimal", "grafana-minimal"}
    assert set(services("full")) == both | {"probe", "grafana", "postgres", "influxdb", "otel-collector"}
    assert set(services()) == set(services("minimal")) | set(services("full"))


@pytest.mark.parametrize("name", ALL)
def test_a_service_may_do_nothing_that_it_needs_not(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ALL)
def test_a_service_comes_back_and_keeps_its_log_small(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


def test_every_service_that_can_says_how_it_is() -> None:
    without = {name for name, service in services().items() if "healthcheck" not in service}
    assert without == WITHOUT_HEALTHCHECK | FROM_THE_IMAGE


@pytest.mark.parametrize("name", ALL)
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    for port in services()[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port), port


def test_the_database_is_reached_by_the_probe_only() -> None:
    assert compose()["networks"]["database"] == {"internal": True}
    assert "ports" not in services()["postgres"]
    assert services()["postgres"]["networks"] == ["database"]
    joined = {name for name, service in services().items() if "database" in service.get("networks", [])}
    assert joined == {"probe", "postgres"}


def test_no_two_services_of_a_profile_take_one_port() -> None:
    for profile in ("minimal", "full"):
        ports = [port for service in services(profile).values() for port in service.get("ports", [])]
        assert len(ports) == len(set(ports))


def test_there_is_no_default_password() -> None:
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|DATABASE_URL", variable) and value:
                asked = dict(variables(value))
                assert ":?" in asked.values(), f"{name}: {variable} has a value of its own"
    assert services()["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"


def test_a_missing_password_is_an_error_that_says_what_to_do() -> None:
    required = {name for name, operator in variables(COMPOSE.read_text()) if operator == ":?"}
    assert required == set(GENERATED)
    for message in re.findall(r"\$\{\w+:\?([^}]*)\}", COMPOSE.read_text()):
        assert "make env" in message
    with pytest.raises(KeyError, match="GRAFANA_ADMIN_PASSWORD"):
        interpolate(COMPOSE.read_text(), {})


def test_every_variable_is_explained_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    for name, _ in variables(COMPOSE.read_text()):
        assert re.search(rf"^(# )?{name}=", example, re.MULTILINE), name
    assert re.search(r"^COMPOSE_PROFILES=$", example, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(FROM_THE_IMAGE))
def test_the_probe_gets_no_password_of_another(name: str) -> None:
    environment = services()[name]["environment"]
    others = {
        variable
        for variable, _ in variables(COMPOSE.read_text())
        if re.search("PASSWORD|TOKEN|SECRET|WEBHOOK|SMTP|SLACK|PAGERDUTY", variable)
    }
    assert {variable for variable, value in environment.items() if value == ""} >= others


def test_the_example_names_every_key_that_makes_a_target() -> None:
    example = (ROOT / ".env.example").read_text()
    for preset in PRESETS.values():
        if preset.default_models and preset.key_variable:
            assert f"{preset.key_variable}=\n" in example


def probe_configuration(name: str, folder: Path) -> Config:
    """What the daemon makes of the environment of a service, of the image, and of the mounted file."""
    dotenv, _ = complete((ROOT / ".env.example").read_text())
    lines = (line.partition("=") for line in dotenv.splitlines() if line and not line.startswith("#"))
    given = {key: value for key, _, value in lines}
    own: dict[str, Any] = services()[name].get("environment", {})
    environment = {
        **image_environment(),
        **given,
        **{key: interpolate(str(value), given) for key, value in own.items()},
        "PROBE_CONFIG": str(ROOT / "deploy" / "probe" / "probe.yaml"),
    }
    return load(env=environment, cwd=folder).config


def test_the_probe_accepts_what_the_full_profile_tells_it(tmp_path: Path) -> None:
    config = probe_configuration("probe", tmp_path)
    assert config.server.host == "0.0.0.0"
    assert config.database.url.get_secret_value().startswith("postgresql://probe:")
    influxdb = config.exporters.influxdb
    assert influxdb is not None
    server = services()["influxdb"]["environment"]
    assert influxdb.bucket == server["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert influxdb.org == server["DOCKER_INFLUXDB_INIT_ORG"]
    otlp = config.exporters.otlp
    assert otlp is not None
    assert otlp.protocol == "http"
    assert otlp.url == "http://otel-collector:4318"


def test_the_probe_accepts_what_the_minimal_profile_tells_it(tmp_path: Path) -> None:
    config = probe_configuration("probe-minimal", tmp_path)
    assert config.database.url.get_secret_value() == "sqlite:///data/probe.db"
    assert config.exporters.enabled() == {}


def test_the_probe_has_time_to_stop(tmp_path: Path) -> None:
    grace = float(services()["probe"]["stop_grace_period"].removesuffix("s"))
    assert grace > probe_configuration("probe", tmp_path).shutdown_seconds


def test_what_is_mounted_is_there() -> None:
    declared = set(compose()["volumes"])
    for name, service in services().items():
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            source = interpolate(source, {})
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{name}: {source}"
            else:
                assert source in declared, f"{name}: {source}"


def test_images_are_pinned() -> None:
    for name, service in services().items():
        image = interpolate(service["image"], GIVEN)
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+[a-z0-9.-]*|[a-z/-]+:\d+\.\d+-\w+", image), name
