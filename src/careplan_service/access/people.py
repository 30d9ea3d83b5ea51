"""People who sign in, their sessions, and how many attempts they have.

https://pages.nist.gov/800-63-4/sp800-63b.html#throttle (rate limiting) and #sec5 (sessions)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

IDLE_SECONDS = 30 * 60
"""A session that nobody used for this long is over."""
ABSOLUTE_SECONDS = 12 * 60 * 60
"""A session is over after this long, used or not."""
BETWEEN_STEPS_SECONDS = 5 * 60
"""How long after the password the code of the second factor is waited for."""

LOCK_SECONDS: Mapping[int, int] = {5: 60, 6: 120, 7: 300, 8: 900}
"""For how long the fifth failure in a row, and each further one, locks an account."""
LONGEST_LOCK_SECONDS = 3600
ADDRESS_SECONDS = 600
"""The window in which the failures of one network address are counted."""
MOST_FROM_ADDRESS = 30
"""Failures of one address in a window; a whole office may share one."""


@dataclass(frozen=True)
class User:
    """A person who can sign in.

    `username` is folded (`oauth/people.py`), `fhir_user` a relative reference such as `Practitioner/x`,
    `organization` one such as `Organization/x`. `totp_secret` is sealed, empty without a second factor;
    `totp_step` is the last time step whose code was used. Who signs in with an OpenID provider is `subject`
    to that `issuer`; `password_hash` is empty for who does only that. Moments are in seconds since the epoch.
    """

    id: str
    username: str
    password_hash: str = field(repr=False)
    fhir_user: str
    organization: str
    totp_secret: str = field(default="", repr=False)
    totp_step: int = 0
    failures: int = 0
    locked_until: int = 0
    enabled: bool = True
    created: int = 0
    issuer: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Session:
    """Who is signed in since when, in seconds since the epoch.

    While `complete` is False the password was right and the code is waited for. `offered` is a sealed
    secret that was shown and is no second factor yet. `digest` is the SHA-256 of the id, in hex; `address`
    the network address that it was opened from.
    """

    digest: str = field(repr=False)
    user: User
    created: int
    seen: int
    complete: bool
    offered: str = field(default="", repr=False)
    address: str = ""


@dataclass(frozen=True)
class Attempt:
    """An attempt that was counted before anything was compared.

    `from_address` counts it in, `taken` says whether the account is there, enabled and not locked;
    `locked_until` is what holds if it fails, 0 for no lock.
    """

    from_address: int
    taken: bool
    locked_until: int = 0


@dataclass(frozen=True)
class Entered:
    """A session was opened: the new id for the cookie, and whether no step is left."""

    cookie: str = field(repr=False)
    complete: bool


@dataclass(frozen=True)
class Offer:
    """A secret for an authenticator app, to be typed, and its QR code as an SVG element."""

    secret: str = field(repr=False)
    qr: str = field(repr=False)


@dataclass(frozen=True)
class Changed:
    """The session that is left after a change, and the recovery codes that are shown this once."""

    cookie: str = field(repr=False)
    codes: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Leaving:
    """Where an OpenID provider is asked who is there, and what the browser keeps until it is back."""

    url: str = field(repr=False)
    kept: str = field(repr=False)


@dataclass(frozen=True)
class Back:
    """Who was sent to an OpenID provider is back, and who it is: the page to go on to, and the session."""

    following: str
    entered: Entered
