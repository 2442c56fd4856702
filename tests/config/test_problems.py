"""All problems at once: in the order of the file, apart, and without secrets."""

from __future__ import annotations

from textwrap import dedent

from probe.errors import ConfigError
from tests.config.folder import Folder


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
