"""Test data in the tests' own words: `a_goal(of=ann)`, `a_consent(of=ann, to="Organization/partner")`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from werkzeug.test import TestResponse

from careplan_service.access.clients import Client
from careplan_service.app import Service, app_of
from careplan_service.cli.clients import issue

Document = dict[str, Any]

PARTNER, STRANGER, AGENCY = "Organization/partner", "Organization/stranger", "Organization/agency"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
DOMAIN = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
HOUSING, FOOD = "housing-instability", "food-insecurity"


def coding(system: str, code: str) -> Document:
    """A Coding."""
    return {"system": system, "code": code}


def concept(system: str, code: str) -> Document:
    """A CodeableConcept with one coding."""
    return {"coding": [coding(system, code)]}


def label(code: str) -> Document:
    """A security label: a confidentiality, a sensitivity or a purpose tag."""
    system = CONFIDENTIALITY if code in "ULMNRV" else ACT_REASON if code in ("TREAT", "HRESCH") else ACT_CODE
    return coding(system, code)


def a_patient(family: str = "Doe", **more: Any) -> Document:
    """A Patient."""
    return {"resourceType": "Patient", "name": [{"family": family}], **more}


def a_goal(of: str, about: str = HOUSING, labels: tuple[str, ...] = (), **more: Any) -> Document:
    """An active Goal of a patient (`Patient/x`) about a domain."""
    goal: Document = {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "category": [concept(DOMAIN, about)],
        "description": {"text": f"a goal about {about}"},
        "subject": {"reference": of},
        **more,
    }
    if labels:
        goal["meta"] = {**goal.get("meta", {}), "security": [label(code) for code in labels]}
    return goal


def a_care_plan(of: str, goals: tuple[str, ...] = (), **more: Any) -> Document:
    """An active CarePlan of a patient with its goals (`Goal/x`)."""
    plan: Document = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": of},
    }
    if goals:
        plan["goal"] = [{"reference": goal} for goal in goals]
    return {**plan, **more}


def a_provision(type_: str = "permit", to: str | None = None, role: str = "IRCP", **stated: Any) -> Document:
    """A provision; `purpose`, `labels`, `classes` and `codes` take codes, the rest is taken as it is."""
    provision: Document = {"type": type_}
    if to:
        provision["actor"] = [{"role": concept(PARTICIPATION, role), "reference": {"reference": to}}]
    lists = {
        "purpose": lambda code: coding(ACT_REASON, code),
        "labels": label,
        "classes": lambda code: coding(RESOURCE_TYPES, code),
        "codes": lambda code: concept(DOMAIN, code),
    }
    names = {"labels": "securityLabel", "classes": "class", "codes": "code"}
    for name, value in stated.items():
        provision[names.get(name, name)] = [lists[name](one) for one in value] if name in lists else value
    return provision


def a_consent(of: str, provision: Document | None = None, **more: Any) -> Document:
    """An active patient-privacy Consent of a patient."""
    consent: Document = {
        "resourceType": "Consent",
        "status": "active",
        "scope": concept(CONSENT_SCOPE, "patient-privacy"),
        "category": [concept(ACT_CODE, "IDSCL")],
        "patient": {"reference": of},
        "policyRule": concept(ACT_CODE, "OPTIN"),
        **more,
    }
    if provision is not None:
        consent["provision"] = provision
    return consent


def an_example(type_: str, of: str) -> Document:
    """The least that is valid of a served type, about a patient (`Patient/x`) where it can be."""
    patient = {"reference": of}
    required: dict[str, Document] = {
        "CarePlan": a_care_plan(of),
        "CareTeam": {"status": "active", "subject": patient},
        "Condition": {"subject": patient},
        "Consent": a_consent(of, status="draft"),
        "DocumentReference": {
            "status": "current",
            "subject": patient,
            "content": [{"attachment": {"url": "https://example.org/letter.pdf"}}],
        },
        "Encounter": {"status": "planned", "class": coding(ACT_CODE, "AMB"), "subject": patient},
        "EpisodeOfCare": {"status": "active", "patient": patient},
        "Goal": a_goal(of),
        "Group": {"type": "person", "actual": True, "name": "a household"},
        "HealthcareService": {"name": "legal advice"},
        "Location": {"name": "the front desk"},
        "Observation": {"status": "final", "code": {"text": "nights outside"}, "subject": patient},
        "Organization": {"name": "the food bank"},
        "Patient": a_patient(),
        "Practitioner": {"name": [{"family": "Case"}]},
        "PractitionerRole": {"active": True},
        "Procedure": {"status": "completed", "subject": patient},
        "Provenance": {
            "target": [patient],
            "recorded": "2026-05-01T08:00:00Z",
            "agent": [{"who": {"display": "a worker"}}],
        },
        "Questionnaire": {"status": "active"},
        "QuestionnaireResponse": {"status": "completed", "subject": patient},
        "RelatedPerson": {"patient": patient},
        "ServiceRequest": {"status": "active", "intent": "order", "subject": patient},
        "Task": {"status": "requested", "intent": "order", "for": patient},
    }
    return {"resourceType": type_, **required[type_]}


def an_entry(method: str, url: str, resource: Document | None = None, **more: Any) -> Document:
    """An entry of a transaction; `fullUrl` stands beside the request, the rest in it."""
    beside = {"fullUrl": more.pop("fullUrl")} if "fullUrl" in more else {}
    held = {} if resource is None else {"resource": resource}
    return {**beside, **held, "request": {"method": method, "url": url, **more}}


def a_transaction(*entries: Document) -> Document:
    """A Bundle of type transaction."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


class Answer:
    """What came back: `status`, `headers`, the raw `body` and, parsed, `json`."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.body = response.get_data()

    @property
    def json(self) -> Document:
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """The ids of the entries of a Bundle."""
        return [entry["resource"]["id"] for entry in self.json.get("entry", ())]

    @property
    def faults(self) -> list[tuple[str | None, str]]:
        """The (expression, diagnostics) of an OperationOutcome."""
        return [((i.get("expression") or [None])[0], i["diagnostics"]) for i in self.json["issue"]]


class As:
    """Requests of one registered client."""

    def __init__(self, api: Api, client_id: str, **token: str) -> None:
        self._api, self._client_id, self._token = api, client_id, token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
        given = {"Authorization": f"Bearer {self._api.token(self._client_id, **self._token)}"}
        if sent is not None:
            given["Content-Type"] = "application/fhir+json"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(self._api.http.open(path, method=method, data=sent, headers=given))

    def get(self, path: str, **headers: str) -> Answer:
        return self("GET", path, **headers)

    def put(self, reference: str, document: Document, **headers: str) -> Answer:
        """Update under a reference `Type/id`, which the document is given."""
        return self("PUT", f"/fhir/{reference}", {**document, "id": reference.split("/")[1]}, **headers)

    def next_of(self, page: Answer) -> Answer | None:
        """The page behind the `next` link, if there is one."""
        urls = [link["url"] for link in page.json["link"] if link["relation"] == "next"]
        return self.get(urls[0].removeprefix("http://127.0.0.1:8000")) if urls else None

    def pages(self, path: str) -> list[Answer]:
        """Every page of a search or history, from the first to the last."""
        page: Answer | None = self.get(path)
        found: list[Answer] = []
        while page is not None:
            found.append(page)
            page = self.next_of(page)
        return found

    def make(self, document: Document) -> str:
        """Create and give the reference `Type/id`; the document must be taken."""
        answer = self("POST", f"/fhir/{document['resourceType']}", document)
        assert answer.status == 201, answer.body
        return f"{document['resourceType']}/{answer.json['id']}"


def judging(service: Service, share: float) -> Service:
    """The service where that share of the answers is judged twice, which hides what a test plants."""
    return replace(service, settings=replace(service.settings, recheck=share))


class Api:
    """The service over HTTP (in process), with an agency, a partner and a stranger registered."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.http = app_of(service).test_client()
        self._tokens: dict[tuple[str, ...], str] = {}
        for name, kind in (("agency", "agency"), ("partner", "partner"), ("stranger", "partner")):
            self.register(name, kind)
        self.agency, self.partner, self.stranger = (
            As(self, "agency"),
            As(self, "partner"),
            As(self, "stranger"),
        )

    def register(
        self,
        name: str,
        kind: str,
        scopes: str = "system/*.cruds",
        purpose: str = "COC",
        further: tuple[str, ...] = (),
    ) -> As:
        """Register a client of `Organization/<name>`."""
        if self.service.clients.get(name) is None:  # a copy of a database has its clients
            self.service.clients.add(
                Client(name, name, kind, f"Organization/{name}", scopes, purpose, further)
            )
        return As(self, name)

    def asking(self, client_id: str, **token: str) -> As:
        """A registered client with a token of its own `scope` or `purpose`."""
        return As(self, client_id, **token)

    def token(self, client_id: str, scope: str | None = None, purpose: str | None = None) -> str:
        """An access token that is valid for a day of the test's clock."""
        key = (client_id, str(scope), str(purpose), str(self.service.clock().date()))
        if key not in self._tokens:
            self._tokens[key] = issue(self.service, client_id, scope, purpose, 86_400)
        return self._tokens[key]

    def audit(self) -> list[Document]:
        """The audit rows, oldest first."""
        names = "at client organization purpose interaction asked status shown because refusal".split()
        rows = self.service.database.rows(f"SELECT {', '.join(names)} FROM audit ORDER BY entry", {})
        return [dict(zip(names, row, strict=True)) for row in rows]
