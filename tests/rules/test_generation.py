"""Rules for other configurations are as valid as those of the default one, and fit them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from probe.budgets.events import WARNING_SHARE
from probe.config import Config
from probe.errors import ConfigError
from probe.metrics import CATALOGUE, names
from probe.rules.files import GRAFANA_FILE, Format, files_for
from probe.rules.promql import UnknownMetric, any_of, check_names, names_of, quoted
from probe.rules.rules import rule_groups
from probe.rules.windows import promql_duration, windows_for
from tests.config.folder import Folder
from tests.rules.generated import alerts_of, rules_of, seconds
from tests.rules.promtool import ROOT
from tests.servers.programs import program

TARGETS = [
    {"provider": "simulator", "model": "sim-swift", "slo": {"ttft_seconds": 0.5, "availability": 0.95}},
    {"provider": "simulator", "model": "sim-steady", "connection": "both"},
    {"provider": "simulator", "model": 'odd.name"\\(v2)', "slo": {"jitter_seconds": 2}},
]
GRAFANA: Format = "grafana"
CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {
    "every minute": {"jobs": [{"name": "a", "cron": "* * * * *"}]},
    "every 5 minutes": {"jobs": [{"name": "a", "cron": "*/5 * * * *"}]},
    "every hour": {"jobs": [{"name": "a", "cron": "0 * * * *"}]},
    "once a day": {"jobs": [{"name": "a", "cron": "0 4 * * *"}]},
    "once a week": {"jobs": [{"name": "a", "cron": "0 4 * * 1"}]},
    "office hours": {"jobs": [{"name": "a", "cron": "*/5 9-16 * * 1-5"}]},
    "no jobs": {"jobs": []},
    "targets with objectives": {"targets": TARGETS},
    "targets with jobs": {
        "targets": TARGETS,
        "jobs": [
            {"name": "all", "cron": "0 * * * *"},
            {"name": "one", "cron": "*/5 * * * *", "targets": ["simulator/sim-swift"]},
            {"name": "weekly", "cron": "0 4 * * 1", "targets": ["*"]},
        ],
    },
    "daily and weekly targets": {
        "targets": TARGETS,
        "jobs": [
            {"name": "daily", "cron": "0 4 * * *", "targets": ["*swift"]},
            {"name": "weekly", "cron": "0 4 * * 1", "targets": ["*steady", "*v2)"]},
        ],
    },
    "targets asked once and twice a day": {
        "targets": TARGETS,
        "jobs": [
            {"name": "once", "cron": "0 4 * * *", "targets": ["*swift", "*steady"]},
            {"name": "twice", "cron": "0 */12 * * *", "targets": ["*v2)"]},
        ],
    },
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What promtool says of all of them, as one process."""
    directory = tmp_path_factory.mktemp("rules")
    files = []
    for number, given in enumerate(CONFIGURATIONS.values()):
        for name, text in files_for(Config.model_validate(given), "prometheus").items():
            files.append(directory / f"{number}-{name}")
            files[-1].write_text(text)
    done = subprocess.run(
        [program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout if done.returncode else ""


def test_all_are_valid_and_none_is_there_twice(checked: str) -> None:
    assert not checked, checked


@pytest.mark.parametrize("given", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_every_configuration_has_every_alert(given: Mapping[str, Any]) -> None:
    found = {rule["alert"] for rule in rules_of(Config.model_validate(given)) if "alert" in rule}
    missing = {rule["alert"] for rule in rules_of(Config()) if "alert" in rule} - found
    # Two windows of at most a week cannot both hold runs that are a week apart.
    burning = {"HighErrorRate", "TtftSloBurn", "TotalLatencySloBurn", "ObjectiveUnwatched"}
    assert missing <= (burning if given is CONFIGURATIONS["once a week"] else set())


@pytest.mark.parametrize(
    ("cron", "page", "several", "trend"),
    [
        ("* * * * *", "1h+5m,6h+30m", "1h", "2h"),
        ("*/5 * * * *", "80m+20m,6h+40m", "1h", "2h"),
        ("*/15 * * * *", "4h+1h,12h+2h", "2h", "6h"),
        ("0 * * * *", "16h+4h,2d+8h", "8h", "1d"),
    ],
)
def test_windows_follow_the_interval(cron: str, page: str, several: str, trend: str) -> None:
    config = Config.model_validate({"jobs": [{"name": "a", "cron": cron}]})
    (paging,) = alerts_of(config, "HighErrorRate", "critical")
    assert paging["labels"]["windows"] == page
    assert alerts_of(config, "RateLimited")[0]["labels"]["window"] == several
    assert alerts_of(config, "TpsRegression")[0]["for"] == trend


def _documented_burns(severity: str) -> list[str]:
    """What the table of docs/alerting.md makes of the availability of targets asked every 15 minutes."""
    kind = {"critical": "page", "warning": "ticket"}[severity]
    span, count = r"(\d+) (min|h|days?), (\d+) runs", r"(\d+)"
    row = rf"^\| {kind} \| ([\d.]+) \| {span} \| {span} \| {count} and {count} \| {count} \|$"
    expected = []
    for found in re.findall(row, (ROOT / "docs" / "alerting.md").read_text(), re.MULTILINE):
        bound, long_bad, short_bad, least = (float(found[place]) for place in (0, 7, 8, 9))
        long, short = (_longer(*found[place : place + 3]) for place in (1, 4))
        series = "target:inference_probe_attempts"
        expected.append(
            f"{series}_failed:increase{long} / {series}:increase{long} > {bound / 100:g}\n"
            f"and {series}_failed:increase{short} / {series}:increase{short} > {bound / 100:g}\n"
            f"and {series}_failed:increase{long} > {long_bad - 0.5:g}\n"
            f"and {series}_failed:increase{short} > {short_bad - 0.5:g}\n"
            f"and {series}:increase{long} > {least - 0.5:g}"
        )
    return expected


def _longer(number: str, unit: str, runs: str) -> str:
    classic = int(number) * {"min": 60, "h": 3600, "day": 86_400, "days": 86_400}[unit]
    return promql_duration(max(classic, int(runs) * 900))


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_burns_are_those_of_the_document(severity: str) -> None:
    expected = _documented_burns(severity)
    assert len(expected) == 2
    (rule,) = alerts_of(Config(), "HighErrorRate", severity)
    assert rule["expr"] == "\nor\n".join(expected)


@pytest.mark.parametrize("interval", [60, 300, 900, 3600, 6 * 3600, 86_400])
def test_short_windows_hold_enough_runs(interval: float) -> None:
    for burn in windows_for(interval).burns:
        assert seconds(burn.short) >= min(4 * interval, 7 * 86_400)
        assert seconds(burn.short) < seconds(burn.long) <= 7 * 86_400


def test_a_job_that_runs_rarely_is_missed_beside_one_that_runs_often() -> None:
    jobs = [
        {"name": "often", "cron": "*/5 * * * *"},
        {"name": "hourly", "cron": "0 * * * *"},
        {"name": "daily", "cron": "0 4 * * *"},
    ]
    missed = alerts_of(Config.model_validate({"jobs": jobs}), "RunsMissed")
    windows = {rule["labels"]["window"]: rule["expr"] for rule in missed}
    assert set(windows) == {"1h", "8h", "7d"}
    assert windows["1h"].count('{job_name!~"daily|hourly"}[1h]') == 2
    assert windows["8h"].count('{job_name="hourly"}[8h]') == 2
    assert windows["7d"].count('{job_name="daily"}[7d]') == 2


def test_a_night_without_runs_does_not_shorten_windows() -> None:
    """Of a target that two jobs ask, the one that goes round the clock decides."""
    jobs = [
        {"name": "office", "cron": "*/5 9-16 * * 1-5"},
        {"name": "always", "cron": "0 * * * *"},
    ]
    (paging,) = alerts_of(Config.model_validate({"jobs": jobs}), "HighErrorRate", "critical")
    assert paging["labels"]["windows"] == "16h+4h,2d+8h"


def test_a_pause_is_waited_for_until_its_first_run() -> None:
    weekdays = {"jobs": [{"name": "a", "cron": "0 4 * * 1-5"}]}
    (stale,) = alerts_of(Config.model_validate(weekdays), "ProbeStale")
    assert seconds(stale["for"]) > 86_400


def test_objectives_of_a_target_are_its_own() -> None:
    config = Config.model_validate({"targets": TARGETS})
    pages = alerts_of(config, "TtftSloBurn", "critical")
    by_threshold = {rule["labels"]["threshold"]: rule["expr"] for rule in pages}
    assert set(by_threshold) == {"2s", "0.5s"}
    assert 'target="simulator/sim-swift"' in by_threshold["0.5s"]
    assert "le500ms" in by_threshold["0.5s"]
    assert 'target!="simulator/sim-swift"' in by_threshold["2s"]
    jitter = {rule["labels"]["threshold"]: rule["expr"] for rule in alerts_of(config, "JitterHigh")}
    assert r'target="simulator/odd.name\"\\(v2)"' in jitter["2s"]


def test_bounds_come_from_the_configuration() -> None:
    config = Config.model_validate(
        {
            "slo": {"availability": 0.95, "jitter_seconds": 0.2},
            "pricing": {"disagreement_ratio": 1.5},
            "discovery": {"retirement_days": 60},
            "rules": {"runbook_url": "https://wiki.example.com/r/", "grafana_url": "https://g.example.com"},
        }
    )
    assert "> 0.72\n" in alerts_of(config, "HighErrorRate", "critical")[0]["expr"]
    assert "> 0.2\n" in alerts_of(config, "JitterHigh")[0]["expr"]
    assert alerts_of(config, "PriceDisagreement", "info")[0]["expr"].endswith("> 1.5")
    assert alerts_of(config, "ModelRetiringSoon")[0]["expr"].endswith(f"< {60 * 86_400}")
    for rule in rules_of(config):
        if "alert" in rule:
            assert rule["annotations"]["runbook_url"] == f"https://wiki.example.com/r/{rule['alert']}"
            assert rule["annotations"]["dashboard_url"].startswith("https://g.example.com/d/inference-probe-")


def test_what_is_not_asked_for_on_schedule_is_not_missed() -> None:
    given = {"targets": [{"provider": "groq", "model": "a"}, {"provider": "openai", "model": "b"}]}
    asked = Config.model_validate({**given, "discovery": {"providers": ["g*"]}})
    (discovery,) = alerts_of(asked, "DiscoveryFailing")
    assert 'provider!="openai"' in discovery["expr"]
    nothing = Config.model_validate({"discovery": {"enabled": False}, "pricing": {"fetch": False}})
    assert not alerts_of(nothing, "DiscoveryFailing") + alerts_of(nothing, "PriceSourceFailing")


@pytest.mark.parametrize(
    ("cron", "list_days", "price_days", "window", "failures"),
    [
        ("0 */12 * * *", 1, 1, "1d", 1.5),
        ("0 2 * * 0", 14, 14, "14d", 1.5),
        # Two runs on weekdays take up to four days: Monday and Tuesday, after Friday.
        ("0 2 * * 1-5", 4, 4, "4d", 1.5),
        # Prometheus does not keep two months.
        ("0 2 1 * *", 59, 28, "15d", 0.5),
    ],
)
def test_what_stays_away_is_missed_after_two_runs(
    cron: str, list_days: int, price_days: int, window: str, failures: float
) -> None:
    config = Config.model_validate({"discovery": {"cron": cron}, "pricing": {"cron": cron}})
    (discovery,) = alerts_of(config, "DiscoveryFailing")
    assert f" > {list_days * 86_400}\n" in discovery["expr"]
    (prices,) = alerts_of(config, "PriceSourceFailing")
    assert f"[{window}])) > {failures}\n" in prices["expr"]
    assert prices["expr"].endswith(f" <= {price_days * 86_400}")


def test_a_budget_is_nearly_spent_when_its_event_says_so() -> None:
    (nearly,) = alerts_of(Config(), "BudgetNearlySpent")
    assert f" >= {WARNING_SHARE})" in nearly["expr"]


def test_an_objective_between_buckets_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(
        "probe.yaml",
        "slo: {ttft_seconds: 2.2}\n"
        "targets:\n  - {provider: simulator, model: a, slo: {ttft_seconds: 0.33}}\n",
    )
    with pytest.raises(ConfigError) as refused:
        folder.load()
    assert refused.value.problems == (
        "probe.yaml:1: slo.ttft_seconds: 2.2 is no bound of the histogram; take 2 or 2.5",
        "probe.yaml:3: targets[0].slo.ttft_seconds: 0.33 is no bound of the histogram; take 0.3 or 0.35",
    )


def test_a_name_that_nobody_has_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownMetric, match="inference_probe_nothing"):
        check_names("max(inference_probe_nothing) > 1")
    with pytest.raises(UnknownMetric, match="target:inference_probe_attempts:increase9h"):
        check_names(
            "target:inference_probe_attempts:increase9h > 1", {"target:inference_probe_attempts:increase1h"}
        )
    with pytest.raises(UnknownMetric, match="inference_probe_ttft_seconds"):
        check_names("inference_probe_ttft_seconds > 1")
    monkeypatch.setattr(names, "STORE_UP", "inference_probe_store_alive")
    with pytest.raises(UnknownMetric, match="inference_probe_store_alive"):
        rule_groups(Config())


def test_names_of_the_catalogue_are_told_from_others_wherever_they_stand() -> None:
    for family in CATALOGUE:
        for name in names_of(family):
            check_names(f'sum without (a) (increase({name}{{a="b"}}[5m])) / {name}')
            with pytest.raises(UnknownMetric, match=f"{name}x is"):
                check_names(f'sum without (a) (increase({name}x{{a="b"}}[5m])) / {name}')


def test_matchers_are_quoted() -> None:
    assert quoted('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'
    assert any_of(["b.c", "a"]) == 'target=~"a|b\\\\.c"'
    assert any_of(["a"], equal=False) == 'target!="a"'
    assert promql_duration(5400) == "90m"


def test_the_files_of_the_default_configuration_make_a_whole_prometheus() -> None:
    found = subprocess.run(
        [program("promtool"), "check", "config", ROOT / "deploy" / "prometheus" / "prometheus.yml"],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"{len(files_for(Config(), 'prometheus'))} rule files found" in found.stdout


@pytest.mark.parametrize("given", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_grafana_gets_the_same_alerts_without_recorded_series(given: Mapping[str, Any]) -> None:
    document = yaml.safe_load(files_for(Config.model_validate(given), GRAFANA)[GRAFANA_FILE])
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    expected = rules_of(Config.model_validate(given))
    assert [rule["labels"]["alert"] for rule in rules] == [
        each["alert"] for each in expected if "alert" in each
    ]
    assert len({rule["uid"] for rule in rules}) == len({rule["title"] for rule in rules}) == len(rules)
    for rule in rules:
        query, condition = rule["data"]
        assert len(rule["uid"]) <= 40
        assert (query["datasourceUid"], condition["datasourceUid"]) == (
            "inference-probe-prometheus",
            "__expr__",
        )
        assert rule["condition"] == condition["refId"] == "B"
        assert rule["noDataState"] == "OK"
        check_names(query["model"]["expr"])
        assert not re.search(r"\w:inference_probe", query["model"]["expr"])
        assert "$value" not in "".join(rule["annotations"].values()).replace("$values.A", "")


def test_what_grafana_evaluates_is_valid(tmp_path: Path) -> None:
    document = yaml.safe_load(files_for(Config(), GRAFANA)[GRAFANA_FILE])
    rules = [
        {"alert": rule["uid"].replace("-", "_"), "expr": rule["data"][0]["model"]["expr"]}
        for group in document["groups"]
        for rule in group["rules"]
    ]
    file = tmp_path / "grafana.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "grafana", "rules": rules}]}))
    found = subprocess.run([program("promtool"), "check", "rules", file], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
