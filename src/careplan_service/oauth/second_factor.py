"""The second factor: codes of six digits that an authenticator app makes from a shared secret and the time.

https://www.rfc-editor.org/rfc/rfc6238#section-5.2 (no code twice), #section-4 (SHA-1, 30 seconds, 6 digits)
"""

from __future__ import annotations

import re

from pyotp import TOTP, random_base32
from pyotp.utils import strings_equal

ISSUER = "Careplan Service"

_STEP_SECONDS = 30
_DRIFT_STEPS = 1  # a clock that is half a minute off, or a code that was typed slowly
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """A fresh secret of 160 bits in base 32."""
    return random_base32()


def step_of(secret: str, code: str, now: int, last: int) -> int | None:
    """The time step whose code this is, later than the `last` one used; None when it is none.

    `now` is in seconds since the epoch; blanks in the code do not count.
    """
    digits = "".join(code.split())
    if not _CODE.fullmatch(digits):
        return None
    present, made = now // _STEP_SECONDS, TOTP(secret)
    near = range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1)
    fitting = [step for step in near if strings_equal(made.generate_otp(step), digits)]
    return next((step for step in fitting if step > last), None)


def otpauth_uri(secret: str, username: str) -> str:
    """What an authenticator app reads. https://github.com/google/google-authenticator/wiki/Key-Uri-Format"""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def qr_code(uri: str) -> str:
    """The QR code as an SVG element, dark on light in either colour scheme."""
    import segno  # most starts draw none

    label = "QR code for your authenticator app"
    drawn: str = segno.make(uri, error="m").svg_inline(scale=5, dark="#000", light="#fff", svgclass="qr")
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
