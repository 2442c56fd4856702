"""What people write: each mistake is one line that names the place, the fault and the mend."""

from __future__ import annotations

import os

import pytest

from tests.config import test_mistakes, test_mistakes_in_variables
from tests.config.folder import Folder

ENGINE = "providers: {{x: {{base_url: {}, kind: engine}}}}\ntargets: [{{provider: x, model: m}}]"
KEY = "providers: {{openai: {{api_key: {}}}}}"
BASE_URL, API_KEY = "probe.yaml:1: providers.x.base_url: ", "probe.yaml:1: providers.openai.api_key: "
HTTP = "must be a URL that begins with http:// or https://"
PORT = "must have a number from 1 to 65535 as its port"
BRACKETS = "must have brackets around an IPv6 address, as in http://[::1]:8000"
VARIABLES = "variables such as ${X} are not replaced; give the value, or set it in the environment"
NO_QUOTES = "must not have quotes around it: they would be part of the key"
PLACEHOLDER = "must be the key itself, is a placeholder"
NULL = "is null; give a value, in quotes if it begins with #, or leave the key out"
DATABASE = "probe.yaml:1: database.url: "
SECRET = "looks like a key or a password, and would be shown to everybody"
ADDRESS = "must be an address alone, as 127.0.0.1 or ::1; the port is server.port"
JOB = "probe.yaml:1: jobs[0]"


def _appended(end: str) -> tuple[str, str]:
    text = ENGINE.format(f"http://h/v1{end}")
    return text, f"{BASE_URL}must end before {end}, which is appended; http://h/v1"


FILES = {
    # YAML that means something else
    "cron without quotes": (
        "jobs:\n- name: a\n  cron: */5 * * * *",
        'probe.yaml:3: not YAML: a value that begins with * has to stand in quotes: "*/5 * * * *"',
    ),
    "cron of stars without quotes": (
        "jobs:\n- {name: a, cron: * * * * *}",
        'probe.yaml:2: not YAML: a value that begins with * has to stand in quotes: "* * * * *"',
    ),
    "cron of a range without quotes": (
        "pricing:\n  cron: *2 * * * *",
        'probe.yaml:2: not YAML: a value that begins with * has to stand in quotes: "*2 * * * *"',
    ),
    "alias of cron without quotes": (
        "jobs:\n- name: a\n  cron: @hourly",
        'probe.yaml:3: not YAML: a value that begins with @ has to stand in quotes: "@hourly"',
    ),
    "pattern without quotes": (
        "jobs:\n- name: a\n  targets: [*]",
        'probe.yaml:3: not YAML: a value that begins with * has to stand in quotes: "*"',
    ),
    "pattern in a list without quotes": (
        "discovery:\n  providers:\n  - *",
        'probe.yaml:3: not YAML: a value that begins with * has to stand in quotes: "*"',
    ),
    "pattern that ends in a name": (
        "jobs:\n- name: a\n  targets:\n  - */gpt",
        'probe.yaml:4: not YAML: a value that begins with * has to stand in quotes: "*/gpt"',
    ),
    "ampersand": (
        "location: & co",
        'probe.yaml:1: not YAML: a value that begins with & has to stand in quotes: "& co"',
    ),
    "percent": (
        "location: %HOSTNAME%",
        'probe.yaml:1: not YAML: a value that begins with % has to stand in quotes: "%HOSTNAME%"',
    ),
    "backtick": (
        "location: `hostname`",
        'probe.yaml:1: not YAML: a value that begins with ` has to stand in quotes: "`hostname`"',
    ),
    "value with a colon": (
        "targets:\n- provider: simulator\n  model: sim: swift",
        'probe.yaml:3: not YAML: a value with a colon has to stand in quotes: "sim: swift"',
    ),
    "indented too far": (
        "server:\n  host: h\n    port: 1",
        (
            "probe.yaml:3: not YAML: a key in the middle of a value; is the line indented too far,"
            " or the one before unfinished?"
        ),
    ),
    "no colon": (
        "log:\n  level\n  format: json",
        (
            "probe.yaml:3: not YAML: a key in the middle of a value; is the line indented too far,"
            " or the one before unfinished?"
        ),
    ),
    "no space after the colon": (
        "location: a\nserver:{}\nlog: {}",
        (
            "probe.yaml:3: not YAML: a line without a colon; a setting is written key: value,"
            " with a space after the colon"
        ),
    ),
    "open quote": (
        "location: 'a\nlog: {}",
        "probe.yaml:1: not YAML: a quote that is opened here is not closed",
    ),
    "comment for a value": (
        "rules: {receivers: {slack: {webhook_url_file: /run/x,\n  channel: #on-call\n}}}",
        f"probe.yaml:2: rules.receivers.slack.channel: must be text, {NULL}",
    ),
    "exclamation mark": (
        "location: !here",
        "probe.yaml:1: tags such as !x are not read; text that begins with ! has to stand in quotes",
    ),
    "variable in braces": (
        "providers: {openai: {api_key: ${OPENAI_API_KEY}}}",
        (
            "probe.yaml:1: not YAML: variables such as ${X} are not replaced here; give the value,"
            " or a variable of the environment"
        ),
    ),
    "variable for a file": (
        "OPENAI_API_KEY=sk-abc",
        "probe.yaml:1: must be a mapping of settings, is text; NAME=value belongs into .env",
    ),
    "path of Windows": (
        'log: {directory: "C:\\logs"}',
        "probe.yaml:1: not YAML: in double quotes \\ begins an escape; use single quotes",
    ),
    "spaces of a web page": (
        "server:\n\u00a0\u00a0port: 1",
        "probe.yaml:2: a space that is none to YAML; indent with plain spaces",
    ),
    "target in one word": (
        "targets: [openai/gpt-4o]",
        (
            "probe.yaml:1: targets[0]: must be a mapping, is 'openai/gpt-4o';"
            " write {provider: openai, model: gpt-4o}"
        ),
    ),
    "seconds with a unit": (
        "providers: {simulator: {deadlines: {total: 30s}}}",
        (
            "probe.yaml:1: providers.simulator.deadlines.total: must be a number, is '30s';"
            " give the number alone, without a unit, a currency or a comma"
        ),
    ),
    "money with a currency": (
        "budgets: [{name: a, daily_usd: $5}]",
        (
            "probe.yaml:1: budgets[0].daily_usd: must be a number, is '$5';"
            " give the number alone, without a unit, a currency or a comma"
        ),
    ),
    "money with a comma": (
        "budgets: [{name: a, daily_usd: '1,50'}]",
        (
            "probe.yaml:1: budgets[0].daily_usd: must be a number, is '1,50';"
            " give the number alone, without a unit, a currency or a comma"
        ),
    ),
    # URLs
    "space in a URL": (
        ENGINE.format("'http://my host/v1'"),
        f"{BASE_URL}must be a URL without spaces; write %20 for one that belongs into it",
    ),
    "space after a URL": (
        ENGINE.format("'http://h/v1 '"),
        f"{BASE_URL}must be a URL without spaces; write %20 for one that belongs into it",
    ),
    "port out of range": (ENGINE.format("http://h:99999/v1"), f"{BASE_URL}{PORT}"),
    "port zero": (ENGINE.format("http://h:0/v1"), f"{BASE_URL}{PORT}"),
    "port with letters": (ENGINE.format("http://h:80a/v1"), f"{BASE_URL}{PORT}"),
    "negative port": (ENGINE.format("http://h:-1/v1"), f"{BASE_URL}{PORT}"),
    "IPv6 without brackets": (ENGINE.format("http://::1:8000/v1"), f"{BASE_URL}{BRACKETS}"),
    "long IPv6 without brackets": (ENGINE.format("http://2001:db8::1/v1"), f"{BASE_URL}{BRACKETS}"),
    "open bracket of IPv6": (
        ENGINE.format("'http://[::1/v1'"),
        f"{BASE_URL}must have an IPv6 address, and nothing else, in brackets: [::1]",
    ),
    "name in brackets": (
        ENGINE.format("'http://[host]:1/v1'"),
        f"{BASE_URL}must have an IPv6 address, and nothing else, in brackets: [::1]",
    ),
    "no scheme": (ENGINE.format("api.example.com/v1"), f"{BASE_URL}{HTTP}"),
    "host and port alone": (ENGINE.format("localhost:8000"), f"{BASE_URL}{HTTP}"),
    "one slash": (ENGINE.format("http:/h/v1"), f"{BASE_URL}{HTTP}"),
    "mistyped scheme": (ENGINE.format("htp://h/v1"), f"{BASE_URL}{HTTP}"),
    "websocket": (ENGINE.format("wss://h/v1"), f"{BASE_URL}{HTTP}"),
    "no host": (ENGINE.format("http:///v1"), f"{BASE_URL}must name a host after http:// or https://"),
    "variable in a URL": (ENGINE.format("'http://${HOST}/v1'"), f"{BASE_URL}{VARIABLES}"),
    "whole endpoint": _appended("/chat/completions"),
    "endpoint of completions": _appended("/completions"),
    "endpoint of messages": _appended("/messages"),
    "endpoint of responses": _appended("/responses"),
    "endpoint of Ollama": _appended("/api/chat"),
    "endpoint of TGI": _appended("/generate_stream"),
    "proxy with a port out of range": (
        "providers: {simulator: {proxy: 'http://proxy:70000'}}",
        f"probe.yaml:1: providers.simulator.proxy: {PORT}",
    ),
    "proxy without a scheme": (
        "providers: {simulator: {proxy: 'proxy:3128'}}",
        "probe.yaml:1: providers.simulator.proxy: must be a URL that begins with http://",
    ),
    "InfluxDB with a port out of range": (
        "exporters: {influxdb: {url: 'http://h:123456'}}",
        f"probe.yaml:1: exporters.influxdb.url: {PORT}",
    ),
    "collector without a scheme": (
        "exporters: {otlp: {url: 'collector:4317'}}",
        f"probe.yaml:1: exporters.otlp.url: {HTTP}",
    ),
    "webhook with a space": (
        "rules: {receivers: {webhook_url: 'http://h/a b'}}",
        (
            "probe.yaml:1: rules.receivers.webhook_url: must be a URL without spaces;"
            " write %20 for one that belongs into it"
        ),
    ),
    "address with a port": ("server: {host: '0.0.0.0:9797'}", f"probe.yaml:1: server.host: {ADDRESS}"),
    "URL for an address": ("server: {host: 'http://0.0.0.0'}", f"probe.yaml:1: server.host: {ADDRESS}"),
    "mail server without a port": (
        "rules: {receivers: {email: {to: a@x, sender: b@x, smarthost: smtp.x}}}",
        "probe.yaml:1: rules.receivers.email.smarthost: must be host:port, as smtp.example.com:587",
    ),
    # Keys
    "variable for a key": (KEY.format("'${OPENAI_API_KEY}'"), f"{API_KEY}{VARIABLES}"),
    "variable of a shell": (KEY.format("$OPENAI_API_KEY"), f"{API_KEY}{VARIABLES}"),
    "variable of a template": (KEY.format("'{{ openai_key }}'"), f"{API_KEY}{VARIABLES}"),
    "quotes in quotes": (KEY.format("\"'sk-abc'\""), f"{API_KEY}{NO_QUOTES}"),
    "double quotes in quotes": (KEY.format("'\"sk-abc\"'"), f"{API_KEY}{NO_QUOTES}"),
    "key with Bearer": (KEY.format("Bearer sk-abc"), f"{API_KEY}must be the key alone, without Bearer"),
    "placeholder": (KEY.format("your-api-key"), f"{API_KEY}{PLACEHOLDER}"),
    "placeholder in brackets": (KEY.format("<key>"), f"{API_KEY}{PLACEHOLDER}"),
    "placeholder with dots": (KEY.format("sk-..."), f"{API_KEY}{PLACEHOLDER}"),
    "variable in another value": (
        "targets: [{provider: simulator, model: '${MODEL}'}]",
        f"probe.yaml:1: targets[0].model: {VARIABLES}",
    ),
    "variable for a name": ("location: ${HOSTNAME}", f"probe.yaml:1: location: {VARIABLES}"),
    "key for a name": (
        "budgets: [{name: a, provider: sk-abcdefgh12345678, daily_usd: 1}]",
        (
            f"probe.yaml:1: budgets[0].provider: {SECRET};"
            " those belong into api_key, a file or the environment"
        ),
    ),
    "secret webhook": (
        "rules: {receivers: {webhook_url: 'https://hooks.slack.com/services/T0/B0/xyz'}}",
        f"probe.yaml:1: rules.receivers.webhook_url: {SECRET}; put it into a file and give webhook_url_file",
    ),
    # Databases
    "two slashes": (
        "database: {url: 'sqlite://probe.db'}",
        f"{DATABASE}must have three slashes, sqlite:///path, or four before an absolute path",
    ),
    "one colon": (
        "database: {url: 'sqlite:probe.db'}",
        f"{DATABASE}must have three slashes, sqlite:///path, or four before an absolute path",
    ),
    "path for a URL": (
        "database: {url: data/probe.db}",
        f"{DATABASE}must be sqlite:///path or postgresql://user@host/name",
    ),
    "driver": (
        "database: {url: 'postgresql+asyncpg://u@h/d'}",
        f"{DATABASE}must begin with postgresql:// without the name of a driver",
    ),
    "database port": ("database: {url: 'postgresql://u@h:65536/d'}", f"{DATABASE}{PORT}"),
    "database port with letters": ("database: {url: 'postgresql://u@h:port/d'}", f"{DATABASE}{PORT}"),
    "slash in a password": (
        "database: {url: 'postgresql://u:p/w@h/d'}",
        f"{DATABASE}must have / ? # of a password as %2F %3F %23",
    ),
    "hash in a password": (
        "database: {url: 'postgresql://u:p#w@h/d'}",
        f"{DATABASE}must have / ? # of a password as %2F %3F %23",
    ),
    "variable for a password": (
        "database: {url: 'postgresql://u:${PASSWORD}@h/d'}",
        f"{DATABASE}{VARIABLES}",
    ),
    "database IPv6": ("database: {url: 'postgresql://u@::1:5432/d'}", f"{DATABASE}{BRACKETS}"),
    "database that is a directory": (
        "database: {url: 'sqlite:///folder'}",
        f"{DATABASE}folder: a directory; name a file in it",
    ),
    "database inside a file": (
        "database: {url: 'sqlite:///text/probe.db'}",
        f"{DATABASE}text: no directory; a database cannot be made in it",
    ),
    # What does not fit together
    "first token after the end": (
        "providers: {simulator: {deadlines: {first_token: 60, total: 30}}}",
        (
            "probe.yaml:1: providers.simulator.deadlines.first_token: 60 is more than total, 30,"
            " which ends the request before; make one of them fit"
        ),
    ),
    "stall after the end": (
        "providers: {simulator: {deadlines: {stall: 600}}}",
        (
            "probe.yaml:1: providers.simulator.deadlines.stall: 600 is more than total, 120,"
            " which ends the request before; make one of them fit"
        ),
    ),
    "connect after the end": (
        "providers: {simulator: {deadlines: {connect: 6, total: 5}}}",
        (
            "probe.yaml:1: providers.simulator.deadlines.connect: 6 is more than total, 5,"
            " which ends the request before; make one of them fit"
        ),
    ),
    "spread over the interval": (
        "jobs: [{name: a, cron: '*/5 * * * *', spread_seconds: 600}]",
        (
            f"{JOB}.spread_seconds: 600 is more than the 300 seconds between two runs;"
            " make it shorter, or cron rarer"
        ),
    ),
    "certificates that are text": (
        "providers: {simulator: {ca_file: text}}",
        (
            "probe.yaml:1: providers.simulator.ca_file: text: holds no certificate;"
            " PEM has a line -----BEGIN CERTIFICATE-----"
        ),
    ),
    "certificates that are binary": (
        "exporters: {otlp: {url: 'http://h', ca_file: der}}",
        (
            "probe.yaml:1: exporters.otlp.ca_file: der: holds no certificate;"
            " PEM has a line -----BEGIN CERTIFICATE-----"
        ),
    ),
    "certificates that are a directory": (
        "providers: {simulator: {ca_file: folder}}",
        "probe.yaml:1: providers.simulator.ca_file: folder: no file",
    ),
    # Cron
    "six fields": (
        "jobs: [{name: a, cron: '0 * * * * *'}]",
        (
            f'{JOB}.cron: cron "0 * * * * *": 6 fields instead of 5'
            " (minute, hour, day of month, month, day of week)"
        ),
    ),
    "interval for cron": (
        "jobs: [{name: a, cron: 5m}]",
        f'{JOB}.cron: cron "5m": 1 fields instead of 5 (minute, hour, day of month, month, day of week)',
    ),
    "unknown alias": (
        "jobs: [{name: a, cron: '@reboot'}]",
        (
            f'{JOB}.cron: cron "@reboot": unknown alias;'
            " known are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"
        ),
    ),
    # Near and not near
    "key that is not near": (
        "log: {file: x}",
        "probe.yaml:1: log.file: unknown key; known here: level, format, directory, keep_days",
    ),
    "key that is near": ("log: {levle: info}", "probe.yaml:1: log.levle: unknown key; did you mean level?"),
    "choice that is not near": (
        "log: {level: trace}",
        "probe.yaml:1: log.level: must be debug, info, warning or error, is 'trace'",
    ),
}

VARIABLES_OF_PEOPLE = {
    "not near": ({"PROBE_TIMEOUT": "1"}, "environment: PROBE_TIMEOUT: unknown variable"),
    "as little": ({"PROBE_INTERVAL": "1"}, "environment: PROBE_INTERVAL: unknown variable"),
    "quotes of compose": (
        {"OPENAI_API_KEY": '"sk-abcdefgh"'},
        f"environment: OPENAI_API_KEY: {NO_QUOTES}",
    ),
    "variable": ({"GROQ_API_KEY": "${OTHER}"}, f"environment: GROQ_API_KEY: {VARIABLES}"),
    "Bearer": (
        {"GROQ_API_KEY": "Bearer abc"},
        "environment: GROQ_API_KEY: must be the key alone, without Bearer",
    ),
    "placeholder": ({"GROQ_API_KEY": "your_groq_api_key"}, f"environment: GROQ_API_KEY: {PLACEHOLDER}"),
    "database port": (
        {"PROBE_DATABASE_URL": "postgresql://u:p@h:99999/d"},
        f"environment: PROBE_DATABASE_URL: {PORT}",
    ),
    "key in a path": (
        {"GROQ_API_KEY_FILE": "gsk_abcdefghijklmnop"},
        "environment: GROQ_API_KEY_FILE: **********: No such file or directory",
    ),
}


def test_there_are_many() -> None:
    files = {**FILES, **test_mistakes.FILES}
    variables = {**VARIABLES_OF_PEOPLE, **test_mistakes_in_variables.VARIABLES}
    assert len(files) + len(variables) >= 150


@pytest.fixture
def full(folder: Folder) -> Folder:
    """With files that are not what they should be."""
    (folder.path / "folder").mkdir()
    folder.write("text", "a certificate")
    (folder.path / "der").write_bytes(b"0\x82" + os.urandom(64))
    return folder


@pytest.mark.parametrize(("text", "problem"), FILES.values(), ids=FILES.keys())
def test_a_mistake_in_the_file(full: Folder, text: str, problem: str) -> None:
    full.write("probe.yaml", text)
    assert full.problems() == [problem]


@pytest.mark.parametrize(
    ("variables", "problem"), VARIABLES_OF_PEOPLE.values(), ids=VARIABLES_OF_PEOPLE.keys()
)
def test_a_mistake_in_a_variable(folder: Folder, variables: dict[str, str], problem: str) -> None:
    assert folder.problems(**variables) == [problem]
