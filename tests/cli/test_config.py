"""`probe config`, `probe targets`, and the files made from the models."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from probe.bootstrap.load import load_config, load_usable
from probe.cli.app import invoke
from probe.config.sources.reference import REFERENCE_FILE, SCHEMA_FILE, json_schema, reference
from probe.config.sources.shape import every_setting
from probe.config.sources.show import annotated_yaml
from probe.config.sources.variables import from_dotenv, place_of
from probe.providers.presets import PRESETS
from tests.cli.shell import REPOSITORY

FILE = """\
location: fra
database: {url: "postgresql://probe:hunter2xyz@db/probe"}
server: {token: "a-very-secret-token"}
log: {directory: "yes"}
providers:
  my-vllm: {base_url: "http://127.0.0.1:8000/v1", kind: engine, api_key: "key-0123456789"}
targets:
  - {provider: my-vllm, model: "on"}
  - {provider: my-vllm, model: "3.5: large", name: big, connection: both}
jobs:
  - {name: nightly, cron: "0 4 * * *", suite: quick, targets: ["my-vllm/*", "b*"]}
prices:
  "my-vllm/on": {input_per_million_usd: 0.15, output_per_million_usd: "0.6"}
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, without a variable of ours."""
    monkeypatch.chdir(tmp_path)
    keys = [preset.key_variable for preset in PRESETS.values() if preset.key_variable is not None]
    for name in ("PROBE_CONFIG", *keys):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_check_counts_what_it_found(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["config", "check"]) == 0
    assert capsys.readouterr().out == "no file: ok: 1 provider, 3 targets, 1 job\n"
    (directory / "probe.yaml").write_text(FILE)
    assert invoke(["config", "check"]) == 0
    assert capsys.readouterr().out == "probe.yaml: ok: 1 provider, 2 targets, 1 job\n"


@pytest.mark.parametrize(
    ("exporters", "said"),
    [
        ("otlp: {protocol: grpc, url: 'http://127.0.0.1:4317/v1/metrics'}", "exporters.otlp.url"),
        ("influxdb: {colour: red}", "exporters.influxdb"),
    ],
)
def test_check_builds_what_the_daemon_builds(
    directory: Path, capsys: pytest.CaptureFixture[str], exporters: str, said: str
) -> None:
    """What an exporter refuses would be fatal at the start of the daemon."""
    (directory / "probe.yaml").write_text(f"exporters: {{{exporters}}}\n")
    assert invoke(["config", "check"]) == 2
    assert said in capsys.readouterr().err


def test_check_prints_every_problem_on_a_line(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "other.yaml").write_text("databse: {}\nserver: {port: x}\n")
    assert invoke(["config", "check", "-c", "other.yaml"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "error: other.yaml:1: databse: unknown key; did you mean database?",
        "error: other.yaml:2: server.port: must be a whole number, is 'x'",
    ]


def test_show_names_the_source_of_every_value(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "probe.yaml").write_text(FILE)
    (directory / ".env").write_text("PROBE_LOG__LEVEL=debug\n")
    monkeypatch.setenv("PROBE_SERVER__PORT", "80")
    assert invoke(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "location: fra  # probe.yaml:1" in lines
    assert '  url: "postgresql://probe:**********@db/probe"  # probe.yaml:2' in lines
    assert "  port: 80  # PROBE_SERVER__PORT" in lines
    assert "  level: debug  # PROBE_LOG__LEVEL in .env:1" in lines
    assert '  host: "127.0.0.1"' in lines
    assert '    api_key: "**********"  # probe.yaml:6' in lines
    assert '    model: "on"  # probe.yaml:8' in lines


def test_what_show_prints_can_be_read_back(directory: Path) -> None:
    (directory / "probe.yaml").write_text(FILE)
    before = load_usable(None, {}, directory)
    text = annotated_yaml(before).replace('"**********"', "stand-in-for-a-secret")
    (directory / "again.yaml").write_text(text.replace("**********", "hunter2xyz"))
    after = load_config(Path("again.yaml"), {}, directory)
    assert after.model_dump(exclude={"server", "providers"}) == before.config.model_dump(
        exclude={"server", "providers"}
    )
    assert list(after.providers) == ["my-vllm"]


def test_schema_is_json_that_knows_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["config", "schema"]) == 0
    document = json.loads(capsys.readouterr().out)
    known = {key for part in (document, *document["$defs"].values()) for key in part.get("properties", ())}
    assert known == {place[-1] for place, _ in every_setting()}
    assert document["$defs"]["ServerConfig"]["properties"]["port"]["maximum"] == 65535
    assert document["$defs"]["DeadlinesConfig"]["properties"]["stall"]["exclusiveMinimum"] == 0
    assert "**" not in json.dumps(document)


@pytest.mark.parametrize(("name", "text"), [(REFERENCE_FILE, reference()), (SCHEMA_FILE, json_schema())])
def test_a_generated_file_is_up_to_date(name: str, text: str) -> None:
    assert (REPOSITORY / name).read_text() == text, "run make generate"


def test_the_reference_has_a_row_for_every_setting() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", reference(), re.MULTILINE)
    assert rows.count("base_url") == 1
    assert set(rows) == {place[-1] for place, _ in every_setting()}
    assert "`PROBE_PROVIDERS__<NAME>__DEADLINES__STALL`" in reference()


def test_the_example_is_right(directory: Path) -> None:
    config = load_config(REPOSITORY / "probe.example.yaml", {}, directory)
    assert [job.name for job in config.jobs] == ["benchmark", "office-hours"]


def test_the_example_of_dotenv_names_what_there_is(directory: Path) -> None:
    text = (REPOSITORY / ".env.example").read_text()
    assert from_dotenv(REPOSITORY / ".env.example") == {}, "an example sets nothing"
    names = re.findall(r"^# (PROBE_\w+)=", text, re.MULTILINE)
    assert len(names) >= 4
    assert all(place_of(name.removesuffix("_FILE"), {}) for name in names)


def test_targets_are_listed_with_their_endpoints_and_jobs(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "probe.yaml").write_text(FILE)
    assert invoke(["targets"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "target      kind    connection  endpoint                  jobs",
        "my-vllm/on  engine  cold        http://127.0.0.1:8000/v1  nightly",
        "big         engine  both        http://127.0.0.1:8000/v1  nightly",
    ]
    assert invoke(["targets", "-t", "b*", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "name": "big",
        "provider": "my-vllm",
        "model": "3.5: large",
        "kind": "engine",
        "connection": "both",
        "stream": True,
        "base_url": "http://127.0.0.1:8000/v1",
        "jobs": ["nightly"],
    }
    assert invoke(["targets", "-t", "nope"]) == 2
    assert capsys.readouterr().err == "error: 'nope' matches no target; targets are my-vllm/on, big\n"


def test_targets_of_the_bundled_simulator_have_no_endpoint_yet(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (directory / "probe.yaml").write_text("jobs: []\n")
    assert invoke(["targets"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "simulator/sim-swift   simulated  cold        the bundled simulator  –"
    )
