"""A list of values as one parameter: a JSON text that the database takes apart.

So a statement has one form however many values are asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Select, func, literal_column, select

from careplan_service.store.bind import Binds


def listed(values: Iterable[str | int]) -> str:
    """The values, each once, as the parameter that `elements` takes."""
    return json.dumps(list(dict.fromkeys(values)), ensure_ascii=False)


def elements(binds: Binds, *, sqlite: bool, numbers: bool = False) -> Select[Any]:
    """The values of one `listed` parameter as a query, for `IN`."""
    given = binds.text("[]")
    if sqlite:
        return select(literal_column("value")).select_from(func.json_each(given))
    made = func.json_array_elements_text(given.op("::")(literal_column("json"))).table_valued("value")
    return select(made.c.value.cast(BigInteger) if numbers else made.c.value)
