"""The tables of what was looked up and of what happened: model lists, prices as sources give them, events.

Providers and models are text here: a row outlives what it is about.
"""

import sqlalchemy as sa

from probe.store.columns import Identifier, Json, UtcDate, metadata

discovery_runs = sa.Table(
    "discovery_runs",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False, doc="name in the configuration"),
    sa.Column("triggered_by", sa.Text, nullable=False, doc="schedule, start (of the daemon), api, cli"),
    sa.Column("started_at", UtcDate, nullable=False, index=True),
    sa.Column("finished_at", UtcDate, doc="null while running; the start of an interrupted one"),
    sa.Column("status", sa.Text, nullable=False, doc="running, complete, failed, interrupted"),
    sa.Column("listed", sa.BigInteger, nullable=False, doc="models in the list"),
    sa.Column("appeared", sa.BigInteger, nullable=False, doc="how many of them were not listed before"),
    sa.Column("changed", sa.BigInteger, nullable=False, doc="how many of them are listed differently"),
    sa.Column("vanished", sa.BigInteger, nullable=False, doc="models that are listed no longer"),
    sa.Column("error", sa.Text, doc="why it failed"),
    sa.Column("owner", sa.Text, nullable=False, doc="which start of which program asks"),
    info={"doc": "One row for each time that a provider was asked for its models."},
)
# The latest run of a provider.
sa.Index("ix_discovery_runs_provider", discovery_runs.c.provider, discovery_runs.c.started_at)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("at", UtcDate, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, doc="what happened, see probe/facts/event.py"),
    sa.Column("severity", sa.Text, nullable=False, doc="info, warning, critical"),
    sa.Column("provider", sa.Text, nullable=False, doc="empty where it is about none"),
    sa.Column("model", sa.Text, nullable=False, doc="empty where it is about none"),
    sa.Column("scope", sa.Text, nullable=False, doc="the budget; empty where it is about none"),
    sa.Column("key", sa.Text, nullable=False, doc="tells one occurrence from the next"),
    sa.Column("text", sa.Text, nullable=False, doc="one line for a person"),
    sa.Column("data", Json, nullable=False, doc="the same for a program; money is text"),
    sa.Column("sequence", sa.BigInteger, doc="order of storing"),
    # The same news told twice is one row: by two daemons, or after a restart.
    sa.UniqueConstraint("kind", "provider", "model", "scope", "key"),
    info={"doc": "What happened to models, prices and budgets, each occurrence once."},
)
# Newest first.
sa.Index("ix_events_at", events.c.at, events.c.id)
sa.Index("ix_events_sequence", events.c.sequence, unique=True)

price_quotes = sa.Table(
    "price_quotes",
    metadata,
    sa.Column("id", Identifier, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, doc="who says so"),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column(
        "price", Json, nullable=False, doc="exact amounts in USD, as text; see probe/catalog/prices/price.py"
    ),
    sa.Column("fetched_at", UtcDate, nullable=False, doc="when the source said so last"),
    sa.Column("effective_on", sa.Date, doc="the day from which it holds, where the source says"),
    sa.Column("status", sa.Text, nullable=False, doc="current, held (for review), rejected, superseded"),
    sa.Column("decided_at", UtcDate, doc="when it was accepted, rejected or superseded"),
    sa.Column("reason", sa.Text, doc="why it is held, or was rejected"),
    info={"doc": "What sources say that models cost, and what became of it."},
)
# One price of a source is in force, and one waits, at most.
for _status in ("current", "held"):
    sa.Index(
        f"ix_price_quotes_{_status}",
        price_quotes.c.source,
        price_quotes.c.provider,
        price_quotes.c.model,
        unique=True,
        sqlite_where=sa.text(f"status = '{_status}'"),
        postgresql_where=sa.text(f"status = '{_status}'"),
    )
# What all sources ever said of a model.
sa.Index("ix_price_quotes_model", price_quotes.c.provider, price_quotes.c.model, price_quotes.c.fetched_at)
# What is old.
sa.Index("ix_price_quotes_decided_at", price_quotes.c.decided_at)
