"""Rows of panels about the probe itself: its schedule, its store, what it hands on and how punctual it is."""

from __future__ import annotations

from dashboards.board import PanelRow
from dashboards.palette import BLUE, GREEN, MUTED, RED, YELLOW
from dashboards.panels import AnyPanel, PanelText, Size, ask, graph, stacked, with_n
from dashboards.query import (
    STEP,
    counted_in_steps,
    grown,
    latest,
    metric,
    n_of,
    over_window,
    quantile,
)
from dashboards.style import (
    ANY_IS_BAD,
    ANY_IS_ODD,
    BYTES,
    COUNT,
    DASHED,
    FACTOR,
    RATIO,
    SECONDS,
    Steps,
    coloured,
    prop,
)
from dashboards.tables import Label, NumberColumn, in_count, in_seconds, moment, table
from probe.metrics import names

NO_PROBE = "No probe is scraped: is the daemon up, does Prometheus reach it?"
ALL_WELL = "None is recorded in this time."
JOB = "instance, job_name"
EXPORTER = "instance, exporter"
INSTANCE_LABEL = Label(name="instance", title="Probe")
JOB_LABEL = Label(name="job_name", title="Job")
CHOSEN = 'instance=~"$instance"'
# Ages of a job's latest run in intervals of it.
STALE: Steps = ((None, GREEN), (1.5, YELLOW), (2, RED))


def own(name: str, *matchers: str) -> str:
    """A figure of the probes chosen."""
    return metric(name, *matchers, CHOSEN, narrowed=())


def own_grown(name: str, by: str = "") -> str:
    """How much a counter of the probes chosen grew in the time shown."""
    return f"round({grown(name, CHOSEN, by=by)})"


def lag_row() -> PanelRow:
    return PanelRow(
        title="Own lag: what could falsify figures",
        panels=(_attempt_lag(), _stopwatch_lag(), _daemon_lag(), _stamps()),
    )


def _lags(title: str, about: str, name: str) -> AnyPanel:
    panel = graph(
        PanelText(title, about, SECONDS),
        ask(quantile(0.5, name, CHOSEN, over="$window"), "p50"),
        ask(quantile(0.99, name, CHOSEN, over="$window"), "p99", "B"),
    )
    return with_n(panel.override_by_query("B", DASHED), n_of(name, CHOSEN, over="$window"))


def _attempt_lag() -> AnyPanel:
    about = (
        "How long after its planned instant an attempt started; waits for limits included. Over the window."
    )
    return _lags("Attempts start late by", about, names.ATTEMPT_LAG_SECONDS)


def _stopwatch_lag() -> AnyPanel:
    about = (
        "The longest that the stopwatch's loop was late during an attempt. Kernel stamps are not moved by it."
    )
    return _lags("The stopwatch is late by", about, names.STOPWATCH_LAG_SECONDS)


def _daemon_lag() -> AnyPanel:
    return graph(
        PanelText(
            "The daemon is late by",
            "Its own loop, when last looked at. It moves no measurement.",
            SECONDS,
            NO_PROBE,
        ),
        ask(latest(names.DAEMON_LAG_SECONDS, CHOSEN, by="instance"), "{{instance}}"),
        ask(latest(names.ATTEMPTS_IN_FLIGHT, CHOSEN, by="instance"), "attempts in flight {{instance}}", "B"),
    ).override_by_query("B", [prop("unit", COUNT), prop("custom.axisPlacement", "right"), *coloured(MUTED)])


def _stamps() -> AnyPanel:
    by_kernel = grown(names.STAMPED_ATTEMPTS_TOTAL, 'stamps="kernel"', CHOSEN, by="instance", over="$window")
    all_of_them = grown(names.STAMPED_ATTEMPTS_TOTAL, CHOSEN, by="instance", over="$window")
    panel = graph(
        PanelText("Stamped by the kernel", "Share of the answered attempts; others are less exact.", RATIO),
        ask(f"{by_kernel} / ({all_of_them} > 0)", "{{instance}}"),
        ask(
            f"{grown(names.STOPWATCH_RESTARTS_TOTAL, CHOSEN, by='instance', over='$window')} > 0",
            "stopwatch restarts {{instance}}",
            "B",
        ),
    )
    panel.override_by_query("B", [prop("unit", COUNT), prop("custom.axisPlacement", "right"), *coloured(RED)])
    return with_n(
        panel.axis_soft_max(1), f"round({grown(names.STAMPED_ATTEMPTS_TOTAL, CHOSEN, over='$window')})"
    )


def schedule_row() -> PanelRow:
    return PanelRow(title="Schedule", panels=(_jobs(), _irregular(), _waiting(), _skipped()))


def _jobs() -> AnyPanel:
    last = latest(names.JOB_LAST_RUN_TIMESTAMP_SECONDS, CHOSEN, by=JOB)
    interval = latest(names.JOB_INTERVAL_SECONDS, CHOSEN, by=JOB)
    return table(
        PanelText(
            "Jobs",
            "Age: time since the latest run in intervals of the job; from 2 on it is stale.",
            COUNT,
            "No job is configured.",
        ),
        [JOB_LABEL, INSTANCE_LABEL],
        [
            moment("Latest", last),
            NumberColumn(
                title="Age",
                expression=f"(time() - ({last} > 0)) / {interval}",
                unit=FACTOR,
                at=STALE,
                cell="light",
                decimals=1,
            ),
            moment("Next", latest(names.JOB_NEXT_RUN_TIMESTAMP_SECONDS, CHOSEN, by=JOB)),
            in_seconds("Every", interval),
            in_seconds("Took", latest(names.JOB_LAST_RUN_DURATION_SECONDS, CHOSEN, by=JOB)),
            in_count("Runs", own_grown(names.JOB_RUNS_TOTAL, by=JOB)),
            in_count("Missed", own_grown(names.JOB_MISSED_TOTAL, by=JOB), at=ANY_IS_BAD),
            in_count("Overlapped", own_grown(names.JOB_OVERLAPPED_TOTAL, by=JOB), at=ANY_IS_ODD),
        ],
        sort_by="Age",
        descending=True,
        size=Size(width=24, height=7),
    )


def _irregular() -> AnyPanel:
    def over_time(name: str) -> str:
        return counted_in_steps(name, CHOSEN, by="job_name")

    panel = stacked(
        PanelText(
            "Missed, late and overlapped slots",
            "Missed: nobody could run them. Overlapped: the run before was still open.",
            COUNT,
            ALL_WELL,
        ),
        ask(over_time(names.JOB_MISSED_TOTAL), "missed {{job_name}}"),
        ask(over_time(names.JOB_LATE_TOTAL), "late {{job_name}}", "B"),
        ask(over_time(names.JOB_OVERLAPPED_TOTAL), "overlapped {{job_name}}", "C"),
    )
    panel.override_by_query("A", coloured(RED)).override_by_query("B", coloured(YELLOW))
    return panel.override_by_query("C", coloured(BLUE))


def _skipped() -> AnyPanel:
    any_provider = 'provider=~".*"'
    attempts = counted_in_steps(names.ATTEMPTS_SKIPPED_TOTAL, any_provider, CHOSEN, by="provider, reason")
    runs = counted_in_steps(names.RUNS_SKIPPED_TOTAL, CHOSEN, by="job_name, reason")
    return stacked(
        PanelText(
            "Not sent, and why",
            "Attempts: the provider asked for silence, or the rest of its limits is production's. Runs: the"
            " budget had too little left.",
            COUNT,
            "Nothing that was held back is recorded in this time.",
        ),
        ask(attempts, "{{provider}}: {{reason}}"),
        ask(runs, "run of {{job_name}}: {{reason}}", "B"),
    )


def _waiting() -> AnyPanel:
    most = f"max_over_time({over_window(own(names.ATTEMPTS_WAITING), STEP)})"
    waiting = f"sum by (provider, reason) ({most}) > 0"
    return stacked(
        PanelText(
            "Waiting, by provider and why",
            "Attempts that are due and not sent yet. silence: the provider asked for it, of the whole "
            "account. pace: its requests per minute. seats: so many are out already. reserve: the rest of "
            "its limits is production's.",
            COUNT,
            "No attempt that waited is recorded in this time.",
        ),
        ask(waiting, "{{provider}}: {{reason}}"),
    )


def store_row() -> PanelRow:
    return PanelRow(title="Store", panels=(_store_size(), _store_trouble()))


def _store_size() -> AnyPanel:
    return graph(
        PanelText(
            "Size and results",
            "Of the database; on the right the number of the result stored last.",
            BYTES,
            "The store does not tell its size.",
        ),
        ask(latest(names.STORE_SIZE_BYTES, CHOSEN, by="instance"), "size {{instance}}"),
        ask(latest(names.STORE_LAST_SEQUENCE, CHOSEN, by="instance"), "results {{instance}}", "B"),
    ).override_by_query("B", [prop("unit", COUNT), prop("custom.axisPlacement", "right"), *coloured(MUTED)])


def _store_trouble() -> AnyPanel:
    def over_time(name: str) -> str:
        return counted_in_steps(name, CHOSEN)

    panel = stacked(
        PanelText(
            "Trouble with the store",
            "Failed writes are tried again; spilled samples wait in a file; rejected ones are kept there; "
            "dropped ones are lost.",
            COUNT,
            ALL_WELL,
        ),
        ask(f"sum({own(names.STORE_PENDING_SAMPLES)}) > 0", "waiting"),
        ask(over_time(names.STORE_WRITE_ERRORS_TOTAL), "failed writes", "B"),
        ask(over_time(names.STORE_SPILLED_SAMPLES_TOTAL), "spilled", "C"),
        ask(over_time(names.STORE_REJECTED_SAMPLES_TOTAL), "rejected", "D"),
        ask(over_time(names.STORE_DROPPED_SAMPLES_TOTAL), "dropped", "E"),
        ask(over_time(names.STORE_DELETED_UNDELIVERED_TOTAL), "deleted before it was handed on", "F"),
    )
    return panel.override_by_query("E", coloured(RED))


_BEHIND: Steps = ((None, GREEN), (300, YELLOW), (3600, RED))


def delivery_row() -> PanelRow:
    return PanelRow(title="Delivery", panels=(_deliveries(), _backlog()))


def _by_exporter(name: str) -> str:
    return latest(name, CHOSEN, by=EXPORTER)


def _deliveries() -> AnyPanel:
    return table(
        PanelText(
            "Exporters",
            "Pending: stored and not handed on yet. Refused: the sink will never accept them; `probe export"
            " status`.",
            COUNT,
            "No exporter is enabled.",
        ),
        [Label(name="exporter", title="Exporter"), INSTANCE_LABEL],
        [
            in_count("Pending", _by_exporter(names.EXPORTER_PENDING_SAMPLES)),
            in_seconds(
                "Behind", _by_exporter(names.EXPORTER_OLDEST_PENDING_SECONDS), at=_BEHIND, cell="light"
            ),
            moment("Latest", _by_exporter(names.EXPORTER_LAST_DELIVERY_TIMESTAMP_SECONDS)),
            in_count("Delivered", own_grown(names.EXPORTER_DELIVERED_SAMPLES_TOTAL, by=EXPORTER)),
            in_count("Errors", own_grown(names.EXPORTER_ERRORS_TOTAL, by=EXPORTER), at=ANY_IS_ODD),
            in_count("Refused", own_grown(names.EXPORTER_REFUSED_SAMPLES_TOTAL, by=EXPORTER), at=ANY_IS_BAD),
        ],
        sort_by="Behind",
        descending=True,
        size=Size(width=24, height=6),
    )


def _backlog() -> AnyPanel:
    return graph(
        PanelText(
            "Backlog",
            "Samples that wait to be handed on. It rises while a sink is down and falls at its return.",
            COUNT,
            "No exporter is enabled.",
        ),
        ask(latest(names.EXPORTER_PENDING_SAMPLES, CHOSEN, by=EXPORTER), "{{exporter}} {{instance}}"),
    )
