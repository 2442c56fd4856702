"""Results say which gateway answered at which try, and why an engine said nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("benchmark_results", sa.Column("gateway", sa.Text))
    op.add_column("benchmark_results", sa.Column("gateway_tries", sa.Integer))
    op.add_column("benchmark_results", sa.Column("unreported", sa.Text))
    op.add_column("benchmark_results", sa.Column("later_try_ttft_seconds", sa.Double))
