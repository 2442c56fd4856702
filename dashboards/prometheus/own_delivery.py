"""Panels of delivery to the sinks: backlog, age, errors."""

from __future__ import annotations

from dashboards.board import Row
from dashboards.palette import GREEN, RED, YELLOW
from dashboards.panels import (
    AnyPanel,
    Says,
    Size,
    ask,
    graph,
)
from dashboards.prometheus.own import (
    CHOSEN,
    EXPORTER,
    INSTANCE_LABEL,
    own_grown,
)
from dashboards.query import latest
from dashboards.style import (
    ANY_IS_BAD,
    ANY_IS_ODD,
    COUNT,
    SECONDS,
    Steps,
)
from dashboards.tables import Label, ago, counted, seconds, table
from probe.metrics import names

_BEHIND: Steps = ((None, GREEN), (300, YELLOW), (3600, RED))


def delivery() -> Row:
    return Row(title="Delivery", panels=(_deliveries(), _backlog(), _age()))


def _deliveries() -> AnyPanel:
    def now(name: str) -> str:
        return latest(name, CHOSEN, by=EXPORTER)

    return table(
        Says(
            "Exporters",
            "Pending: stored and not handed on yet. Refused: the sink will never accept them; `probe export"
            " status`.",
            COUNT,
            "No exporter is enabled.",
        ),
        [Label(name="exporter", title="Exporter"), INSTANCE_LABEL],
        [
            counted("Pending", now(names.EXPORTER_PENDING_SAMPLES)),
            seconds("Behind", now(names.EXPORTER_OLDEST_PENDING_SECONDS), at=_BEHIND, cell="light"),
            ago("Latest", now(names.EXPORTER_LAST_DELIVERY_TIMESTAMP_SECONDS)),
            counted("Delivered", own_grown(names.EXPORTER_DELIVERED_SAMPLES_TOTAL, by=EXPORTER)),
            counted("Errors", own_grown(names.EXPORTER_ERRORS_TOTAL, by=EXPORTER), at=ANY_IS_ODD),
            counted("Refused", own_grown(names.EXPORTER_REFUSED_SAMPLES_TOTAL, by=EXPORTER), at=ANY_IS_BAD),
        ],
        sort_by="Behind",
        descending=True,
        size=Size(width=24, height=6),
    )


def _backlog() -> AnyPanel:
    return graph(
        Says(
            "Backlog",
            "Samples that wait to be handed on. It rises while a sink is down and falls at its return.",
            COUNT,
            "No exporter is enabled.",
        ),
        ask(latest(names.EXPORTER_PENDING_SAMPLES, CHOSEN, by=EXPORTER), "{{exporter}} {{instance}}"),
    )


def _age() -> AnyPanel:
    return graph(
        Says(
            "Age of the backlog",
            "How long ago the oldest attempt ended that a sink has not had.",
            SECONDS,
            "No exporter is enabled.",
        ),
        ask(latest(names.EXPORTER_OLDEST_PENDING_SECONDS, CHOSEN, by=EXPORTER), "{{exporter}} {{instance}}"),
    )
