"""Which settings go together: what would be ignored in silence or break at the first request is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from careplan_service.errors import Malformed
from careplan_service.resources.r4.reading import DEEPEST

if TYPE_CHECKING:
    from careplan_service.settings import Settings

PREFIX = "CAREPLAN_"
_CONSENT_PROFILES = ("strict", "spec")
_LOG_LEVELS = ("debug", "info", "warning", "error")
_REFERENCES = ("enforced", "open")
_BREAK_GLASS = ("off", "consent-only", "policy")
_LONGEST_GLASS = 24 * 3600
_LONGEST_APP_TOKEN = 3600  # SMART App Launch: no more than an hour
_REGISTRATIONS = ("off", "approved", "statement")
_CLAIM = re.compile(r"(?:client|scope|purpose)=\S+")
_ISSUER = re.compile(
    r"https://[^\s?#@]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?:/[^\s?#@]*)?"
)
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?")  # as browsers write it: no path, lower case
_OF_OWN_SERVER = (
    "sign_in_issuer",
    "local_passwords",
    "registration",
    "software_statement_issuers",
    "udap_anchors",
    "udap_certificate",
    "udap_key",
    "app_token_seconds",
    "proxies",
)
"""What nobody reads while our own authorization server is off."""


def check(settings: Settings) -> None:
    """Refuse what would be ignored in silence or break at the first request. Raises Malformed."""
    if not settings.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        text = "write `sqlite:///FILE` or `postgresql+psycopg://USER@HOST/NAME`"
        raise Malformed(f"`{PREFIX}DATABASE_URL` is `{settings.database_url}`; {text}")
    if not settings.base_url.startswith(("http://", "https://")):
        raise Malformed(f"`{PREFIX}BASE_URL` is `{settings.base_url}`; write an http or https address")
    if settings.max_depth > DEEPEST:
        raise Malformed(f"`{PREFIX}MAX_DEPTH` is `{settings.max_depth}`; write {DEEPEST} or less")
    if settings.app_token_seconds > _LONGEST_APP_TOKEN:
        text = f"write {_LONGEST_APP_TOKEN} or less"
        raise Malformed(f"`{PREFIX}APP_TOKEN_SECONDS` is `{settings.app_token_seconds}`; {text}")
    if settings.consent_profile not in _CONSENT_PROFILES:
        raise Malformed(
            f"`{PREFIX}CONSENT_PROFILE` is `{settings.consent_profile}`; write `strict` or `spec`"
        )
    if settings.references not in _REFERENCES:
        raise Malformed(f"`{PREFIX}REFERENCES` is `{settings.references}`; write enforced or open")
    if settings.break_glass not in _BREAK_GLASS:
        known = ", ".join(_BREAK_GLASS)
        raise Malformed(f"`{PREFIX}BREAK_GLASS` is `{settings.break_glass}`; write one of {known}")
    if settings.break_glass_seconds > _LONGEST_GLASS:
        text = f"write {_LONGEST_GLASS} or less"
        raise Malformed(f"`{PREFIX}BREAK_GLASS_SECONDS` is `{settings.break_glass_seconds}`; {text}")
    if settings.log_level not in _LOG_LEVELS:
        known = ", ".join(_LOG_LEVELS)
        raise Malformed(f"`{PREFIX}LOG_LEVEL` is `{settings.log_level}`; write one of {known}")
    for issuer in settings.trusted_issuers:
        if not _ISSUER.fullmatch(issuer) or issuer == settings.base_url:
            text = "write the https address that stands in the tokens as `iss`, another than our own"
            raise Malformed(f"`{PREFIX}TRUSTED_ISSUERS` names `{issuer}`; {text}")
    for claim in settings.trusted_claims:
        if not _CLAIM.fullmatch(claim):
            text = "write `client=...`, `scope=...` or `purpose=...`"
            raise Malformed(f"`{PREFIX}TRUSTED_CLAIMS` names `{claim}`; {text}")
    for origin in settings.cors_origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            text = "write `https://host`, `https://host:port` or `*`"
            raise Malformed(f"`{PREFIX}CORS_ORIGINS` names `{origin}`; {text}")
    for custodian in settings.custodians:
        if not custodian.startswith("Organization/"):
            raise Malformed(f"`{PREFIX}CUSTODIANS` names `{custodian}`; write `Organization/id`")
    for wrong, name, text in chain(_own_server_faults(settings), _sign_in_faults(settings)):
        if wrong:
            raise Malformed(f"`{PREFIX}{name.upper()}` {text}")

    _check_registration(settings)


def _sign_in_faults(settings: Settings) -> Iterator[tuple[bool, str, str]]:
    """Whether something is wrong with a setting, and what: what belongs together is set together."""
    issuer, file = settings.sign_in_issuer, settings.sign_in_secret_file
    yield (
        bool(issuer) and not _ISSUER.fullmatch(issuer),
        "sign_in_issuer",
        f"is `{issuer}`; write the https address that stands in the provider's tokens as `iss`",
    )
    yield issuer == settings.base_url, "sign_in_issuer", "is our own address; write that of another server"
    for name in ("sign_in_client", "sign_in_secret_file"):
        yield bool(getattr(settings, name)) and not issuer, name, f"needs `{PREFIX}SIGN_IN_ISSUER`, too"
    yield (
        bool(issuer) and not settings.sign_in_client,
        "sign_in_issuer",
        f"needs `{PREFIX}SIGN_IN_CLIENT`, too",
    )
    yield (
        bool(file) and not os.access(file, os.R_OK),
        "sign_in_secret_file",
        f"is `{file}`; write the path of a file that can be read",
    )
    yield (
        not settings.local_passwords and not issuer,
        "local_passwords",
        f"is off, so nobody could sign in; set `{PREFIX}SIGN_IN_ISSUER`, too",
    )


def _own_server_faults(settings: Settings) -> Iterator[tuple[bool, str, str]]:
    """The same of what is set for our own authorization server while it is off."""
    if settings.authorization_server:
        return
    yield (
        not settings.trusted_issuers,
        "authorization_server",
        f"is off, so nobody could ask; set `{PREFIX}TRUSTED_ISSUERS`, too",
    )
    default = type(settings)()
    for name in _OF_OWN_SERVER:
        changed = getattr(settings, name) != getattr(default, name)
        yield changed, name, "is for our own authorization server, which is off"


def _check_registration(settings: Settings) -> None:
    mode, issuers = settings.registration, settings.software_statement_issuers
    udap = (settings.udap_anchors, settings.udap_certificate, settings.udap_key)
    if mode not in _REGISTRATIONS:
        raise Malformed(f"`{PREFIX}REGISTRATION` is `{mode}`; write {', '.join(_REGISTRATIONS)}")
    for issuer in issuers:
        if not _ISSUER.fullmatch(issuer):
            text = "write the https address that stands in the statements as `iss`"
            raise Malformed(f"`{PREFIX}SOFTWARE_STATEMENT_ISSUERS` names `{issuer}`; {text}")
    if any(udap) and not all(udap):
        raise Malformed(
            f"set `{PREFIX}UDAP_ANCHORS`, `{PREFIX}UDAP_CERTIFICATE` and `{PREFIX}UDAP_KEY` together"
        )
    if mode == "off" and (issuers or any(udap)):
        text = "nobody can register while `" + PREFIX + "REGISTRATION` is off; write approved or statement"
        raise Malformed(f"software statements and certificates are set, but {text}")
    if mode == "statement" and not issuers and not any(udap):
        text = f"set `{PREFIX}SOFTWARE_STATEMENT_ISSUERS` or `{PREFIX}UDAP_ANCHORS`"
        raise Malformed(f"`{PREFIX}REGISTRATION` is statement, but nobody is trusted; {text}")
