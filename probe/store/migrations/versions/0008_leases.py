"""A run is open for as long as its owner renews a lease; one run of a job at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_DATE = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")
_OPEN = sa.text("finished_at IS NULL AND triggered_by IN ('schedule', 'start')")


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("renewed_at", _DATE, nullable=False),
        sa.Column("expires_at", _DATE, nullable=False),
        sa.Column("process", sa.Text),
        sa.PrimaryKeyConstraint("owner", name="pk_leases"),
    )
    _close_open_runs()
    op.create_index(
        "ix_runs_one_at_a_time",
        "runs",
        ["run_name"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def _close_open_runs() -> None:
    """No owner has a lease, so what is open was left so; two of one job would not fit the index."""
    op.execute(
        "UPDATE slots SET status = 'interrupted' "
        "WHERE run_id IN (SELECT id FROM runs WHERE finished_at IS NULL)"
    )
    op.execute(
        "UPDATE runs SET status = 'interrupted', finished_at = coalesce("
        "(SELECT max(created_at) FROM benchmark_results WHERE run_id = runs.id GROUP BY run_id), started_at) "
        "WHERE finished_at IS NULL"
    )
