"""The index of recent attempts tells which suite was asked; one program at a time delivers to an exporter."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

_NAME = "ix_benchmark_results_created_at"
_COLUMNS = (
    *("created_at", "sequence", "target", "connection", "success", "trusted", "reused", "failure_kind"),
    *("ttft_ms", "total_latency_ms", "tps", "input_tokens", "output_tokens", "cost_usd", "cost_known"),
    *("prompt_hash", "streaming", "suite"),
)


def upgrade() -> None:
    op.add_column("delivery_cursors", sa.Column("carrier", sa.Text))
    op.drop_index(_NAME, "benchmark_results")
    op.create_index(_NAME, "benchmark_results", list(_COLUMNS))
