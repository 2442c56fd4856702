"""What servers read at their start: well formed, understood by their own tools, and of one mind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.deploy.files import DEPLOY, ROOT, read, run, services
from tests.servers.programs import program

GRAFANA = DEPLOY / "grafana"
YAML_FILES = sorted(
    file
    for folder in (ROOT, ROOT / ".github", DEPLOY)
    for file in (folder.glob("*.yml") if folder == ROOT else folder.rglob("*.y*ml"))
    if "templates" not in file.parts
)
COLLECTOR: dict[str, Any] = read(DEPLOY / "otel-collector" / "config.yml")


def sources() -> dict[str, dict[str, Any]]:
    files = sorted((GRAFANA / "provisioning" / "datasources").glob("*.yml"))
    return {source["uid"]: source for file in files for source in read(file)["datasources"]}


def providers() -> dict[str, dict[str, Any]]:
    files = sorted((GRAFANA / "provisioning" / "dashboards").glob("*.yml"))
    return {file.stem: provider for file in files for provider in read(file)["providers"]}


def test_yaml_is_tidy() -> None:
    found = run(program("yamllint"), "--strict", "-c", Path(__file__).with_name("yamllint.yml"), *YAML_FILES)
    assert found.returncode == 0, found.stdout


def test_shell_scripts_are_sound() -> None:
    scripts = [ROOT / ".ci" / "run", ROOT / "tests" / "servers" / "install.sh", *DEPLOY.rglob("*.sh")]
    found = run(program("shellcheck"), *scripts)
    assert found.returncode == 0, found.stdout


def test_prometheus_understands_its_configuration() -> None:
    found = run(program("promtool"), "check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "rules found" in found.stdout


def test_alertmanager_understands_its_configuration() -> None:
    found = run(program("amtool"), "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")
    assert found.returncode == 0, found.stdout + found.stderr


def test_prometheus_scrapes_who_is_there() -> None:
    """Every target is a service of the full profile, on a port that it publishes or that its file names."""
    scrapes = read(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    named = {target for scrape in scrapes for each in scrape["static_configs"] for target in each["targets"]}
    published = {
        f"{name}:{port.rpartition(':')[2]}"
        for name, service in services("full").items()
        for port in service.get("ports", [])
    }
    (reader,) = COLLECTOR["service"]["telemetry"]["metrics"]["readers"]
    of_collector = f"otel-collector:{reader['pull']['exporter']['prometheus']['port']}"
    assert {target.replace("127.0.0.1", "prometheus") for target in named} <= {*published, of_collector}
    assert {"probe:9797", of_collector} <= named


def test_data_sources_have_the_uids_that_boards_ask_for() -> None:
    assert set(sources()) == {
        "inference-probe-prometheus",
        "inference-probe-influxdb",
        "inference-probe-alertmanager",
    }
    assert [uid for uid, source in sources().items() if source.get("isDefault")] == [
        "inference-probe-prometheus"
    ]
    for file in sorted((GRAFANA / "dashboards").rglob("*.json")):
        asked = set(re.findall(r'"(inference-probe-(?:prometheus|influxdb|alertmanager))"', file.read_text()))
        assert asked, file.name
        assert asked <= set(sources()), file.name


def test_data_sources_are_services_at_their_ports() -> None:
    for uid, source in sources().items():
        host, _, port = source["url"].removeprefix("http://").partition(":")
        assert f"127.0.0.1:{port}:{port}" in services("full")[host]["ports"], uid


def test_nothing_secret_is_in_a_file() -> None:
    for uid, source in sources().items():
        for name, value in source.get("secureJsonData", {}).items():
            assert re.fullmatch(r"\$[A-Z_]+", value), f"{uid}: {name}"
            assert value[1:] in services()["grafana"]["environment"]


def test_boards_are_where_grafana_looks() -> None:
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in services()["grafana"]["volumes"]}
    for name, provider in providers().items():
        folder = provider["options"]["path"].replace("/etc/grafana/boards", mounted["/etc/grafana/boards"])
        boards = sorted((ROOT / folder).glob("*.json"))
        assert boards, name
        assert all(json.loads(board.read_text())["uid"].startswith("inference-probe-") for board in boards)
    home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    file = ROOT / home.replace("/etc/grafana/boards", mounted["/etc/grafana/boards"])
    assert json.loads(file.read_text())["uid"] == "inference-probe-overview"


def test_no_two_boards_have_one_uid() -> None:
    uids = [json.loads(file.read_text())["uid"] for file in (GRAFANA / "dashboards").rglob("*.json")]
    assert len(uids) == len(set(uids))


def test_the_collector_uses_what_it_defines() -> None:
    for pipeline in COLLECTOR["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= set(COLLECTOR[kind])
            # Memory is limited before anything is kept.
            assert kind != "processors" or names[0] == "memory_limiter"
    assert set(COLLECTOR["service"]["extensions"]) <= set(COLLECTOR["extensions"])


def test_the_collector_listens_where_compose_publishes() -> None:
    protocols = COLLECTOR["receivers"]["otlp"]["protocols"]
    listening = [protocols["grpc"], protocols["http"], COLLECTOR["exporters"]["prometheus"]]
    ports = [each["endpoint"].partition(":")[2] for each in listening]
    assert services()["otel-collector"]["ports"] == [f"127.0.0.1:{port}:{port}" for port in ports]


def test_the_collector_tells_nothing_under_the_names_of_the_probe_itself() -> None:
    """Prometheus scrapes both: a figure that comes twice under one name would be counted twice."""
    assert COLLECTOR["exporters"]["prometheus"]["namespace"] == "otel"
