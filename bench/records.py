"""One client's made-up resources, the size of real ones: Goal 1.6 KB, CarePlan 3.4 KB with 8 activities.

https://hl7.org/fhir/R4/careplan.html and https://hl7.org/fhir/R4/goal.html
"""

from __future__ import annotations

from random import Random

from bench import words as w
from bench.words import Document, coding, concept, reference

AGENCY = "Organization/agency"
PARTNERS = tuple(f"Organization/partner-{n}" for n in range(1, 5))
VISITOR = "Organization/visitor"
"""A partner that few clients let in."""
NETWORK = "Organization/network"
"""A partner that every client lets in, to measure a pull."""
PRACTITIONERS = 20
SENSITIVE = "MH"


def organization(of: str) -> Document:
    """An Organization under a reference."""
    id_ = of.removeprefix("Organization/")
    return {"resourceType": "Organization", "id": id_, "active": True, "name": id_.replace("-", " ").title()}


def practitioner(number: int) -> Document:
    """A Practitioner."""
    name = {"family": w.FAMILIES[number % 10], "given": [w.GIVEN[number // 2 % 10]]}
    return {"resourceType": "Practitioner", "id": f"worker-{number}", "active": True, "name": [name]}


def patient(random: Random, id_: str) -> Document:
    """A Patient."""
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": "https://agency.example/clients", "value": id_.upper()}],
        "active": True,
        "name": [{"use": "official", "family": random.choice(w.FAMILIES), "given": [random.choice(w.GIVEN)]}],
        "telecom": [{"system": "phone", "value": f"+1-555-{random.randrange(10**7):07d}", "use": "mobile"}],
        "gender": random.choice(("female", "male", "other", "unknown")),
        "birthDate": _day(random, 1940, 2007),
        "address": [
            {
                "use": "home",
                "line": [f"{random.randrange(1, 200)} {random.choice(w.STREETS)}"],
                "city": random.choice(w.CITIES),
                "postalCode": f"{random.randrange(10_000, 99_999)}",
            }
        ],
        "managingOrganization": reference(AGENCY),
    }


def goal(random: Random, id_: str, of: str, status: str, category: str, *, sensitive: bool) -> Document:
    """A Goal of a patient; a sensitive one is labelled R and as mental health."""
    labels = [coding(w.CONFIDENTIALITY, "R"), coding(w.ACT_CODE, SENSITIVE)] if sensitive else []
    due = _day(random, 2026, 2027)
    return {
        "resourceType": "Goal",
        "id": id_,
        **({"meta": {"security": labels}} if labels else {}),
        "identifier": [{"system": "https://agency.example/goals", "value": id_.upper()}],
        "lifecycleStatus": status,
        "achievementStatus": concept(
            "http://terminology.hl7.org/CodeSystem/goal-achievement", random.choice(w.ACHIEVEMENT)
        ),
        "category": [concept(w.DOMAIN, category, category.replace("-", " "))],
        "priority": concept("http://terminology.hl7.org/CodeSystem/goal-priority", "medium-priority"),
        "description": {"text": f"{random.choice(w.DEEDS)} ({category.replace('-', ' ')})"},
        "subject": reference(of),
        "startDate": _day(random, 2024, 2025),
        "target": [
            {
                "measure": concept(w.SNOMED, "611000124108", "Step reached"),
                "detailString": "done",
                "dueDate": due,
            }
        ],
        "statusDate": _day(random, 2025, 2025),
        "expressedBy": _worker(random),
        "addresses": [reference(f"Condition/c{of.removeprefix('Patient/p')}")],
        "note": [
            {
                "authorReference": _worker(random),
                "time": f"{_day(random, 2025, 2025)}T10:30:00Z",
                "text": text,
            }
            for text in random.sample(w.SENTENCES, 3)
        ],
    }


def care_plan(random: Random, of: str, status: str, goals: list[str]) -> Document:
    """A CarePlan of a patient with 8 activities, without an id."""
    start = _day(random, 2024, 2025)
    return {
        "resourceType": "CarePlan",
        "identifier": [
            {"system": "https://agency.example/plans", "value": f"PLAN-{random.randrange(10**9):09d}"}
        ],
        "status": status,
        "intent": "plan",
        "category": [concept(w.DOMAIN, random.choice(w.CATEGORIES))],
        "title": "Plan agreed with the client",
        "description": random.choice(w.SENTENCES),
        "subject": reference(of),
        "period": {"start": start, "end": "2027-12-31"},
        "created": start,
        "author": _worker(random),
        "careTeam": [reference(f"CareTeam/t{of.removeprefix('Patient/p')}")],
        "goal": [reference(one) for one in goals],
        "activity": [_activity(random, deed) for deed in w.DEEDS],
    }


def _activity(random: Random, deed: str) -> Document:
    return {
        "detail": {
            "kind": "ServiceRequest",
            "code": concept(w.SNOMED, str(random.randrange(10**8, 10**9)), deed),
            "status": random.choice(w.ACTIVITY_STATUS),
            "scheduledPeriod": {"start": _day(random, 2025, 2025), "end": _day(random, 2026, 2026)},
            "performer": [_worker(random)],
        }
    }


def care_team(random: Random, id_: str, of: str) -> Document:
    """A CareTeam of three workers."""
    return {
        "resourceType": "CareTeam",
        "id": id_,
        "status": "active",
        "name": "Team around the client",
        "subject": reference(of),
        "participant": [{"member": _worker(random), "onBehalfOf": reference(AGENCY)} for _ in range(3)],
    }


def condition(random: Random, id_: str, of: str) -> Document:
    """A Condition: what the goals are about."""
    system = "http://terminology.hl7.org/CodeSystem/condition"
    return {
        "resourceType": "Condition",
        "id": id_,
        "clinicalStatus": concept(f"{system}-clinical", "active"),
        "verificationStatus": concept(f"{system}-ver-status", "confirmed"),
        "category": [concept(f"{system}-category", "problem-list-item")],
        "code": concept(w.SNOMED, "32911000", "Homeless"),
        "subject": reference(of),
        "recordedDate": _day(random, 2024, 2025),
    }


def request(random: Random, id_: str, of: str) -> Document:
    """A ServiceRequest to a partner."""
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "code": concept(w.SNOMED, "710824005", random.choice(w.DEEDS)),
        "subject": reference(of),
        "authoredOn": _day(random, 2025, 2025),
        "requester": _worker(random),
        "performer": [reference(random.choice(PARTNERS))],
    }


def task(random: Random, id_: str, of: str, focus: str) -> Document:
    """A Task about a ServiceRequest."""
    return {
        "resourceType": "Task",
        "id": id_,
        "status": random.choice(("requested", "accepted", "in-progress", "completed")),
        "intent": "order",
        "focus": reference(focus),
        "for": reference(of),
        "authoredOn": _day(random, 2025, 2025),
        "requester": reference(AGENCY),
        "owner": reference(random.choice(PARTNERS)),
        "description": random.choice(w.DEEDS),
    }


def _worker(random: Random) -> Document:
    return reference(f"Practitioner/worker-{random.randrange(PRACTITIONERS)}")


def _day(random: Random, first: int, last: int) -> str:
    return f"{random.randint(first, last)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
