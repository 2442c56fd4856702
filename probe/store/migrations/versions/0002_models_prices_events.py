"""What providers list, what sources say of prices, what happened, and what providers report of a request."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The types of `probe.store.columns` as they were when this was written: a migration never changes.
_ID = sa.String(36).with_variant(sa.Uuid(), "postgresql")
_DATE = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")
_MONEY: sa.types.TypeEngine[Any] = sa.REAL().with_variant(sa.Numeric(), "postgresql")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _extend_models()
    _extend_prices()
    _extend_results()
    op.add_column("runs", sa.Column("note", sa.Text))
    _create_discovery_runs()
    _create_events()
    _create_price_quotes()


def _extend_models() -> None:
    for column in (
        sa.Column("display_name", sa.Text),
        sa.Column("max_output_tokens", sa.BigInteger),
        sa.Column("input_modalities", _JSON),
        sa.Column("output_modalities", _JSON),
        sa.Column("released_at", _DATE),
        sa.Column("lifecycle", sa.Text),
        sa.Column("deprecated_on", sa.Date),
        sa.Column("retires_on", sa.Date),
        sa.Column("replaced_by", sa.Text),
        sa.Column("listed_first_at", _DATE),
        sa.Column("listed_last_at", _DATE),
        sa.Column("vanished_at", _DATE),
    ):
        op.add_column("models", column)


def _extend_prices() -> None:
    for column in (
        sa.Column("cache_write_price_per_m", _MONEY),
        sa.Column("reasoning_price_per_m", _MONEY),
        sa.Column("request_usd", _MONEY, nullable=False, server_default=sa.text("0")),
        sa.Column("tiers", _JSON),
        sa.Column("currency", sa.Text, nullable=False, server_default=sa.text("'USD'")),
        sa.Column("effective_on", sa.Date),
        sa.Column("fetched_at", _DATE),
    ):
        op.add_column("prices", column)


def _extend_results() -> None:
    for column in (
        sa.Column("cache_write_tokens", sa.BigInteger),
        sa.Column("reported_source", sa.Text),
        sa.Column("reported_load_seconds", sa.Double),
        sa.Column("reported_queue_seconds", sa.Double),
        sa.Column("reported_prompt_seconds", sa.Double),
        sa.Column("reported_prompt_tokens", sa.BigInteger),
        sa.Column("reported_completion_seconds", sa.Double),
        sa.Column("reported_completion_tokens", sa.BigInteger),
        sa.Column("reported_ttft_seconds", sa.Double),
        sa.Column("reported_itl_seconds", sa.Double),
        sa.Column("reported_total_seconds", sa.Double),
        sa.Column("reported_cost_usd", _MONEY),
        sa.Column("reported_upstream", sa.Text),
    ):
        op.add_column("benchmark_results", column)
    op.drop_index("ix_benchmark_results_run_id", "benchmark_results")
    op.create_index(
        "ix_benchmark_results_run_id",
        "benchmark_results",
        ["run_id", "provider", "created_at", "success", "cost_usd"],
    )


def _create_discovery_runs() -> None:
    op.create_table(
        "discovery_runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("triggered_by", sa.Text, nullable=False),
        sa.Column("started_at", _DATE, nullable=False),
        sa.Column("finished_at", _DATE),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("listed", sa.BigInteger, nullable=False),
        sa.Column("appeared", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("vanished", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("owner", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_discovery_runs"),
    )
    op.create_index("ix_discovery_runs_provider", "discovery_runs", ["provider", "started_at"])
    op.create_index("ix_discovery_runs_started_at", "discovery_runs", ["started_at"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", _DATE, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("data", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint(
            "kind", "provider", "model", "scope", "key", name="uq_events_kind_provider_model_scope_key"
        ),
    )
    op.create_index("ix_events_at", "events", ["at", "id"])


def _create_price_quotes() -> None:
    op.create_table(
        "price_quotes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("price", _JSON, nullable=False),
        sa.Column("fetched_at", _DATE, nullable=False),
        sa.Column("effective_on", sa.Date),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("decided_at", _DATE),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_price_quotes"),
    )
    for status in ("current", "held"):
        op.create_index(
            f"ix_price_quotes_{status}",
            "price_quotes",
            ["source", "provider", "model"],
            unique=True,
            sqlite_where=sa.text(f"status = '{status}'"),
            postgresql_where=sa.text(f"status = '{status}'"),
        )
    op.create_index("ix_price_quotes_decided_at", "price_quotes", ["decided_at"])
    op.create_index("ix_price_quotes_model", "price_quotes", ["provider", "model", "fetched_at"])
