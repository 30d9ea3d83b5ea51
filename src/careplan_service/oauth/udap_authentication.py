"""Client assertions that are signed with a certificate: another way to prove who a client is.

https://hl7.org/fhir/us/udap-security/STU1/b2b.html#constructing-authentication-token
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from joserfc.jwk import Key

from careplan_service.access.clients import Client
from careplan_service.oauth.assertions import Way
from careplan_service.oauth.purposes import PurposeRefused, asserted_purposes
from careplan_service.oauth.signed import Signed, is_time
from careplan_service.oauth.udap_certificates import ALGORITHMS, Anchors, NoChain, NotTrusted

_EXTENSION = 'extensions."hl7-b2b"'
_REQUIRED = ("version", "organization_id", "purpose_of_use")


def by_certificate(anchors: Anchors, uri_of: Callable[[str], str], now: Callable[[], float]) -> Way:
    """How assertions with a certificate are proved.

    `uri_of(client_id)` gives the URI a client registered with, empty for none, `now` seconds.
    """

    def keys(signed: Signed, client: Client | None) -> Iterator[Key]:
        try:
            leaf = anchors.leaf(signed.header.get("x5c"), now())
        except (NoChain, NotTrusted):
            return
        uri = uri_of(client.id) if client else ""
        key = leaf.key(signed.header["alg"]) if uri and uri in leaf.uris else None
        if key:
            yield key

    return Way(_faults, keys, _purposes)


def _faults(signed: Signed) -> Iterator[str]:
    algorithm = signed.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        yield f"`alg` must be {' or '.join(ALGORITHMS)}"
    if not isinstance(signed.header.get("x5c"), list):
        yield "`x5c` must hold the certificate it is signed with"
    if not is_time(signed.claims.get("iat")):
        yield "`iat` must be a number of seconds since the epoch"


def _purposes(claims: Mapping[str, Any], client: Client) -> tuple[str, ...]:
    """The purposes of use; a system must say in the `hl7-b2b` extension for whom and what for it asks.

    Whom it acts for is what is registered, whatever it says. Raises PurposeRefused.
    """
    if client.kind != "app":
        extensions = claims.get("extensions")
        extension = extensions.get("hl7-b2b") if isinstance(extensions, dict) else None
        named = extension if isinstance(extension, dict) else {}
        missing = [name for name in _REQUIRED if not named.get(name)]
        if missing:
            raise PurposeRefused(f"`{_EXTENSION}` must name `{'`, `'.join(missing)}`")
        if named["version"] != "1" or not isinstance(named["organization_id"], str):
            raise PurposeRefused(f"`{_EXTENSION}` must have `version` '1' and a URI as `organization_id`")
    return asserted_purposes(claims, client)
