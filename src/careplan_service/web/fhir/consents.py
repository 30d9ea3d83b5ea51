"""Filing and revoking consents. https://hl7.org/fhir/us/consent-management/2026Jan/"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, request

from careplan_service.errors import Fault
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.file_consent import file_consent, filing_of
from careplan_service.interactions.once import Written
from careplan_service.interactions.revoke_consent import revocation_of, revoke_consent
from careplan_service.web import incoming, wire
from careplan_service.web.fhir.face import Face
from careplan_service.web.fhir.writes import note_once


def register(routes: Blueprint, face: Face) -> None:
    """The routes, under their names here and under those of the guide."""

    def filed() -> Response:
        def carry_out(desk: Desk) -> Response:
            data = incoming.body_of(request)
            note_once(desk, request, data)
            return _told(face, file_consent(desk, filing_of(data), face.door()), "filed")

        return face.serve("file-consent", carry_out)

    def revoked() -> Response:
        def carry_out(desk: Desk) -> Response:
            data = incoming.body_of(request)
            note_once(desk, request, data)
            return _told(face, revoke_consent(desk, revocation_of(data), face.door()), "made inactive")

        return face.serve("revoke-consent", carry_out)

    for name in ("$file-consent", "$fileConsent"):
        routes.add_url_rule(f"/Consent/{name}", f"file_{name[1:]}", filed, methods=["POST"])
    for name in ("$revoke-consent", "$revokeConsent"):
        routes.add_url_rule(f"/Consent/{name}", f"revoke_{name[1:]}", revoked, methods=["POST"])


def _told(face: Face, done: Sequence[Written], verb: str) -> Response:
    """What happened to each, and where the Consent is."""
    words = [verb, *("made inactive" if one.status == 200 else "stored" for one in done[1:])]
    faults = [
        Fault("informational", f"{word} `{one.stored.type}/{one.stored.id}`", None, "information")
        for word, one in zip(words, done, strict=True)
    ]
    response = wire.told(faults)
    consent = done[0].stored
    where = f"{face.base_url}/fhir/Consent/{consent.id}/_history/{consent.version}"
    response.headers["Location"] = where
    return response
