"""What panels about the probe itself have in common."""

from __future__ import annotations

from dashboards.palette import GREEN, RED, YELLOW
from dashboards.query import grown, metric
from dashboards.style import Steps
from dashboards.tables import Label

NO_PROBE = "No probe is scraped: is the daemon up, does Prometheus reach it?"
ALL_WELL = "None in this time."
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
