"""What sinks refused for good, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The types of `probe.store.columns` as they were when this was written: a migration never changes.
_ID = sa.String(36).with_variant(sa.Uuid(), "postgresql")
_DATE = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "refused_results",
        sa.Column("exporter", sa.Text, nullable=False),
        sa.Column("result_id", _ID, nullable=False),
        sa.Column("refused_at", _DATE, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("exporter", "result_id", name="pk_refused_results"),
    )
