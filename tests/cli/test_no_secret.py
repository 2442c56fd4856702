"""Secrets are searched for in everything that commands print, write and store."""

from __future__ import annotations

import signal

from tests.cli.shell import Shell, signalled
from tests.servers.ports import free_port
from tests.servers.simulator import Start

KEY = "no-shape-provider-key-1"
SECRETS = {
    "key in the file": "no-shape-file-key-2",
    "key in the environment": "sk-environment-0123456789abcdef",
    "token": "no-shape-token-3",
    "database": "no-shape-database-4",
    "proxy": "no-shape-proxy-5",
    "secret file": "no-shape-secret-file-6",
}


def configure(shell: Shell, base_url: str) -> None:
    shell.write("key", SECRETS["secret file"])
    shell.write(
        "probe.yaml",
        f"""
        server: {{port: 0, token: "{SECRETS["token"]}"}}
        providers:
          sim: {{base_url: "{base_url}", kind: simulated, api_key: "{KEY}"}}
          other: {{base_url: "{base_url}", kind: simulated, api_key: "{SECRETS["key in the file"]}"}}
          far: {{base_url: "http://192.0.2.1/v1", kind: engine,
                proxy: "http://user:{SECRETS["proxy"]}@127.0.0.1:9"}}
          openai:
          groq:
        targets:
          - {{provider: sim, model: "sim?ttft_ms=5&tokens=3", name: right}}
          - {{provider: other, model: sim, name: denied}}
          - {{provider: far, model: m, name: proxied}}
        jobs: [{{name: often, cron: "* * * * *", suite: quick, run_at_start: true}}]
        """,
    )
    shell.variables |= {"OPENAI_API_KEY": SECRETS["key in the environment"], "GROQ_API_KEY_FILE": "key"}


def assert_none(text: str) -> None:
    for name, secret in {**SECRETS, "the key that works": KEY}.items():
        assert secret not in text, name


def test_no_command_prints_a_secret(shell: Shell, start_simulator: Start) -> None:
    configure(shell, start_simulator(require_key=KEY).base_url)
    for command in (
        ["config", "show"],
        ["config", "check"],
        ["targets", "--json"],
        ["run", "-s", "quick", "--json"],
        ["run", "-s", "quick"],
        ["test-request", "right", "--save", "right.json"],
        ["test-request", "denied", "--save", "denied.json"],
        ["test-request", "proxied", "--save", "proxied.json"],
        ["replay", "denied.json"],
        ["results", "--json"],
        ["db", "backup", "copy.db"],
    ):
        said = shell.run("--traceback", *command)
        assert said.status in (0, 1), said.err
        assert said.out
        assert_none(said.out + said.err)
    for path in shell.directory.rglob("*"):
        if path.is_file() and path.name not in ("probe.yaml", "key"):
            assert_none(path.read_bytes().decode("latin-1"))


def test_no_error_shows_a_secret(shell: Shell, start_simulator: Start) -> None:
    configure(shell, start_simulator(require_key=KEY).base_url)
    password = SECRETS["database"]
    database = f"postgresql://probe:{password}@127.0.0.1:{free_port()}/probe"
    for arguments, variables in (
        (["db", "upgrade"], {"PROBE_DATABASE_URL": database}),
        (["results"], {"PROBE_DATABASE_URL": database}),
        (["run"], {"PROBE_DATABASE_URL": database}),
        (["config", "check"], {"PROBE_DATABASE_URL": database.replace("postgresql", "mysql")}),
        (["config", "check"], {"PROBE_SERVER__PORT": password, "PROBE_SERVER__TOKEN": password}),
        (["config", "check"], {"HTTPS_PROXY": f"socks5://u:{password}@h:1"}),
    ):
        said = shell.run("--traceback", *arguments, **variables)
        assert said.status in (1, 2)
        assert said.errors[-1].startswith("error: ")
        assert_none(said.out + said.err)


def test_the_daemon_logs_no_secret(shell: Shell, start_simulator: Start) -> None:
    configure(shell, start_simulator(require_key=KEY).base_url)
    process = shell.start("daemon", PROBE_LOG__LEVEL="debug", PROBE_LOG__DIRECTORY="logs")

    def has_results() -> bool:
        found = shell.run("results", "--json")
        return found.status == 0 and len(found.lines) >= 9

    said = signalled(process, signal.SIGTERM, has_results)
    assert said.status == 0
    assert said.lines[0].startswith("Inference Probe ")
    assert said.lines[1].split()[0] == "board"
    assert said.lines[5].split() == ["config", str(shell.directory / "probe.yaml")]
    logged = "".join(path.read_text() for path in (shell.directory / "logs").iterdir())
    assert "run finished" in logged
    assert_none(said.out + said.err + logged)
    for path in (shell.directory / "data").iterdir():
        assert_none(path.read_bytes().decode("latin-1"))
