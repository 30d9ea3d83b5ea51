"""Where a page begins, sealed: a place tells how much lies between two rows, also of what is hidden.

AES-SIV is deterministic, so a page asked for twice is the same to the byte.
https://www.rfc-editor.org/rfc/rfc5297 and https://hl7.org/fhir/R4/http.html#paging
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from careplan_service.errors import Malformed
from careplan_service.interactions.records import Cursor

_LONGEST = 8000  # characters of a cursor; one sort key is at most a long text


class Cursors:
    """Seals the cursors of `next` links.

    `secrets` gives what every worker shares, 64 bytes each: the first one seals, each of them opens,
    so that a link that is out stays good when another secret comes first.
    """

    def __init__(self, secrets: Callable[[], Sequence[bytes]]) -> None:
        self._secrets = secrets

    def sealed(self, cursor: Cursor, bound: str) -> str:
        """The text of a cursor that opens only for the same caller and question, which `bound` names."""
        # As long for every place: how long it is would tell how much there is, hidden rows too.
        place = orjson.dumps([f"{cursor.origin:019d}", *cursor.keys])
        return _written(AESSIV(self._secrets()[0]).encrypt(place, [bound.encode()]))

    def opened(self, text: str, bound: str) -> Cursor:
        """The cursor sealed for the same caller and question: a place, never a permission.

        Raises Malformed (400).
        """
        try:
            if len(text) > _LONGEST:
                raise ValueError
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        except ValueError:
            sealed = b""
        place = self._place(sealed, bound)
        if place is None or _written(sealed) != text:
            raise Malformed("`_cursor` was not made here for this search; start again from the first page")
        origin, *keys = orjson.loads(place)
        return Cursor(tuple(keys), int(origin))

    def _place(self, sealed: bytes, bound: str) -> bytes | None:
        for secret in self._secrets():
            try:
                return AESSIV(secret).decrypt(sealed, [bound.encode()])
            except (InvalidTag, ValueError):
                continue
        return None


def _written(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")
