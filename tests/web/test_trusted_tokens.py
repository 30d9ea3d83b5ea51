"""A token of another authorization server on the API, on both databases."""

from __future__ import annotations

from dataclasses import replace

from joserfc import jwt
from joserfc.jwk import RSAKey

from builders import Api, a_goal
from careplan_service.access.clients import Client
from careplan_service.app import app_of
from oauth.idp import publishing


def test_a_client_of_a_trusted_issuer_reads_what_its_registration_allows(api: Api) -> None:
    key = RSAKey.generate_key(2048, {"kid": "k1"})
    goal = api.agency.make(a_goal(of="Patient/ann"))
    with publishing([key]) as idp:
        settings = replace(api.service.settings, trusted_issuers=(idp.issuer,))
        http = app_of(replace(api.service, settings=settings)).test_client()
        api.service.clients.add(
            Client(
                "hospital",
                "Hospital",
                "agency",
                "Organization/agency",
                "system/Goal.r",
                "COC",
                issuer=idp.issuer,
            )
        )
        now = int(api.service.seconds())
        claims = {"iss": idp.issuer, "aud": f"{settings.base_url}/fhir", "azp": "hospital", "exp": now + 60}
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, {**claims, "scope": "system/*.rs"}, key)
        asked = {"Authorization": f"Bearer {token}"}
        assert http.get(f"/fhir/{goal}", headers=asked).status_code == 200
        assert http.get("/fhir/Goal", headers=asked).status_code == 403
        wrong = jwt.encode({"alg": "RS256", "kid": "k1"}, {**claims, "aud": settings.base_url}, key)
        refused = http.get(f"/fhir/{goal}", headers={"Authorization": f"Bearer {wrong}"})
        assert (refused.status_code, "invalid_token" in refused.headers["WWW-Authenticate"]) == (401, True)
        # The same token is nothing to a service that does not trust its issuer.
        assert api.http.get(f"/fhir/{goal}", headers=asked).status_code == 401
