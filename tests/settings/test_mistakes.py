"""Every mistake gets a line that says where, what and, where it can be guessed, what was meant."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from probe.errors import ConfigError
from probe.providers.presets import PRESETS
from probe.settings.document import MAX_BYTES, MAX_VALUES
from tests.settings.folder import Folder

NAMES = "must begin with a letter or digit and go on with letters, digits and any of . _ : / -"
PROVIDERS = ", ".join(sorted(PRESETS))

FILES = {
    "unknown key": (
        "databse: {}",
        "probe.yaml:1: databse: unknown key; did you mean database?",
    ),
    "unknown key of a provider": (
        "providers:\n  simulator:\n    base_ur: http://x",
        "probe.yaml:3: providers.simulator.base_ur: unknown key; did you mean base_url?",
    ),
    "key of another section": (
        "port: 80",
        "probe.yaml:1: port: unknown key; did you mean server.port?",
    ),
    "key like no other": (
        "log: {zzz: 1}",
        "probe.yaml:1: log.zzz: unknown key; known here: level, format, directory, keep_days",
    ),
    "key with a line break": (
        '"a\\nb": 1',
        (
            "probe.yaml:1: 'a\\nb': unknown key; known here: location, database, server, exporters, log,"
            " providers, targets, suites, jobs, prices, pricing, discovery, budgets, slo, rules,"
            " shutdown_seconds"
        ),
    ),
    "exporter that is not installed": (
        "exporters: {influxbd: {url: http://x}}",
        "probe.yaml:1: exporters.influxbd: no such exporter is installed; did you mean influxdb?",
    ),
    "exporter that is always there": (
        "exporters: {prometheus: {}}",
        "probe.yaml:1: exporters.prometheus: is always there and has no settings",
    ),
    "exporter without its URL": (
        "exporters: {influxdb: {}}",
        "probe.yaml:1: exporters.influxdb.url: is missing",
    ),
    "exporter with a mistyped setting": (
        "exporters: {influxdb: {url: http://x, bukcet: y}}",
        "probe.yaml:1: exporters.influxdb.bukcet: unknown key; did you mean bucket?",
    ),
    "exporter with settings that are no mapping": (
        "exporters: {other: [1]}",
        "probe.yaml:1: exporters.other: must be a mapping, is a list",
    ),
    "exporter with certificates that are not there": (
        "exporters: {influxdb: {url: http://x, ca_file: ca.pem}}",
        "probe.yaml:1: exporters.influxdb.ca_file: ca.pem: no such file",
    ),
    "another exporter with certificates that are not there": (
        "exporters: {otlp: {url: http://x, ca_file: ca.pem}}",
        "probe.yaml:1: exporters.otlp.ca_file: ca.pem: no such file",
    ),
    "text for a number": (
        "server: {port: abc}",
        "probe.yaml:1: server.port: must be a whole number, is 'abc'",
    ),
    "fraction for a whole number": (
        "server: {port: 80.5}",
        "probe.yaml:1: server.port: must be a whole number, is 80.5",
    ),
    "truth for a number": (
        "server: {port: true}",
        "probe.yaml:1: server.port: must be a number, is true or false",
    ),
    "too large": (
        "server: {port: 65536}",
        "probe.yaml:1: server.port: must be 65535 or less, is 65536",
    ),
    "far too large": (
        "server: {port: 999999999999999999999999999999}",
        "probe.yaml:1: server.port: must be 65535 or less, is 999999999999999999999999999999",
    ),
    "infinite": (
        "shutdown_seconds: 1e999",
        "probe.yaml:1: shutdown_seconds: must be a finite number, is inf",
    ),
    "nothing": (
        "location:",
        "probe.yaml:1: location: must be text, is null",
    ),
    "number for text": (
        "targets: [{provider: simulator, model: 3.5}]",
        "probe.yaml:1: targets[0].model: must be text, is 3.5; put it in quotes",
    ),
    "truth for text": (
        "location: true",
        "probe.yaml:1: location: must be text, is true",
    ),
    "text for truth": (
        "database: {keep_responses: perhaps}",
        "probe.yaml:1: database.keep_responses: must be true or false, is 'perhaps'",
    ),
    "list for a mapping": (
        "providers:\n  - openai",
        "probe.yaml:1: providers: must be a mapping, is a list",
    ),
    "text for a section": (
        "server: 127.0.0.1",
        "probe.yaml:1: server: must be a mapping, is '127.0.0.1'",
    ),
    "mapping for a list": (
        "jobs: {name: a}",
        "probe.yaml:1: jobs: must be a list, is a mapping",
    ),
    "text for a list": (
        "jobs: [{name: a, targets: '*'}]",
        "probe.yaml:1: jobs[0].targets: must be a list, is '*'",
    ),
    "name of a chore": (
        "jobs:\n- name: discovery",
        (
            "probe.yaml:2: jobs[0].name: 'discovery' is what the daemon does itself on schedule; "
            "choose another name"
        ),
    ),
    "name of another chore": (
        "jobs: [{name: prices}]",
        (
            "probe.yaml:1: jobs[0].name: 'prices' is what the daemon does itself on schedule; "
            "choose another name"
        ),
    ),
    "provider to discover": (
        "discovery:\n  providers: ['*', 'opnai*']",
        "probe.yaml:2: discovery.providers[1]: 'opnai*' matches no provider; providers are simulator",
    ),
    "empty list": (
        "jobs:\n- name: a\n  targets: []",
        "probe.yaml:3: jobs[0].targets: must not be empty",
    ),
    "wrong entry of a list": (
        "jobs:\n- name: a\n  targets:\n  - 1",
        "probe.yaml:4: jobs[0].targets[0]: must be text, is 1; put it in quotes",
    ),
    "missing key": (
        "jobs:\n- cron: '* * * * *'",
        "probe.yaml:2: jobs[0].name: is missing",
    ),
    "no choice": (
        "log: {level: verbose}",
        "probe.yaml:1: log.level: must be debug, info, warning or error, is 'verbose'",
    ),
    "mistyped choice": (
        "log: {level: warn}",
        "probe.yaml:1: log.level: must be debug, info, warning or error, is 'warn'; did you mean warning?",
    ),
    "name with a space": (
        "location: New York",
        f"probe.yaml:1: location: {NAMES}, is 'New York'",
    ),
    "provider with a slash": (
        "providers: {a/b: {base_url: 'http://h', kind: engine}}",
        f"probe.yaml:1: providers.a/b: the name {NAMES.replace(' /', '')}",
    ),
    "no URL": (
        "providers: {x: {base_url: 127.0.0.1:80, kind: engine}}",
        "probe.yaml:1: providers.x.base_url: must be a URL that begins with http:// or https://",
    ),
    "URL with a password": (
        "providers: {x: {base_url: 'http://u:longpassword@h', kind: engine}}",
        "probe.yaml:1: providers.x.base_url: must not hold a user name or password; use api_key",
    ),
    "URL with a query": (
        "providers: {x: {base_url: 'http://h/v1?a=b', kind: engine}}",
        "probe.yaml:1: providers.x.base_url: must end with its path: no ? and no #",
    ),
    "proxy that is none": (
        "providers: {x: {base_url: 'http://h', kind: engine, proxy: 'socks5://u:longpassword@h:1'}}",
        "probe.yaml:1: providers.x.proxy: must be a URL that begins with http://",
    ),
    "database of another kind": (
        "database: {url: 'mysql://u:longpassword@h/d'}",
        "probe.yaml:1: database.url: must be sqlite:///path or postgresql://user@host/name",
    ),
    "database in memory": (
        "database: {url: 'sqlite:///:memory:'}",
        "probe.yaml:1: database.url: must be sqlite:///path or postgresql://user@host/name",
    ),
    "key that cannot be sent": (
        "providers: {x: {base_url: 'http://h', api_key: 'sk-with space'}}",
        "probe.yaml:1: providers.x.api_key: must be visible ASCII characters without spaces",
    ),
    "number for a secret": (
        "server: {token: 1234567890}",
        "probe.yaml:1: server.token: must be text",
    ),
    "short token": (
        "server: {token: abc}",
        "probe.yaml:1: server.token: must have 8 characters or more",
    ),
    "negative price": (
        "prices: {openai/x: {input_per_million_usd: -1, output_per_million_usd: 1}}",
        "probe.yaml:1: prices.openai/x.input_per_million_usd: must be 0 or more, is -1",
    ),
    "bad cron": (
        "jobs: [{name: a, cron: '61 * * * *'}]",
        'probe.yaml:1: jobs[0].cron: cron "61 * * * *": minute: 61 is not between 0 and 59',
    ),
    "unknown timezone": (
        "jobs: [{name: a, timezone: Mars/Base}]",
        "probe.yaml:1: jobs[0].timezone: no such timezone: 'Mars/Base'; names are like Europe/Paris",
    ),
    "job twice": (
        "jobs:\n- name: a\n- name: a",
        "probe.yaml:3: jobs[1].name: jobs[0] is called 'a' too",
    ),
    "unknown suite": (
        "jobs: [{name: a, suite: quik}]",
        "probe.yaml:1: jobs[0].suite: unknown suite 'quik'; did you mean quick?",
    ),
    "pattern without a target": (
        "jobs: [{name: a, targets: ['groq/*']}]",
        (
            "probe.yaml:1: jobs[0].targets[0]: 'groq/*' matches no target; targets are"
            " simulator/sim-swift, simulator/sim-steady, simulator/sim-moody"
        ),
    ),
    "target twice": (
        "targets:\n- {provider: simulator, model: a}\n- {provider: simulator, model: a, connection: warm}",
        "probe.yaml:3: targets[1]: targets[0] is called 'simulator/a' too; give one of them another name",
    ),
    "mistyped provider": (
        "targets: [{provider: simulater, model: a}]",
        "probe.yaml:1: targets[0].provider: unknown provider 'simulater'; did you mean simulator?",
    ),
    "unknown provider": (
        "targets: [{provider: acme, model: a}]",
        f"probe.yaml:1: targets[0].provider: unknown provider 'acme'; providers are {PROVIDERS}",
    ),
    "provider without anything to ask": (
        "providers: {x: {base_url: 'http://h', kind: engine}}",
        "probe.yaml:1: providers.x: has no default model; say what to probe under targets",
    ),
    "provider without a key": (
        "providers:\n  openai:",
        (
            "probe.yaml:2: providers.openai: provider 'openai' has no API key:"
            " set OPENAI_API_KEY or providers.openai.api_key"
        ),
    ),
    "target of a provider without a key": (
        "targets:\n- {provider: groq, model: a}",
        (
            "probe.yaml:2: targets[0].provider: provider 'groq' has no API key:"
            " set GROQ_API_KEY or providers.groq.api_key"
        ),
    ),
    "missing certificates": (
        "providers: {simulator: {ca_file: none.pem}}",
        "probe.yaml:1: providers.simulator.ca_file: none.pem: no such file",
    ),
    "suite with a NUL in its name": (
        'suites: ["a\\0b"]',
        "probe.yaml:1: suites[0]: must be a path of printable characters",
    ),
    "missing suite": (
        "suites:\n- none.yaml",
        "probe.yaml:2: suites[0]: none.yaml: No such file or directory",
    ),
    "price of nothing": (
        "prices: {simulater/x: {input_per_million_usd: 1, output_per_million_usd: 1}}",
        "probe.yaml:1: prices.simulater/x: unknown provider 'simulater'; did you mean simulator?",
    ),
    "price without a model": (
        "prices: {simulator: {input_per_million_usd: 1, output_per_million_usd: 1}}",
        "probe.yaml:1: prices.simulator: must be provider/model",
    ),
    "key twice": (
        "location: a\nlog: {}\nlocation: b",
        "probe.yaml:3: location: already set on line 1",
    ),
    "tab": (
        "log:\n\tlevel: info",
        "probe.yaml:2: a tab; YAML is indented with spaces",
    ),
    "list at the top": (
        "- a",
        "probe.yaml:1: must be a mapping of settings, is a list",
    ),
    "text at the top": (
        "just text",
        "probe.yaml:1: must be a mapping of settings, is text",
    ),
    "two documents": (
        "location: a\n---\nlocation: b",
        (
            "probe.yaml:2: not YAML: but found another document"
            " (expected a single document in the stream begun on line 1)"
        ),
    ),
    "open bracket": (
        "jobs: [\n{name: a\n",
        (
            "probe.yaml:3: not YAML: expected ',' or '}', but got '<stream end>'"
            " (parsing a flow mapping begun on line 2)"
        ),
    ),
    "wrong indentation": (
        "log:\n  level: info\n format: json",
        (
            "probe.yaml:3: not YAML: expected <block end>, but found '<block mapping start>'"
            " (parsing a block mapping begun on line 1)"
        ),
    ),
    "tag": (
        "location: !env HOME",
        "probe.yaml:1: tags such as !x are not read",
    ),
    "mapping as a key": (
        "? {a: b}\n: c",
        "probe.yaml:1: a key must be text",
    ),
    "control character": (
        "location: a\x00",
        "probe.yaml:1: not YAML: the character U+0000",
    ),
    "half a character": (
        '\nlocation: "\\ud800"',
        "probe.yaml:2: half a character (a lone surrogate)",
    ),
    "no character": (
        'location: "\\UFFFFFFFF"',
        "probe.yaml: not YAML: an escape that stands for no character",
    ),
    "alias in a circle": (
        "providers: &a {x: *a}",
        "probe.yaml:1: nested too deeply",
    ),
    "brackets without end": (
        "[" * 5000,
        "probe.yaml: nested too deeply",
    ),
}


@pytest.mark.parametrize(("text", "problem"), FILES.values(), ids=FILES.keys())
def test_a_mistake_in_the_file(folder: Folder, text: str, problem: str) -> None:
    folder.write("probe.yaml", text)
    assert folder.problems() == [problem]


VARIABLES = {
    "unknown": (
        {"PROBE_SERVER__PROT": "1"},
        "environment: PROBE_SERVER__PROT: unknown variable; did you mean PROBE_SERVER__PORT?",
    ),
    "one underscore": (
        {"PROBE_SERVER_PORT": "1"},
        "environment: PROBE_SERVER_PORT: unknown variable; did you mean PROBE_SERVER__PORT?",
    ),
    "like no other": (
        {"PROBE_ZZZZZZZZ": "1"},
        "environment: PROBE_ZZZZZZZZ: unknown variable",
    ),
    "deeper than there is": (
        {"PROBE_LOCATION__X": "1"},
        "environment: PROBE_LOCATION__X: unknown variable; did you mean PROBE_LOCATION?",
    ),
    "nothing after the underscores": (
        {"PROBE_PROVIDERS__": "1"},
        "environment: PROBE_PROVIDERS__: unknown variable; did you mean PROBE_PROVIDERS?",
    ),
    "unknown key of a provider": (
        {"PROBE_PROVIDERS__SIMULATOR__APIKEY": "secret-value"},
        "environment: PROBE_PROVIDERS__SIMULATOR__APIKEY: unknown variable",
    ),
    "file of what is no secret": (
        {"PROBE_SERVER__PORT_FILE": "x"},
        "environment: PROBE_SERVER__PORT_FILE: unknown variable; did you mean PROBE_SERVER__PORT?",
    ),
    "wrong type": (
        {"PROBE_SERVER__PORT": "abc"},
        "environment: PROBE_SERVER__PORT: must be a whole number, is 'abc'",
    ),
    "wrong type inside JSON": (
        {"PROBE_SERVER": '{"port": "abc"}'},
        "environment: PROBE_SERVER: server.port: must be a whole number, is 'abc'",
    ),
    "no UTF-8": (
        {"PROBE_LOCATION": "\udcff"},
        "environment: PROBE_LOCATION: must be UTF-8, is '\\udcff'",
    ),
    "no JSON": (
        {"PROBE_LOG": "debug"},
        "environment: PROBE_LOG: must be JSON; a single setting is PROBE_LOG__LEVEL",
    ),
    "no JSON for a list": (
        {"PROBE_JOBS": "a,b"},
        "environment: PROBE_JOBS: must be JSON",
    ),
    "both names": (
        {"PROBE_DATABASE_URL": "sqlite:///a", "PROBE_DATABASE__URL": "sqlite:///b"},
        "environment: PROBE_DATABASE__URL: PROBE_DATABASE_URL is set too; keep one of them",
    ),
    "value and file": (
        {"PROBE_SERVER__TOKEN": "abcdefgh", "PROBE_SERVER__TOKEN_FILE": "x"},
        "environment: PROBE_SERVER__TOKEN_FILE: PROBE_SERVER__TOKEN is set too; keep one of them",
    ),
    "key and file": (
        {"OPENAI_API_KEY": "abcdefgh", "OPENAI_API_KEY_FILE": "x"},
        "environment: OPENAI_API_KEY_FILE: OPENAI_API_KEY is set too; keep one of them",
    ),
    "missing secret file": (
        {"PROBE_DATABASE_URL_FILE": "none"},
        "environment: PROBE_DATABASE_URL_FILE: none: No such file or directory",
    ),
    "missing key file": (
        {"GROQ_API_KEY_FILE": "none"},
        "environment: GROQ_API_KEY_FILE: none: No such file or directory",
    ),
    "secret file with a NUL in its name": (
        {"GROQ_API_KEY_FILE": "a\0b"},
        "environment: GROQ_API_KEY_FILE: 'a\\x00b': embedded null byte",
    ),
    "directory for a secret": (
        {"PROBE_SERVER__TOKEN_FILE": "."},
        "environment: PROBE_SERVER__TOKEN_FILE: .: Is a directory",
    ),
    "key that cannot be sent": (
        {"OPENAI_API_KEY": "sk-“quoted”"},
        "environment: OPENAI_API_KEY: must be visible ASCII characters without spaces",
    ),
    "file with a NUL in its name": (
        {"PROBE_CONFIG": "a\0b"},
        "environment: PROBE_CONFIG: 'a\\x00b': embedded null byte",
    ),
    "missing file": (
        {"PROBE_CONFIG": "none.yaml"},
        "environment: PROBE_CONFIG: none.yaml: No such file or directory",
    ),
}


@pytest.mark.parametrize(("variables", "problem"), VARIABLES.values(), ids=VARIABLES.keys())
def test_a_mistake_in_the_environment(folder: Folder, variables: dict[str, str], problem: str) -> None:
    assert folder.problems(**variables) == [problem]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\n", "empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * 70_000, "too large for a secret")],
)
def test_a_secret_file_that_holds_no_secret(folder: Folder, content: bytes, reason: str) -> None:
    (folder.path / "key").write_bytes(content)
    assert folder.problems(OPENAI_API_KEY_FILE="key") == [f"environment: OPENAI_API_KEY_FILE: key: {reason}"]


def test_mistakes_in_dotenv_name_its_lines(folder: Folder) -> None:
    folder.write(".env", "# comment\n\nPROBE_SERVER__PORT=abc\nPROBE_SERVER__HOTS=x\n")
    assert folder.problems() == [
        ".env:3: PROBE_SERVER__PORT: must be a whole number, is 'abc'",
        ".env:4: PROBE_SERVER__HOTS: unknown variable; did you mean PROBE_SERVER__HOST?",
    ]


@pytest.mark.parametrize("line", ["just words", "A='unclosed", "=x"])
def test_dotenv_that_cannot_be_read(folder: Folder, line: str) -> None:
    folder.write(".env", f"A=1\n{line}\n")
    assert folder.problems() == [".env:2: must be NAME=value"]


def test_dotenv_that_is_a_directory_or_no_text(folder: Folder) -> None:
    (folder.path / ".env").mkdir()
    assert folder.problems() == [".env: Is a directory"]
    (folder.path / ".env").rmdir()
    (folder.path / ".env").write_bytes(b"\xff")
    assert folder.problems() == [".env: not UTF-8"]


def test_a_named_file_that_is_missing(folder: Folder) -> None:
    assert folder.problems("none.yaml") == ["none.yaml: No such file or directory"]


def test_a_file_that_cannot_be_reached(folder: Folder) -> None:
    (folder.path / "loop.yaml").symlink_to("loop.yaml")
    assert folder.problems("loop.yaml") == ["loop.yaml: Too many levels of symbolic links"]


def test_a_file_that_is_a_directory(folder: Folder) -> None:
    (folder.path / "dir.yaml").mkdir()
    assert folder.problems("dir.yaml") == ["dir.yaml: Is a directory"]


def test_a_file_that_is_not_utf8(folder: Folder) -> None:
    (folder.path / "probe.yaml").write_bytes(b"location: a\nlog: {directory: \xe9}\n")
    assert folder.problems() == ["probe.yaml:2: not UTF-8"]
    (folder.path / "probe.yaml").write_bytes("location: a".encode("utf-16"))
    assert folder.problems() == ["probe.yaml:1: not UTF-8"]


def test_a_file_that_is_too_large(folder: Folder) -> None:
    folder.write("probe.yaml", "#" * (MAX_BYTES + 1))
    assert folder.problems() == ["probe.yaml: larger than 1024 KiB"]


def test_aliases_that_multiply(folder: Folder) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    folder.write("probe.yaml", "\n".join(lines))
    assert folder.problems() == [f"probe.yaml: more than {MAX_VALUES} values"]


def test_two_suites_of_one_name(folder: Folder) -> None:
    suite = "name: mine\ncases: [{id: a, prompt: b}]\n"
    folder.write("one.yaml", suite)
    folder.write("two.yaml", suite)
    folder.write("probe.yaml", "suites: [one.yaml, two.yaml]\n")
    assert folder.problems() == ['probe.yaml:1: suites: two.yaml: the name "mine" is taken (one.yaml)']


def test_all_problems_at_once_in_the_order_of_the_file(folder: Folder) -> None:
    text = """\
        location: New York
        databse: {}
        server:
          port: abc
          token: short
        log: {level: loud}
        """
    folder.write("probe.yaml", dedent(text))
    folder.write(".env", "PROBE_SHUTDOWN_SECONDS=never\n")
    assert [problem.split(": ")[0] for problem in folder.problems(PROBE_X="1")] == [
        "probe.yaml:1",
        "probe.yaml:2",
        "probe.yaml:4",
        "probe.yaml:5",
        "probe.yaml:6",
        ".env:1",
        "environment",
    ]


def test_an_error_is_one_line_and_keeps_its_problems_apart() -> None:
    error = ConfigError("a", "b")
    assert str(error) == "a; b"
    assert error.problems == ("a", "b")


def test_no_problem_shows_a_secret(folder: Folder) -> None:
    secret = "tok-VerySecretValue-1"
    folder.write(
        "probe.yaml",
        f"""
        server: {{port: "{secret}", token: "{secret}"}}
        log: {{level: "{secret}"}}
        location: "{secret} {secret}"
        database: {{url: "{secret}"}}
        providers: {{x: {{base_url: "{secret}", proxy: "http://u:{secret}@h:x"}}}}
        jobs: [{{name: a, cron: "{secret}", timezone: "{secret}", targets: ["{secret}"]}}]
        """,
    )
    assert len(folder.problems()) == 8
    assert secret not in "\n".join(folder.problems())


def test_a_default_file_that_is_no_file_is_not_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(folder.path / "probe.yaml").mkdir()
    assert folder.load().location == "local"
