"""Alembic's entry: it runs on the connection, and in the transaction, that the caller holds."""

import sqlalchemy as sa
from alembic import context

from probe.store.schema import metadata

connection: sa.Connection = context.config.attributes["connection"]
# SQLite alters a table by copying it: batch mode does so.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
