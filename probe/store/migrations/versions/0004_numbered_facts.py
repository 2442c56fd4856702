"""Events and prices are numbered in the order of storing; a cursor and a refusal say of what they are."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The types of `probe.store.columns` as they were when this was written: a migration never changes.
_ID = sa.String(36).with_variant(sa.Uuid(), "postgresql")
_DATE = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    _number("events", "at")
    _number("prices", '"timestamp"')
    _replace_cursors()
    _replace_refusals()


def _number(table: str, instant: str) -> None:
    """What is there is numbered in the order of time."""
    op.add_column(table, sa.Column("sequence", sa.BigInteger))
    op.execute(
        f"UPDATE {table} SET sequence = numbered.place "  # noqa: S608  names of tables, from above
        f"FROM (SELECT id, row_number() OVER (ORDER BY {instant}, id) AS place FROM {table}) AS numbered "
        f"WHERE numbered.id = {table}.id"
    )
    op.create_index(f"ix_{table}_sequence", table, ["sequence"], unique=True)
    op.execute(
        f"INSERT INTO counters (name, value) "  # noqa: S608  as above
        f"SELECT '{table}', coalesce(max(sequence), 0) FROM {table}"
    )


def _replace_cursors() -> None:
    op.create_table(
        "delivery_cursors",
        sa.Column("exporter", sa.Text, nullable=False),
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("updated_at", _DATE, nullable=False),
        sa.PrimaryKeyConstraint("exporter", "journal", name="pk_delivery_cursors"),
    )
    op.execute(
        "INSERT INTO delivery_cursors (exporter, journal, position, updated_at) "
        "SELECT name, 'results', position, updated_at FROM exporter_cursors"
    )
    op.drop_table("exporter_cursors")


def _replace_refusals() -> None:
    op.create_table(
        "delivery_refusals",
        sa.Column("exporter", sa.Text, nullable=False),
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("record_id", _ID, nullable=False),
        sa.Column("refused_at", _DATE, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("exporter", "journal", "record_id", name="pk_delivery_refusals"),
    )
    op.execute(
        "INSERT INTO delivery_refusals (exporter, journal, record_id, refused_at, reason) "
        "SELECT exporter, 'results', result_id, refused_at, reason FROM refused_results"
    )
    op.drop_table("refused_results")
