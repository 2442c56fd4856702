"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The types of `probe.store.columns` as they were when this was written: a migration never changes.
_ID = sa.String(36).with_variant(sa.Uuid(), "postgresql")
_DATE = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")
_MONEY: sa.types.TypeEngine[Any] = sa.REAL().with_variant(sa.Numeric(), "postgresql")
_FIGURE = _MONEY
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _create_counters()
    _create_exporter_cursors()
    _create_providers()
    _create_runs()
    _create_models()
    _create_slots()
    _create_benchmark_results()
    _create_prices()


def _create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.execute("INSERT INTO counters (name, value) VALUES ('benchmark_results', 0)")


def _create_exporter_cursors() -> None:
    op.create_table(
        "exporter_cursors",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("updated_at", _DATE, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_exporter_cursors"),
    )


def _create_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("logo_url", sa.Text),
        sa.Column("created_at", _DATE, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
        sa.UniqueConstraint("name", name="uq_providers_name"),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("run_name", sa.Text, nullable=False),
        sa.Column("triggered_by", sa.Text, nullable=False),
        sa.Column("started_at", _DATE, nullable=False),
        sa.Column("finished_at", _DATE),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("suite", sa.Text, nullable=False),
        sa.Column("planned_attempts", sa.BigInteger),
        sa.Column("skipped_attempts", sa.BigInteger),
        sa.Column("owner", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_run_name", "runs", ["run_name", "started_at"])
    op.create_index(
        "ix_runs_running",
        "runs",
        ["owner"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("context_window", sa.BigInteger),
        sa.Column("created_at", _DATE, nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_models_provider_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("name", "provider_id", name="uq_models_name_provider_id"),
    )
    op.create_index("ix_models_provider_id", "models", ["provider_id"])


def _create_slots() -> None:
    op.create_table(
        "slots",
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("planned_at", _DATE, nullable=False),
        sa.Column("last_planned_at", _DATE, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("late_seconds", sa.Double),
        sa.Column("run_id", _ID),
        sa.Column("created_at", _DATE, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_slots_run_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("job", "planned_at", name="pk_slots"),
    )
    op.create_index("ix_slots_run_id", "slots", ["run_id"])


def _create_benchmark_results() -> None:
    op.create_table(
        "benchmark_results",
        sa.Column("id", _ID, nullable=False),
        sa.Column("run_id", _ID, nullable=False),
        sa.Column("provider_id", _ID),
        sa.Column("model_id", _ID),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("total_latency_ms", _FIGURE),
        sa.Column("ttft_ms", _FIGURE),
        sa.Column("tps", _FIGURE),
        sa.Column("status_code", sa.Integer),
        sa.Column("success", sa.Boolean, nullable=False),
        sa.Column("error_message", sa.Text),
        sa.Column("response_text", sa.Text),
        sa.Column("cost_usd", _MONEY, nullable=False),
        sa.Column("created_at", _DATE, nullable=False),
        sa.Column("cost_known", sa.Boolean, nullable=False),
        sa.Column("input_tokens_known", sa.Boolean, nullable=False),
        sa.Column("output_tokens_known", sa.Boolean, nullable=False),
        sa.Column("tokens_source", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("suite", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("prompt_hash", sa.Text, nullable=False),
        sa.Column("streaming", sa.Boolean, nullable=False),
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("reused", sa.Boolean, nullable=False),
        sa.Column("planned_at", _DATE, nullable=False),
        sa.Column("started_at", _DATE, nullable=False),
        sa.Column("lag_seconds", sa.Double, nullable=False),
        sa.Column("probe_lag_seconds", sa.Double),
        sa.Column("stamps", sa.Text, nullable=False),
        sa.Column("trusted", sa.Boolean, nullable=False),
        sa.Column("failure_kind", sa.Text),
        sa.Column("fault", sa.Text),
        sa.Column("retry_after_seconds", sa.Double),
        sa.Column("dns_seconds", sa.Double),
        sa.Column("connect_seconds", sa.Double),
        sa.Column("proxy_seconds", sa.Double),
        sa.Column("tls_seconds", sa.Double),
        sa.Column("send_seconds", sa.Double),
        sa.Column("ttfb_seconds", sa.Double),
        sa.Column("ttft_server_seconds", sa.Double),
        sa.Column("ttfa_seconds", sa.Double),
        sa.Column("drain_seconds", sa.Double),
        sa.Column("duration_seconds", sa.Double, nullable=False),
        sa.Column("itl_seconds", sa.Double),
        sa.Column("stream_jitter_seconds", sa.Double),
        sa.Column("chunk_gaps", sa.LargeBinary, nullable=False),
        sa.Column("tps_steady", sa.Double),
        sa.Column("cached_input_tokens", sa.BigInteger),
        sa.Column("reasoning_tokens", sa.BigInteger),
        sa.Column("input_price_per_m", _MONEY),
        sa.Column("output_price_per_m", _MONEY),
        sa.Column("price_source", sa.Text),
        sa.Column("reasoning_text", sa.Text),
        sa.Column("finish_reason", sa.Text),
        sa.Column("served_model", sa.Text),
        sa.Column("provider_request_id", sa.Text),
        sa.Column("system_fingerprint", sa.Text),
        sa.Column("rate_limit", _JSON, nullable=False),
        sa.Column("peer_address", sa.Text),
        sa.Column("tls_version", sa.Text),
        sa.Column("http_version", sa.Text),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_benchmark_results_model_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_benchmark_results_provider_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_benchmark_results_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_benchmark_results"),
        sa.UniqueConstraint("sequence", name="uq_benchmark_results_sequence"),
    )
    op.create_index(
        "ix_benchmark_results_created_at",
        "benchmark_results",
        [
            "created_at",
            "sequence",
            "target",
            "connection",
            "success",
            "trusted",
            "reused",
            "failure_kind",
            "ttft_ms",
            "total_latency_ms",
            "tps",
            "input_tokens",
            "output_tokens",
            "cost_usd",
            "cost_known",
        ],
    )
    op.create_index(
        "ix_benchmark_results_failed",
        "benchmark_results",
        ["created_at", "sequence"],
        sqlite_where=sa.text("NOT success"),
        postgresql_where=sa.text("NOT success"),
    )
    op.create_index("ix_benchmark_results_model", "benchmark_results", ["model", "created_at", "sequence"])
    op.create_index("ix_benchmark_results_model_id", "benchmark_results", ["model_id", "created_at"])
    op.create_index(
        "ix_benchmark_results_provider", "benchmark_results", ["provider", "created_at", "sequence"]
    )
    op.create_index("ix_benchmark_results_provider_id", "benchmark_results", ["provider_id"])
    op.create_index("ix_benchmark_results_run_id", "benchmark_results", ["run_id", "success"])
    op.create_index("ix_benchmark_results_target", "benchmark_results", ["target", "created_at", "sequence"])


def _create_prices() -> None:
    op.create_table(
        "prices",
        sa.Column("id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("model_id", _ID, nullable=False),
        sa.Column("input_price_per_m", _MONEY, nullable=False),
        sa.Column("output_price_per_m", _MONEY, nullable=False),
        sa.Column("cached_input_price_per_m", _MONEY),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("timestamp", _DATE, nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_prices_model_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_prices_provider_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
    )
    op.create_index("ix_prices_model_id_timestamp", "prices", ["model_id", "timestamp"])
    op.create_index("ix_prices_provider_id", "prices", ["provider_id"])
    op.create_index("ix_prices_timestamp", "prices", ["timestamp"])
