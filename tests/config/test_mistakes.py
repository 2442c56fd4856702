"""Every mistake gets a line that says where, what and, where it can be guessed, what was meant."""

from __future__ import annotations

import pytest

from probe.providers.presets import PRESETS
from tests.config.folder import Folder

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
    "receiver with two addresses": (
        "rules: {receivers: {watchdog_url: http://x,\n    watchdog_url_file: /run/url}}",
        "probe.yaml:2: rules.receivers.watchdog_url_file: watchdog_url is given, too; keep one of them",
    ),
    "mail with half a login": (
        "rules: {receivers: {email: {to: a@x, sender: b@x, smarthost: 'x:587', username: b}}}",
        "probe.yaml:1: rules.receivers.email: username and password_file go together; give both or none",
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
        "probe.yaml:1: exporters.other: must be a mapping, is a list; write {key: value}",
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
        (
            "probe.yaml:1: location: must be text, is null;"
            " give a value, in quotes if it begins with #, or leave the key out"
        ),
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
        "probe.yaml:1: providers: must be a mapping, is a list; write {key: value}",
    ),
    "text for a section": (
        "server: 127.0.0.1",
        "probe.yaml:1: server: must be a mapping, is '127.0.0.1'",
    ),
    "mapping for a list": (
        "jobs: {name: a}",
        "probe.yaml:1: jobs: must be a list, is a mapping; put it into [ ]",
    ),
    "text for a list": (
        "jobs: [{name: a, targets: '*'}]",
        "probe.yaml:1: jobs[0].targets: must be a list, is '*'; write ['*']",
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
        "probe.yaml:1: server.token: must be text; put it in quotes",
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
        "probe.yaml:1: must be a mapping of settings, is a list; write key: value",
    ),
    "text at the top": (
        "just text",
        "probe.yaml:1: must be a mapping of settings, is text; write key: value",
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
        "probe.yaml:1: tags such as !x are not read; text that begins with ! has to stand in quotes",
    ),
    "mapping as a key": (
        "? {a: b}\n: c",
        "probe.yaml:1: a key must be text",
    ),
    "control character": (
        "location: a\x00",
        "probe.yaml:1: not YAML: the character U+0000; remove it",
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
