"""The tables of what agencies add to the catalogue; `migrations/` creates them. docs/adr/0021"""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from careplan_service.store.tables import Text, metadata

service_name = Table(
    "service_name",
    metadata,
    Column("organization", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    # Rows of former versions stay: what was stored under a name is read by it.
    Column("version", Integer, primary_key=True, autoincrement=False),
    *(Column(name, Text, nullable=False) for name in ("name", "kind", "method", "relation")),
)

mapped_code = Table(
    "mapped_code",
    metadata,
    Column("system", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("to", Text, nullable=False),
)
