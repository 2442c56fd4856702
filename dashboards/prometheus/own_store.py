"""Panels of the store: size, and samples that it does not take."""

from __future__ import annotations

from dashboards.board import Row
from dashboards.palette import MUTED, RED
from dashboards.panels import (
    AnyPanel,
    Says,
    ask,
    graph,
    stacked,
)
from dashboards.prometheus.own import (
    ALL_WELL,
    CHOSEN,
    own,
)
from dashboards.query import grown, latest
from dashboards.style import (
    BYTES,
    COUNT,
    coloured,
    prop,
)
from probe.metrics import names


def store() -> Row:
    return Row(title="Store", panels=(_store_size(), _store_trouble()))


def _store_size() -> AnyPanel:
    return graph(
        Says(
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
        return f"{grown(name, CHOSEN, over='$__rate_interval')} > 0"

    panel = stacked(
        Says(
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
