"""The probe itself."""

from __future__ import annotations

from collections.abc import Sequence

from tests.rules.cases.series import HEALTH_BOARD, SCRAPED, elsewhere, selector
from tests.rules.promtool import Case, Firing

_JOB = {"job": SCRAPED["job"]}
_BUILD = {"version": "0.1.0", "python_version": "3.11.7", "location": "frankfurt"}


def _case(alert: str, what: str, series: dict[str, str], at: str, firing: Sequence[Firing] = ()) -> Case:
    return Case(alert, what, "operation", series, at, firing)


def _scraped(up: str, build: str) -> dict[str, str]:
    return {
        selector("up", {}): up,
        selector("inference_probe_build_info", _BUILD): build,
    }


def _down(labels: dict[str, str], where: str, which: str) -> Firing:
    return Firing(
        labels={**labels, "severity": "critical"},
        summary=f"The probe{where} is down",
        description=(
            f"Prometheus gets no metrics from the probe{where}{which}: no target is watched from there, and "
            "no other alert about them can fire."
        ),
        dashboard=HEALTH_BOARD,
    )


def _said(labels: dict[str, str], severity: str, summary: str, description: str) -> list[Firing]:
    return [Firing({**labels, "severity": severity}, summary, description, HEALTH_BOARD)]


def _daemon(name: str, values: str) -> dict[str, str]:
    return {selector(f"inference_probe_{name}", {}): values}


def _job(name: str, values: str) -> dict[str, str]:
    return {selector(f"inference_probe_job_{name}_total", {"job_name": "benchmark"}): values}


def _oldest(values: str) -> dict[str, str]:
    return {selector("inference_probe_exporter_oldest_pending_seconds", {"exporter": "influxdb"}): values}


def _missed(times: int) -> list[Firing]:
    return _said(
        {**SCRAPED, "job_name": "benchmark", "window": "2h"},
        "warning",
        f"Job benchmark of the probe at probe:9797 did not run {times} times",
        f"{times} slots of job benchmark at probe:9797 in the last 2h became no run: the daemon was down or "
        "asleep (missed), or the run before was still going (overlapped). A restart costs one of them at "
        "most.",
    )


_RESTARTED = {**_job("missed", "0x20 1x60"), **_job("overlapped", "0x80")}
_PROBE = (
    _case(
        "ProbeDown",
        "it does not answer",
        _scraped("1x10 0x30", "1x10 stale"),
        "20m",
        [_down({**SCRAPED, "location": "frankfurt"}, " in frankfurt", " (probe:9797)")],
    ),
    _case(
        "ProbeDown",
        "nobody scrapes it any more",
        _scraped("1x10 stale", "1x10 stale"),
        "20m",
        [_down({**_JOB, "location": "frankfurt"}, " in frankfurt", "")],
    ),
    _case("ProbeDown", "there never was one", {}, "20m", [_down({}, "", "")]),
    _case("ProbeDown", "it is being restarted", _scraped("1x10 0x2 1x30", "1x10 _x2 1x30"), "13m"),
    _case("ProbeDown", "it was restarted", _scraped("1x10 0x2 1x30", "1x10 _x2 1x30"), "20m"),
    _case(
        "ProbeDown",
        "it came back under another address and version",
        {
            **_scraped("1x10 stale", "1x10 stale"),
            'up{job="inference-probe",instance="10.0.0.2:9797"}': "_x11 1x30",
            (
                'inference_probe_build_info{job="inference-probe",instance="10.0.0.2:9797",version="0.2.0",'
                'python_version="3.11.7",location="frankfurt"}'
            ): "_x11 1x30",
        },
        "30m",
    ),
    _case(
        "RunsMissed",
        "two slots passed",
        {**_job("missed", "0x20 2x60"), **_job("overlapped", "0x80")},
        "40m",
        _missed(2),
    ),
    _case(
        "RunsMissed",
        "runs take too long",
        {**_job("missed", "0x80"), **_job("overlapped", "0x9 1x14 2x14 3x40")},
        "60m",
        _missed(3),
    ),
    _case("RunsMissed", "a restart cost one", _RESTARTED, "40m"),
    _case(
        "RunsMissed",
        "a restart cost each of two probes one",
        {**_RESTARTED, **elsewhere(_RESTARTED)},
        "40m",
    ),
)
_DATA = (
    _case(
        "ExportBacklog",
        "the sink is down",
        _oldest("0+60x60"),
        "21m",
        _said(
            {**SCRAPED, "exporter": "influxdb"},
            "warning",
            "influxdb is 21m 0s behind the probe at probe:9797",
            "The oldest result that influxdb has not had of the probe at probe:9797 is 21m 0s old. Nothing "
            "is lost: it waits in the store, up to database.retention.undelivered_days. How much, and why: "
            "probe export status",
        ),
    ),
    _case("ExportBacklog", "it catches up", _oldest("0+60x17 600x60"), "19m"),
    _case("ExportBacklog", "a quarter of an hour", _oldest("900x60"), "30m"),
    _case(
        "StoreFailing",
        "it takes nothing",
        _daemon("store_up", "1x5 0x20"),
        "10m",
        _said(
            SCRAPED,
            "critical",
            "The store of the probe at probe:9797 takes no results",
            "The database of the probe at probe:9797 takes no results. They wait in memory and in a file "
            "beside the database, and no new run can claim its slot.",
        ),
    ),
    _case(
        "StoreFailing",
        "a result is refused",
        {
            **_daemon("store_up", "1x60"),
            **_daemon("store_dropped_samples_total", "0x60"),
            **_daemon("store_rejected_samples_total", "0x10 1x60"),
        },
        "20m",
        _said(
            SCRAPED,
            "critical",
            "The store of the probe at probe:9797 refused 1 results",
            "The probe at probe:9797 could not store 1 results in 30 minutes, and will not try these again.",
        ),
    ),
    _case("StoreFailing", "a moment", _daemon("store_up", "1x5 0 1x20"), "10m"),
)
_REST = (
    _case(
        "ConfigReloadFailed",
        "mistakes",
        _daemon("config_last_reload_successful", "1x5 0x20"),
        "10m",
        _said(
            SCRAPED,
            "warning",
            "The probe at probe:9797 could not use its new configuration",
            "The configuration that the probe at probe:9797 was last told to read has mistakes; the one "
            "before is still in "
            "force, and a restart would fail. Every mistake with its line: probe config check",
        ),
    ),
    _case("ConfigReloadFailed", "it was read", _daemon("config_last_reload_successful", "1x20"), "10m"),
    _case(
        "ClockStep",
        "an attempt",
        _daemon("untrusted_attempts_total", "0x20 1x60"),
        "30m",
        _said(
            SCRAPED,
            "warning",
            "The clock of the probe at probe:9797 was set while it measured",
            "1 attempts of the last hour have no durations: the wall clock of probe:9797 was set while "
            "they were under way.",
        ),
    ),
    _case("ClockStep", "long ago", _daemon("untrusted_attempts_total", "0x10 2x200"), "120m"),
    _case(
        "Watchdog",
        "always",
        {},
        "1m",
        _said(
            {},
            "info",
            "Alerting works",
            "This alert fires always. Whoever gets it from Alertmanager must cry when it stays away: then "
            "Prometheus or Alertmanager is down, and no other alert can arrive.",
        ),
    ),
)
CASES = (*_PROBE, *_DATA, *_REST)
