"""The chart: Helm accepts it, Kubernetes accepts what it renders, and mistakes in values are refused."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from probe.config.sources.load import load
from tests.deploy.files import CHART, ROOT, run, versions
from tests.servers.programs import program

EVERYTHING = {
    "config": {"location": "cluster", "targets": [{"provider": "simulator", "model": "sim-swift"}]},
    "dashboards": {"enabled": True, "namespace": "monitoring"},
    "imagePullSecrets": [{"name": "registry"}],
    "networkPolicy": {
        "ingressFrom": [{"namespaceSelector": {"matchLabels": {"team": "observability"}}}],
        "extraEgress": [{"ports": [{"protocol": "TCP", "port": 5432}]}],
    },
    "nodeSelector": {"disk": "ssd"},
    "podAnnotations": {"note": "yes"},
    "podLabels": {"team": "observability"},
    "priorityClassName": "low",
    "prometheusRule": {"enabled": True, "labels": {"release": "stack"}},
    "secrets": {"existing": ["keys"], "values": {"OPENAI_API_KEY": 'sk-"1"'}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "stack"}},
    "tolerations": [{"key": "only", "operator": "Exists"}],
}
POSTGRES = {"database": {"existingSecret": "database"}, "persistence": {"enabled": False}}
OF_THE_OPERATOR = {"ServiceMonitor", "PrometheusRule"}


def render(values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Every object that a release named `one` consists of, without its test."""
    return [document for text in rendered(json.dumps(values or {})) for document in documents(text)]


def documents(text: str) -> list[dict[str, Any]]:
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


@cache
def rendered(values: str) -> list[str]:
    from helm_python.chart import Chart

    with Chart.load(CHART) as chart:
        files = chart.render(json.loads(values), name="one", namespace="probes")
    return [text for name, text in sorted(files.items()) if name.endswith(".yaml") and "/tests/" not in name]


def the(kind: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    found = [document for document in render(values) if document["kind"] == kind]
    assert len(found) == 1
    return found[0]


def container(values: dict[str, Any] | None = None) -> dict[str, Any]:
    pod: dict[str, Any] = the("Deployment", values)["spec"]["template"]["spec"]
    found: dict[str, Any] = pod["containers"][0]
    return found


@pytest.mark.parametrize("values", [{}, EVERYTHING, POSTGRES], ids=["default", "everything", "postgres"])
def test_helm_finds_nothing(values: dict[str, Any]) -> None:
    from helm_python.chart import lint

    report = lint(CHART, values, strict=True, kube_version=f"v{versions()['kubernetes']}")
    assert report["errors"] == []
    # Severity 1 is advice: it wants an icon.
    assert [each for each in report["messages"] if each["severity"] > 1] == []


@pytest.mark.parametrize("values", [{}, EVERYTHING, POSTGRES], ids=["default", "everything", "postgres"])
@pytest.mark.parametrize("kubernetes", [versions()["kubernetes"], "the latest"])
def test_kubernetes_accepts_every_object(values: dict[str, Any], kubernetes: str) -> None:
    import kubernetes_validate

    version = kubernetes_validate.latest_version() if kubernetes == "the latest" else kubernetes
    for document in render(values):
        if document["kind"] not in OF_THE_OPERATOR:
            kubernetes_validate.validate(document, version, strict=True)
        assert document["metadata"]["namespace"]
        assert len(document["metadata"]["name"]) <= 63


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"imag": {}}, "imag"),
        ({"config": {"targts": []}}, "targts"),
        ({"config": {"jobs": [{"name": "a", "cron": "* * * * *", "sute": "quick"}]}}, "sute"),
        ({"persistence": {"size": "a lot"}}, "size"),
        ({"secrets": {"values": {"openai-key": "x"}}}, "openai-key"),
        ({"service": {"port": 0}}, "port"),
    ],
)
def test_a_mistake_in_values_is_refused_by_its_place(values: dict[str, Any], place: str) -> None:
    from helm_python.chart import Chart
    from helm_python.errors import HelmError

    with Chart.load(CHART) as chart, pytest.raises(HelmError, match=place):
        chart.validate_schema(values)


def test_the_probe_reads_what_the_values_say(tmp_path: Path) -> None:
    (tmp_path / "probe.yaml").write_text(
        the("ConfigMap", EVERYTHING | {"dashboards": {}})["data"]["probe.yaml"]
    )
    config = load(env={}, cwd=tmp_path).config
    assert config.location == "cluster"
    assert [target.model for target in config.targets] == ["sim-swift"]


def test_sqlite_is_written_by_one_pod_at_a_time() -> None:
    spec = the("Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    volumes = {volume["name"]: volume for volume in spec["template"]["spec"]["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "one-inference-probe"}
    assert the("PersistentVolumeClaim")["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_with_postgresql_a_new_pod_comes_before_the_old_one_goes() -> None:
    deployment = the("Deployment", POSTGRES)["spec"]
    assert deployment["strategy"]["type"] == "RollingUpdate"
    assert "PersistentVolumeClaim" not in {document["kind"] for document in render(POSTGRES)}
    environment = {each["name"]: each for each in container(POSTGRES)["env"]}
    reference = environment["PROBE_DATABASE_URL"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": "database", "key": "url"}


def test_secrets_reach_the_probe_and_nothing_else_shows_them() -> None:
    assert container(EVERYTHING)["envFrom"] == [
        {"secretRef": {"name": "one-inference-probe"}},
        {"secretRef": {"name": "keys"}},
    ]
    holders = [document["kind"] for document in render(EVERYTHING) if 'sk-"1"' in str(document)]
    assert holders == ["Secret"]
    assert "envFrom" not in container()


def test_a_changed_configuration_starts_a_new_pod() -> None:
    def checksums(values: dict[str, Any]) -> dict[str, str]:
        metadata = the("Deployment", values)["spec"]["template"]["metadata"]
        found: dict[str, str] = metadata["annotations"]
        return found

    plain = checksums({})
    assert checksums({"config": {"location": "x"}})["checksum/config"] != plain["checksum/config"]
    assert checksums({"secrets": {"values": {"A": "b"}}})["checksum/secret"] != plain["checksum/secret"]


def test_the_pod_may_do_little() -> None:
    pod = the("Deployment")["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_rules_are_those_that_prometheus_checks(tmp_path: Path) -> None:
    spec = the("PrometheusRule", EVERYTHING)["spec"]
    sources = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    assert sources
    assert spec["groups"] == [
        group for file in sources for group in yaml.safe_load(file.read_text())["groups"]
    ]
    rendered = tmp_path / "rules.yml"
    rendered.write_text(yaml.safe_dump(spec))
    found = run(program("promtool"), "check", "rules", rendered)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_job_has_the_name_that_it_has_without_the_operator() -> None:
    monitor = the("ServiceMonitor", EVERYTHING)
    service = the("Service", EVERYTHING)
    job = service["metadata"]["labels"][monitor["spec"]["jobLabel"]]
    scrapes = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())[
        "scrape_configs"
    ]
    assert job in {scrape["job_name"] for scrape in scrapes}
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()


def test_every_board_is_a_config_map_for_the_sidecar() -> None:
    boards = sorted((ROOT / "deploy" / "grafana" / "dashboards" / "prometheus").glob("*.json"))
    assert boards
    found = [each for each in render(EVERYTHING) if "grafana_dashboard" in each["metadata"].get("labels", {})]
    assert len(found) == len(boards)
    for document, board in zip(sorted(found, key=lambda each: list(each["data"])), boards, strict=True):
        (text,) = document["data"].values()
        assert json.loads(text) == json.loads(board.read_text())
        # What a ConfigMap may hold.
        assert len(text.encode()) < 1024 * 1024
        assert document["metadata"]["namespace"] == "monitoring"
