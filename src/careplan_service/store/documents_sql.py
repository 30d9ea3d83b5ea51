"""`_text` and `_content` in SQL: a word in the stored document or in its narrative.

https://hl7.org/fhir/R4/search.html#text
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, cast, exists, func, literal_column, select
from sqlalchemy import Text as PlainText

from careplan_service.access.filters import Mentions
from careplan_service.store.bind import Binds
from careplan_service.store.consent_sql import ONE
from careplan_service.store.tables import document

Column = ColumnElement[Any]


def mentions(wanted: Mentions, r: FromClause, binds: Binds, within: str) -> Column:
    """Whether the word, in lower case, stands there; SQLite and PostgreSQL read JSON each in its own way."""
    row = document.alias()
    text = (_in_sqlite if within == "instr" else _in_postgresql)(row.c.body, wanted.narrative)
    held = getattr(func, within)(text, binds.text(wanted.word)) > 0
    return exists(select(ONE).select_from(row).where(row.c.vid == r.c.vid, held).correlate_except(row))


def _in_sqlite(body: Column, narrative: bool) -> Column:
    text = cast(body, PlainText)
    held = func.json_extract(_document(text), literal_column("'$.text.div'"))
    return func.lower(func.coalesce(held, "") if narrative else text)


def _document(text: Column) -> Column:
    """The text, or NULL for the nothing of a deletion: a hidden one must not break a search off."""
    return func.nullif(text, literal_column("''"))


def _in_postgresql(body: Column, narrative: bool) -> Column:
    text = func.convert_from(body, literal_column("'UTF8'"))
    if narrative:
        text = func.coalesce(_document(text).op("::json #>>")(literal_column("'{text,div}'")), "")
    return func.lower(text.collate("C"))
