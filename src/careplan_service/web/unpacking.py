"""Compressed bodies, opened only as far as a body may be long. https://www.rfc-editor.org/rfc/rfc1952"""

from __future__ import annotations

import zlib

from careplan_service.errors import Malformed, TooLarge

_GZIP = 16 + zlib.MAX_WBITS


def unzipped(data: bytes, most: int) -> bytes:
    """What one gzip member holds. Raises TooLarge above `most` bytes, Malformed for what is none."""
    opening = zlib.decompressobj(_GZIP)
    try:
        opened = opening.decompress(data, most + 1)
    except zlib.error:
        raise Malformed("the body is not gzip as `Content-Encoding` says; send it uncompressed") from None
    if len(opened) > most:
        raise TooLarge(f"a body has at most {most} bytes when it is opened")
    if not opening.eof or opening.unused_data:
        raise Malformed("the body is not one whole gzip member; send it again, or uncompressed")
    return opened
