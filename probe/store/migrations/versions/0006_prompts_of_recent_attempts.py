"""The index of recent attempts tells which of them answered the same prompt."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAME = "ix_benchmark_results_created_at"
_COLUMNS = (
    *("created_at", "sequence", "target", "connection", "success", "trusted", "reused", "failure_kind"),
    *("ttft_ms", "total_latency_ms", "tps", "input_tokens", "output_tokens", "cost_usd", "cost_known"),
    *("prompt_hash", "streaming"),
)


def upgrade() -> None:
    op.drop_index(_NAME, "benchmark_results")
    op.create_index(_NAME, "benchmark_results", list(_COLUMNS))
