"""Settings: every environment variable of the service, read once. No secret has a default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from careplan_service.errors import Malformed
from careplan_service.settings_checks import PREFIX as PREFIX
from careplan_service.settings_checks import check

_SWITCH = {"on": True, "off": False}

ABOUT: Mapping[str, str] = {
    "database_url": "where records are kept: `sqlite:///FILE` or `postgresql+psycopg://USER@HOST/NAME`",
    "base_url": "the address clients use",
    "custodians": "the organisations whose staff run this service, `Organization/a,Organization/b`; "
    "empty: those of the registered agency clients",
    "consent_profile": "how consents are read: `strict`, or `spec`, the literal reading of the sources "
    "(docs/consent.md); after a change run `careplan db reindex`",
    "keys_dir": "where the keys lie; made at the first start",
    "trusted_issuers": "other authorization servers whose access tokens are accepted, `https://idp.example.org,...`",
    "trusted_claims": "where their tokens say the client, the scopes and the purpose of use: "
    "`client=azp,scope=scp,purpose=pou`; empty: client_id or azp, scope or scp, purpose_of_use",
    "log_level": "`debug`, `info`, `warning` or `error`",
    "audit": "`off` leaves no audit rows for reads and searches: for measuring only",
    "max_body": "the largest request body taken, in bytes",
    "max_depth": "the most levels of objects and lists in a body, 50 or fewer",
    "max_entries": "the most entries taken in one batch or transaction",
    "max_parameters": "the most parameters of one search",
    "max_values": "the most values that one search compares",
    "max_included": "the most resources that one page brings besides its matches",
    "max_seconds": "how long one question to the database may take, in seconds",
    "references": "`enforced`: a reference must point to what is here, and what is referred to is not "
    "deleted; `open`: neither is looked at",
    "cors_origins": "the origins whose pages may ask from a browser, `https://app.example.org,...`; `*`: any;"
    " what is read before there is a token, any may",
    "app_token_seconds": "how long an access token is valid that an app has for a person, 3600 or less",
    "proxies": "how many proxies in front of the service add to `X-Forwarded-For`; failed attempts to sign "
    "in are counted by the address it tells",
    "sign_in_issuer": "the OpenID provider that people may sign in with, `https://idp.example.org`",
    "sign_in_client": "as which client that provider knows this service",
    "sign_in_secret_file": "the file with the secret for it; empty: `private_key_jwt` with our signing keys",
    "local_passwords": "`off`: people sign in with the provider only",
    "authorization_server": "`off`: no tokens are issued here and nobody signs in here; only tokens of the "
    "`CAREPLAN_TRUSTED_ISSUERS` are accepted",
    "registration": "who may register a client: `off` (the operator), `approved` (anybody) or `statement` "
    "(with a software statement or certificate of somebody trusted); each waits for the operator's approval",
    "software_statement_issuers": "whose software statements are believed, `https://trust.example.org,...`",
    "recheck": "the share of answers, 0 to 1, that a second judge looks at before they leave "
    "(docs/operating.md)",
    "break_glass": "whether practitioners may break the glass (docs/consent.md): `off`; `consent-only`: what "
    "consents permit in emergencies is opened; `policy`: all but what a deny for emergencies closes",
    "break_glass_seconds": "how long a broken glass is open, 86400 or less",
    "udap_anchors": "a PEM file, or a directory of them: the CAs whose certificates prove who a client "
    "is (UDAP)",
    "udap_certificate": "a PEM file: our certificate, which signs the UDAP metadata, and those up to its CA",
    "udap_key": "a PEM file: its private key",
}
"""What each setting is for; the README's table is made of it."""


@dataclass(frozen=True)
class Settings:
    """How this service is run; each field is the environment variable `CAREPLAN_<FIELD>`."""

    database_url: str = "sqlite:///var/careplan.db"
    base_url: str = "http://127.0.0.1:8000"
    custodians: tuple[str, ...] = ()
    consent_profile: str = "strict"
    keys_dir: Path = Path("var/keys")
    trusted_issuers: tuple[str, ...] = ()
    trusted_claims: tuple[str, ...] = ()
    log_level: str = "info"
    audit: bool = True
    max_body: int = 16 * 1024 * 1024
    max_depth: int = 50
    max_entries: int = 2000
    max_parameters: int = 100
    max_values: int = 500
    max_included: int = 1000
    max_seconds: int = 10
    references: str = "enforced"
    cors_origins: tuple[str, ...] = ()
    app_token_seconds: int = 900
    proxies: int = 0
    sign_in_issuer: str = ""
    sign_in_client: str = ""
    sign_in_secret_file: str = ""
    local_passwords: bool = True
    authorization_server: bool = True
    registration: str = "off"
    software_statement_issuers: tuple[str, ...] = ()
    recheck: float = 0.01
    break_glass: str = "off"
    break_glass_seconds: int = 3600
    udap_anchors: str = ""
    udap_certificate: str = ""
    udap_key: str = ""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
        """Read the environment; values in `given` win. Raises Malformed naming the variable that is wrong."""
        read: dict[str, Any] = {}
        for f in fields(cls):
            text = environment.get(PREFIX + f.name.upper())
            if text is not None and text != "":
                read[f.name] = _parsed(f.name, text)
        settings = cls(**{**read, **{name: value for name, value in given.items() if value is not None}})
        check(settings)
        return settings


def _parsed(name: str, text: str) -> Any:
    return _PARSERS.get(name, str)(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _switch(name: str) -> Callable[[str], bool]:
    def parsed(text: str) -> bool:
        if text not in _SWITCH:
            raise Malformed(f"`{PREFIX}{name.upper()}` is `{text}`; write on or off")
        return _SWITCH[text]

    return parsed


def _bound(name: str) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        if not re.fullmatch("[0-9]{1,12}", text) or int(text) == 0:
            raise Malformed(f"`{PREFIX}{name.upper()}` is `{text}`; write a whole number above 0")
        return int(text)

    return parsed


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]", text):
        raise Malformed(f"`{PREFIX}PROXIES` is `{text}`; write a number from 0 to 9")
    return int(text)


def _share(text: str) -> float:
    if not re.fullmatch(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?", text):
        raise Malformed(f"`{PREFIX}RECHECK` is `{text}`; write a share from 0 to 1, as `0.01`")
    return float(text)


_BOUNDS = (
    "max_body",
    "max_depth",
    "max_entries",
    "max_parameters",
    "max_values",
    "max_included",
    "max_seconds",
    "app_token_seconds",
    "break_glass_seconds",
)


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "custodians": _list,
    "trusted_issuers": _list,
    "trusted_claims": _list,
    "cors_origins": _list,
    "software_statement_issuers": _list,
    "keys_dir": Path,
    "proxies": _number,
    "recheck": _share,
    **{name: _bound(name) for name in _BOUNDS},
    **{name: _switch(name) for name in ("audit", "local_passwords", "authorization_server")},
    "base_url": lambda text: text.rstrip("/"),
}
