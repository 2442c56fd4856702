"""The tables of delivery: how far each exporter has come in each journal, and what its sink refused.

A journal is a table whose rows are numbered in the order of storing: `results`, `events`, `prices`.
"""

from __future__ import annotations

import sqlalchemy as sa

from probe.store.columns import Identifier, UtcDate
from probe.store.metadata import metadata

delivery_cursors = sa.Table(
    "delivery_cursors",
    metadata,
    sa.Column("exporter", sa.Text, primary_key=True),
    sa.Column("journal", sa.Text, primary_key=True, doc="of what: results, events, prices"),
    sa.Column("position", sa.BigInteger, nullable=False, doc="sequence of the last row delivered"),
    sa.Column("updated_at", UtcDate, nullable=False),
    info={"doc": "How far each exporter has come."},
)

delivery_refusals = sa.Table(
    "delivery_refusals",
    metadata,
    sa.Column("exporter", sa.Text, primary_key=True),
    sa.Column("journal", sa.Text, primary_key=True, doc="of what: results, events, prices"),
    # No foreign key: an older backup, which lacks this table, could not be restored under it.
    sa.Column("record_id", Identifier, primary_key=True, doc="the id of its row"),
    sa.Column("refused_at", UtcDate, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, doc="what the sink said"),
    info={"doc": "What a sink will never accept; what comes after it was delivered."},
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, doc="benchmark_results, events, prices"),
    sa.Column("value", sa.BigInteger, nullable=False),
    info={"doc": "The last sequence given out; its row is locked until the rows that got it are visible."},
)
