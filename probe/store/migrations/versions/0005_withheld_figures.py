"""Results name the durations that the stopwatch could not tell."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("benchmark_results", sa.Column("withheld", sa.Text))
