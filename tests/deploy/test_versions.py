"""A version that stands in several files is the same in all of them."""

from __future__ import annotations

import re
import tomllib

from tests.deploy.files import CHART, DEPLOY, ROOT, instructions, interpolate, read, services, versions

IMAGES = versions()["images"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_compose_runs_these_images() -> None:
    ours = f"inference-probe:{PROJECT['version']}"
    named = {interpolate(service["image"], {}) for service in services().values()}
    assert named == {image for name, image in IMAGES.items() if not name.startswith("python")} | {ours}


def test_the_tests_run_on_the_python_of_the_image() -> None:
    assert IMAGES["python"].replace("-slim", "") == IMAGES["python-of-tests"]
    workflow = read(ROOT / ".github" / "workflows" / "ci.yml")
    for job in ("unit", "test"):
        assert workflow["jobs"][job]["container"]["image"] == IMAGES["python-of-tests"]


def test_python_is_one_that_the_project_is_for() -> None:
    minor = re.search(r":(\d+\.\d+)\.", IMAGES["python"])
    assert minor
    assert f">={minor[1]}" == PROJECT["requires-python"]
    publish = (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    assert f'python-version: "{minor[1]}"' in publish


def test_the_program_has_one_version() -> None:
    chart = read(CHART / "Chart.yaml")
    assert chart["version"] == chart["appVersion"] == PROJECT["version"]
    assert f"VERSION={PROJECT['version']}" in instructions("ARG")
    for name in ("README.md", "docs/deploy.md"):
        for found in re.findall(r"inference-probe:(\d+\.\d+\.\d+)", (ROOT / name).read_text()):
            assert found == PROJECT["version"]


def test_the_chart_is_for_the_kubernetes_that_it_is_validated_for() -> None:
    assert read(CHART / "Chart.yaml")["kubeVersion"] == f">={versions()['kubernetes']}-0"


def test_documents_name_no_other_version() -> None:
    """Where docs/deploy.md names an image, it is one of these."""
    text = (ROOT / "docs" / "deploy.md").read_text()
    for repository in {image.partition(":")[0] for image in IMAGES.values()}:
        for tag in re.findall(rf"\b{repository}:(\S*\d[\w.-]*)", text):
            assert f"{repository}:{tag}" in IMAGES.values()


def test_prometheus_and_the_collector_are_where_boards_look() -> None:
    sources = read(DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    hosts = {source["url"].removeprefix("http://").partition(":")[0] for source in sources}
    assert hosts <= set(services("minimal"))
