"""Where a page begins, sealed: a place tells how much lies between two rows, also of what is hidden.

AES-SIV is deterministic, so a page asked for twice is the same to the byte.
https://www.rfc-editor.org/rfc/rfc5297 and https://hl7.org/fhir/R4/http.html#paging
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Cursor

_LONGEST = 8000  # characters of a cursor; one sort key is at most a long text


class Cursors:
    """Seals the cursors of `next` links; `secret` gives 64 bytes that every worker shares."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def sealed(self, cursor: Cursor, bound: str) -> str:
        """The text of a cursor that opens only for the same caller and question, which `bound` names."""
        place = orjson.dumps([cursor.origin, *cursor.keys])
        return _written(AESSIV(self._secret()).encrypt(place, [bound.encode()]))

    def opened(self, text: str, bound: str) -> Cursor:
        """The cursor sealed for the same caller and question: a place, never a permission.

        Raises Malformed (400).
        """
        try:
            if len(text) > _LONGEST:
                raise ValueError
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            origin, *keys = orjson.loads(AESSIV(self._secret()).decrypt(sealed, [bound.encode()]))
        except (InvalidTag, ValueError):
            sealed = b""
        if not sealed or _written(sealed) != text:
            raise Malformed("`_cursor` was not made here for this search; start again from the first page")
        return Cursor(tuple(keys), origin)


def _written(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")
