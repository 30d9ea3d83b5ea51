"""Where a page begins, sealed: a place tells how much lies between two rows, also of what is hidden.

AES-SIV is deterministic, so a page asked for twice is the same to the byte.
https://www.rfc-editor.org/rfc/rfc5297 and https://hl7.org/fhir/R4/http.html#paging
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Cursor

_PLACE = struct.Struct(">qq")


class Cursors:
    """Seals the cursors of `next` links; `secret` gives 64 bytes that every worker shares."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def sealed(self, cursor: Cursor, path: str) -> str:
        """The text of a cursor for the pages at one path (`Goal`)."""
        return _written(AESSIV(self._secret()).encrypt(_PLACE.pack(*cursor), [path.encode()]))

    def opened(self, text: str, path: str) -> Cursor:
        """The cursor sealed for the same path: a place, never a permission. Raises Malformed (400)."""
        try:
            sealed = base64.b64decode(text + "=", b"-_", validate=True)
            place = AESSIV(self._secret()).decrypt(sealed, [path.encode()])
        except (InvalidTag, ValueError):
            place = b""
        if len(place) != _PLACE.size or _written(sealed) != text:
            raise Malformed("`_cursor` was not made here; start again from the first page")
        return Cursor(*_PLACE.unpack(place))


def _written(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().removesuffix("=")
