"""Results say how a response departed from its protocol, and what a redirect took."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("benchmark_results", sa.Column("remarks", sa.Text))
    op.add_column("benchmark_results", sa.Column("redirect_seconds", sa.Double))
