"""Panels of the schedule: jobs, slots that did not run in time, what was held back."""

from __future__ import annotations

from dashboards.board import Row
from dashboards.palette import BLUE, RED, YELLOW
from dashboards.panels import (
    AnyPanel,
    Says,
    Size,
    ask,
    stacked,
)
from dashboards.prometheus.own import (
    ALL_WELL,
    CHOSEN,
    INSTANCE_LABEL,
    JOB,
    JOB_LABEL,
    STALE,
    own_grown,
)
from dashboards.query import grown, latest
from dashboards.style import (
    ANY_IS_BAD,
    ANY_IS_ODD,
    COUNT,
    FACTOR,
    coloured,
)
from dashboards.tables import Figure, ago, counted, seconds, table
from probe.metrics import names


def schedule() -> Row:
    return Row(title="Schedule", panels=(_jobs(), _irregular(), _skipped()))


def _jobs() -> AnyPanel:
    last = latest(names.JOB_LAST_RUN_TIMESTAMP_SECONDS, CHOSEN, by=JOB)
    interval = latest(names.JOB_INTERVAL_SECONDS, CHOSEN, by=JOB)
    return table(
        Says(
            "Jobs",
            "Age: time since the latest run in intervals of the job; from 2 on it is stale.",
            COUNT,
            "No job is configured.",
        ),
        [JOB_LABEL, INSTANCE_LABEL],
        [
            ago("Latest", last),
            Figure(
                title="Age",
                expression=f"(time() - ({last} > 0)) / {interval}",
                unit=FACTOR,
                at=STALE,
                cell="light",
                decimals=1,
            ),
            ago("Next", latest(names.JOB_NEXT_RUN_TIMESTAMP_SECONDS, CHOSEN, by=JOB)),
            seconds("Every", interval),
            seconds("Took", latest(names.JOB_LAST_RUN_DURATION_SECONDS, CHOSEN, by=JOB)),
            counted("Runs", own_grown(names.JOB_RUNS_TOTAL, by=JOB)),
            counted("Missed", own_grown(names.JOB_MISSED_TOTAL, by=JOB), at=ANY_IS_BAD),
            counted("Late", own_grown(names.JOB_LATE_TOTAL, by=JOB), at=ANY_IS_ODD),
            counted("Overlapped", own_grown(names.JOB_OVERLAPPED_TOTAL, by=JOB), at=ANY_IS_ODD),
        ],
        sort_by="Age",
        descending=True,
        size=Size(width=24, height=7),
    )


def _irregular() -> AnyPanel:
    def over_time(name: str) -> str:
        return f"{grown(name, CHOSEN, by='job_name', over='$__rate_interval')} > 0"

    panel = stacked(
        Says(
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
    attempts = grown(
        names.ATTEMPTS_SKIPPED_TOTAL, any_provider, CHOSEN, by="provider, reason", over="$__rate_interval"
    )
    runs = grown(names.RUNS_SKIPPED_TOTAL, CHOSEN, by="job_name, reason", over="$__rate_interval")
    return stacked(
        Says(
            "Not sent, and why",
            "Attempts: the provider asked for silence, or the rest of its limits is production's. Runs: the"
            " budget had too little left.",
            COUNT,
            "Nothing was held back in this time.",
        ),
        ask(f"{attempts} > 0", "{{provider}}: {{reason}}"),
        ask(f"{runs} > 0", "run of {{job_name}}: {{reason}}", "B"),
    )
