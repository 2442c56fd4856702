"""Which source wins, and how each of them is written."""

from __future__ import annotations

import shutil
from itertools import permutations

import certifi
import pytest
from pydantic import SecretStr

from probe.bootstrap.load import load_usable
from probe.config.sources.show import annotated_yaml
from tests.config.folder import Folder

ENGINE = """
    providers:
      my-vllm:
        base_url: http://127.0.0.1:8000/v1/
        kind: engine
    targets:
      - {provider: my-vllm, model: tiny}
"""


def test_the_file_is_under_dotenv_is_under_the_environment(folder: Folder) -> None:
    folder.write("probe.yaml", "server: {host: 1.1.1.1, port: 1}\nlocation: file\n")
    folder.write(".env", "PROBE_SERVER__PORT=2\nPROBE_SERVER__HOST=2.2.2.2\n")
    config = folder.load(PROBE_SERVER__PORT="3")
    assert (config.location, config.server.host, config.server.port) == ("file", "2.2.2.2", 3)


def test_what_is_not_given_has_its_default(folder: Folder) -> None:
    config = folder.load()
    assert config.server.port == 9797
    assert config.database.url.get_secret_value() == "sqlite:///data/probe.db"


def test_a_section_is_merged_key_by_key_and_a_list_is_replaced(folder: Folder) -> None:
    folder.write("probe.yaml", "log: {level: debug}\njobs: [{name: a}, {name: b}]\n")
    config = folder.load(PROBE_LOG__FORMAT="json", PROBE_JOBS='[{"name": "c"}]')
    assert (config.log.level, config.log.format) == ("debug", "json")
    assert [job.name for job in config.jobs] == ["c"]


def test_a_section_in_one_variable_is_json(folder: Folder) -> None:
    config = folder.load(PROBE_SERVER='{"port": 1, "host": "::1"}', PROBE_SERVER__PORT="2")
    assert (config.server.host, config.server.port) == ("::1", 2)


def test_a_single_setting_wins_over_the_section_in_json_whatever_their_order(folder: Folder) -> None:
    variables = {
        "PROBE_DATABASE__RETENTION__RUNS_DAYS": "2",
        "PROBE_DATABASE__RETENTION": '{"runs_days": 1, "events_days": 1}',
        "PROBE_DATABASE": '{"keep_responses": false, "retention": {"events_days": 9, "prices_days": 9}}',
    }
    for names in permutations(variables):
        database = folder.load(**{name: variables[name] for name in names}).database
        assert not database.keep_responses
        kept = database.retention
        assert (kept.runs_days, kept.events_days, kept.prices_days) == (2, 1, 9)


def test_what_another_exporter_gets_is_merged_key_by_key(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.bootstrap.check.exporter_names", lambda: ("other", "prometheus"))
    folder.write("probe.yaml", "exporters: {other: {a: 1, b: 1}}\n")
    folder.write(".env", """PROBE_EXPORTERS__OTHER='{"b": 2, "c": 2}'\n""")
    config = folder.load(PROBE_EXPORTERS__OTHER__D="3")
    assert config.exporters.enabled() == {"other": {"a": 1, "b": 2, "c": 2, "d": "3"}}


def test_a_named_file_is_read_instead_of_the_usual_one(folder: Folder) -> None:
    folder.write("probe.yaml", "location: usual\n")
    folder.write("other.yaml", "location: other\n")
    folder.write("third.yaml", "location: third\n")
    assert folder.load().location == "usual"
    assert folder.load(PROBE_CONFIG="other.yaml").location == "other"
    assert folder.load("third.yaml", PROBE_CONFIG="other.yaml").location == "third"
    folder.write(".env", "PROBE_CONFIG=third.yaml\n")
    assert folder.load().location == "third"


def test_a_name_that_people_chose_is_matched_in_its_variable_form(folder: Folder) -> None:
    folder.write("probe.yaml", ENGINE)
    config = folder.load(PROBE_PROVIDERS__MY_VLLM__CONCURRENCY="3", PROBE_PROVIDERS__MY_VLLM__API_KEY="key-1")
    assert list(config.providers) == ["my-vllm"]
    assert config.providers["my-vllm"].concurrency == 3
    assert config.providers["my-vllm"].api_key == SecretStr("key-1")
    assert config.providers["my-vllm"].base_url == "http://127.0.0.1:8000/v1"


def test_a_provider_can_come_from_variables_alone(folder: Folder) -> None:
    config = folder.load(
        PROBE_PROVIDERS__ENGINE__BASE_URL="http://127.0.0.1:1",
        PROBE_PROVIDERS__ENGINE__KIND="engine",
        PROBE_PROVIDERS__ENGINE__DEADLINES__CONNECT="2.5",
        PROBE_TARGETS='[{"provider": "engine", "model": "m"}]',
    )
    assert config.providers["engine"].deadlines.connect == 2.5


@pytest.mark.parametrize("name", ["PROBE_DATABASE_URL", "PROBE_DATABASE__URL"])
def test_the_database_has_a_short_variable(folder: Folder, name: str) -> None:
    config = folder.load(**{name: "postgresql://u:p@h/d"})
    assert config.database.url.get_secret_value() == "postgresql://u:p@h/d"


@pytest.mark.parametrize("name", ["PROBE_DATABASE_URL_FILE", "PROBE_DATABASE__URL_FILE"])
def test_a_secret_can_be_in_a_file(folder: Folder, name: str) -> None:
    folder.write("secret", "postgresql://u:p@h/d\n")
    assert folder.load(**{name: "secret"}).database.url == SecretStr("postgresql://u:p@h/d")


def test_a_secret_file_in_the_environment_wins_over_dotenv(folder: Folder) -> None:
    folder.write(".env", "PROBE_SERVER__TOKEN=from-dotenv\nOPENAI_API_KEY=sk-dotenv\n")
    folder.write("token", "from-a-file")
    folder.write("key", "sk-file")
    config = folder.load(PROBE_SERVER__TOKEN_FILE="token", OPENAI_API_KEY_FILE="key")
    assert config.server.token == SecretStr("from-a-file")
    assert config.providers["openai"].api_key == SecretStr("sk-file")


def test_a_field_that_ends_in_file_is_no_secret_file(folder: Folder) -> None:
    folder.write("probe.yaml", ENGINE)
    shutil.copy(certifi.where(), folder.path / "ca.pem")
    config = folder.load(PROBE_PROVIDERS__MY_VLLM__CA_FILE="ca.pem")
    assert str(config.providers["my-vllm"].ca_file) == "ca.pem"


def test_an_empty_variable_is_no_variable(folder: Folder) -> None:
    config = folder.load(PROBE_SERVER__TOKEN="", OPENAI_API_KEY="", PROBE_CONFIG="", PROBE_NO_SUCH_THING="")
    assert config.server.token is None
    assert list(config.providers) == ["simulator"]


def test_dotenv_is_taken_literally(folder: Folder) -> None:
    folder.write(".env", "# keys\nexport PROBE_SERVER__TOKEN='a$HOME${X}#b'  # trailing\nOTHER=1\n")
    assert folder.load().server.token == SecretStr("a$HOME${X}#b")


def test_what_kubernetes_says_of_a_service_called_probe_is_no_setting(folder: Folder) -> None:
    config = folder.load(
        PROBE_PORT="tcp://10.0.0.1:9797",
        PROBE_SERVICE_HOST="10.0.0.1",
        PROBE_SERVICE_PORT_HTTP="9797",
        PROBE_PORT_9797_TCP_ADDR="10.0.0.1",
        PROBE_BOARD_SERVICE_HOST="10.0.0.1",
    )
    assert config.server.port == 9797


def test_variables_of_other_programs_are_left_alone(folder: Folder) -> None:
    assert folder.load(PROBER="x", HOME="/", MY_PROBE_X="1").location == "local"


def test_yaml_means_what_yaml_1_2_says(folder: Folder) -> None:
    folder.write("probe.yaml", "location: no\nlog: {directory: 2026-01-01}\nserver: {port: 0017}\n")
    config = folder.load()
    assert config.location == "no"
    assert str(config.log.directory) == "2026-01-01"
    assert config.server.port == 17


def test_anchors_are_followed(folder: Folder) -> None:
    folder.write(
        "probe.yaml",
        """
        providers:
          a: {base_url: "http://h", kind: engine, deadlines: &slow {total: 300}}
          b: {base_url: "http://h", kind: engine, deadlines: *slow}
        targets: [{provider: a, model: m}]
        """,
    )
    assert folder.load().providers["b"].deadlines.total == 300


def test_a_section_whose_lines_are_all_comments_is_empty(folder: Folder) -> None:
    folder.write("probe.yaml", "server:\n  # port: 1\ntargets:\nprices:\njobs:\nproviders:\n  simulator:\n")
    config = folder.load()
    assert config.jobs == ()
    assert next(target.label for target in config.targets) == "simulator/sim-swift"


def test_every_value_knows_where_it_came_from(folder: Folder) -> None:
    folder.write("probe.yaml", "location: here\nproviders:\n  groq:\n    concurrency: 2\n")
    folder.write(".env", "\nPROBE_SERVER__PORT=1\n")
    loaded = load_usable(None, {"GROQ_API_KEY": "gsk_1", "PROBE_LOG__LEVEL": "debug"}, folder.path)
    where = loaded.origins.describe
    assert where(("location",)) == "probe.yaml:1"
    assert where(("providers", "groq", "concurrency")) == "probe.yaml:4"
    assert where(("providers", "groq", "api_key")) == "GROQ_API_KEY"
    assert where(("server", "port")) == "PROBE_SERVER__PORT in .env:2"
    assert where(("log", "level")) == "PROBE_LOG__LEVEL"
    assert where(("log", "format")) is None


def test_the_configuration_is_frozen(folder: Folder) -> None:
    config = folder.load()
    with pytest.raises(ValueError, match="frozen"):
        config.location = "x"  # type: ignore[misc]
    with pytest.raises(TypeError, match="frozen"):
        config.providers["x"] = config.providers["simulator"]
    with pytest.raises(TypeError, match="frozen"):
        config.providers.clear()
    with pytest.raises(TypeError, match="frozen"):
        config.providers.update({})


def test_an_exporter_s_secret_can_be_in_a_file_or_a_variable(folder: Folder) -> None:
    folder.write("probe.yaml", "exporters: {influxdb: {url: http://influx:8086/, org: me}}\n")
    folder.write("token", "token-in-a-file\n")
    for variables in (
        {"PROBE_EXPORTERS__INFLUXDB__TOKEN_FILE": "token"},
        {"PROBE_EXPORTERS__INFLUXDB__TOKEN": "token-in-a-file"},
    ):
        influxdb = folder.load(**variables).exporters.influxdb
        assert influxdb is not None
        assert (influxdb.url, influxdb.org, influxdb.token) == (
            "http://influx:8086",
            "me",
            SecretStr("token-in-a-file"),
        )
    assert folder.load(PROBE_EXPORTERS__INFLUXDB__URL="http://other").exporters.enabled().keys() == {
        "influxdb"
    }


OTHER = """
    exporters:
      my-sink: {url: http://y, api_token: secret-in-the-file, sizes: [1, 2], deep: {password: a-deep-secret}}
"""


def test_settings_of_an_exporter_that_nobody_here_knows(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.bootstrap.check.exporter_names", lambda: ("my-sink", "other", "prometheus"))
    folder.write("probe.yaml", OTHER)
    config = folder.load(PROBE_EXPORTERS__MY_SINK__URL="http://z", PROBE_EXPORTERS__OTHER='{"n": 1}')
    assert config.exporters.enabled() == {
        "my-sink": {
            "url": "http://z",
            "api_token": "secret-in-the-file",
            "sizes": (1, 2),
            "deep": {"password": "a-deep-secret"},
        },
        "other": {"n": 1},
    }
    with pytest.raises(TypeError, match="frozen"):
        config.exporters.enabled()["other"]["n"] = 2  # type: ignore[index]


def test_what_is_called_a_secret_is_masked_as_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.bootstrap.check.exporter_names", lambda: ("my-sink", "prometheus"))
    folder.write("probe.yaml", OTHER)
    folder.write("token", "token-in-a-file")
    variables = {"PROBE_EXPORTERS__MY_SINK__API_TOKEN_FILE": "token"}
    loaded = load_usable(None, variables, folder.path)
    assert loaded.config.exporters.enabled()["my-sink"]["api_token"] == "token-in-a-file"
    text = annotated_yaml(loaded)
    assert 'api_token: "**********"  # PROBE_EXPORTERS__MY_SINK__API_TOKEN_FILE' in text
    assert "secret" not in text
    assert "url: http://y  # probe.yaml:3" in text
