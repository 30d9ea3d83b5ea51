"""Alembic's entry: runs on the connection that `store/migrate.py` hands in."""

from alembic import context

from careplan_service.store import clients, people_tables, receipt_tables, registration_tables  # noqa: F401 - their tables belong to the metadata
from careplan_service.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True
)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        # Several workers start at once; one migrates, the others wait and find nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7246112)")
    context.run_migrations()
connection.commit()
