"""A list of values as one parameter: a JSON text that the database takes apart.

So a statement has one form however many values are asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, any_, func, literal_column, select

from careplan_service.store.bind import Binds


def listed(values: Iterable[str | int]) -> str:
    """The values, each once, as the parameter that `elements` takes."""
    return json.dumps(list(dict.fromkeys(values)), ensure_ascii=False)


def elements(binds: Binds, *, sqlite: bool, numbers: bool = False) -> Select[Any]:
    """The values of one `listed` parameter as a query."""
    given = binds.text("[]")
    if sqlite:
        return select(literal_column("value")).select_from(func.json_each(given))
    made = func.json_array_elements_text(given.op("::")(literal_column("json"))).table_valued("value")
    return select(made.c.value.cast(BigInteger) if numbers else made.c.value)


def is_among(
    column: ColumnElement[Any], binds: Binds, *, sqlite: bool, numbers: bool = False
) -> ColumnElement[bool]:
    """Whether a column has one of the values of a `listed` parameter.

    PostgreSQL looks up in an index what an array holds; of a query it guesses that it has a hundred rows,
    and rather reads the whole index.
    """
    given = elements(binds, sqlite=sqlite, numbers=numbers)
    return column.in_(given) if sqlite else column == any_(func.array(given.scalar_subquery()))
