"""The purpose of use a backend client names in the `hl7-b2b` extension of its assertion.

https://hl7.org/fhir/us/udap-security/b2b.html#b2b-authorization-extension-object
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from careplan_service.access.clients import Client
from careplan_service.access.consent.terminology import ACT_REASON

_PREFIXES = ("urn:oid:2.16.840.1.113883.5.8#", f"{ACT_REASON}#")
_MOST = 10
_FORM = 'extensions."hl7-b2b".purpose_of_use'


class PurposeRefused(ValueError):
    """The purpose of use cannot be read or is not registered for the client; the text says which."""


def asserted_purposes(claims: Mapping[str, Any], client: Client) -> tuple[str, ...]:
    """The v3-ActReason codes that an assertion names, else the client's registered default.

    A code may be bare (`COC`) or follow `urn:oid:2.16.840.1.113883.5.8#` or the URL of v3-ActReason.
    Raises PurposeRefused.
    """
    named = _named(claims)
    if named is None:
        return (client.purpose,)
    codes = tuple(dict.fromkeys(_code(purpose) for purpose in named))
    refused = [code for code in codes if code not in client.purposes]
    if refused:
        shown = ", ".join(f"`{code[:80]}`" for code in refused)
        raise PurposeRefused(
            f"purpose of use {shown} is not registered for this client; use {' or '.join(client.purposes)}"
        )
    return codes


def _named(claims: Mapping[str, Any]) -> list[Any] | None:
    extensions = _object(claims.get("extensions"), "extensions")
    extension = _object(extensions.get("hl7-b2b"), 'extensions."hl7-b2b"')
    named = extension.get("purpose_of_use")
    if named is None:
        return None
    if isinstance(named, str):
        return [named]
    if not isinstance(named, list) or not 0 < len(named) <= _MOST:
        raise PurposeRefused(f"`{_FORM}` must be a code or a list of 1 to {_MOST} codes")
    return named


def _object(value: object, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PurposeRefused(f"`{name}` must be a JSON object")
    return value


def _code(purpose: object) -> str:
    if not isinstance(purpose, str):
        raise PurposeRefused(f"every code in `{_FORM}` must be a string")
    for prefix in _PREFIXES:
        if purpose.startswith(prefix):
            return purpose.removeprefix(prefix)
    return purpose
