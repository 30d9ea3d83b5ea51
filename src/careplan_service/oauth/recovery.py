"""Recovery codes: ten that are written down, each for the day when the authenticator app is gone.

https://pages.nist.gov/800-63-4/sp800-63b.html#lookupsecrets
"""

from __future__ import annotations

import re
import secrets

HOW_MANY = 10

_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another
_LENGTH, _GROUP = 16, 4  # 80 bits
_CODE = re.compile(f"[{_SIGNS}]{{{_LENGTH}}}")


def new_codes() -> tuple[str, ...]:
    """Fresh codes, in groups as they are written down."""
    return tuple(_new_code() for _ in range(HOW_MANY))


def _new_code() -> str:
    signs = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
    return "-".join(signs[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def plain_code(typed: str) -> str | None:
    """What was typed, without blanks and hyphens and in capitals, if it can be such a code."""
    plain = re.sub(r"[\s-]", "", typed).upper()
    return plain if _CODE.fullmatch(plain) else None
