"""Made-up Consents, and what each lets a partner see: the benchmark's own answer, not the service's.

https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from bench import words as w
from bench.records import AGENCY, PARTNERS, SENSITIVE
from bench.words import Document, coding, concept, reference


@dataclass(frozen=True)
class Sharing:
    """One Consent in short: to whom it permits or denies what.

    `restricted` says that a permit reaches labelled goals too, `but` a category that a permit
    leaves out; a deny is always about sensitive goals only.
    """

    partners: tuple[str, ...]
    deny: bool = False
    restricted: bool = False
    but: str = ""
    expired: bool = False

    def permits(self, partner: str, category: str, *, sensitive: bool) -> bool:
        """Whether this Consent alone opens a goal to a partner."""
        reached = partner in self.partners and (self.restricted or not sensitive)
        return reached and not (self.deny or self.expired or category == self.but)

    def denies(self, partner: str, category: str, *, sensitive: bool) -> bool:
        """Whether this Consent shuts a goal, whatever others permit."""
        if partner not in self.partners or self.expired:
            return False
        return sensitive if self.deny else category == self.but


def visible(given: tuple[Sharing, ...], partner: str, category: str, *, sensitive: bool) -> bool:
    """Whether a partner sees a goal of a client who gave these Consents."""
    if any(one.denies(partner, category, sensitive=sensitive) for one in given):
        return False
    return any(one.permits(partner, category, sensitive=sensitive) for one in given)


def given_by(random: Random) -> tuple[Sharing, ...]:
    """None to three Consents of one client."""
    return tuple(_DRAWN[kind](random) for kind in random.choice(_COMBINATIONS))


def _partners(random: Random) -> tuple[str, ...]:
    return tuple(sorted(random.sample(PARTNERS, random.randint(1, 3))))


_DRAWN = {
    "permit": lambda random: Sharing(_partners(random)),
    "permit all": lambda random: Sharing(_partners(random), restricted=True),
    "permit but": lambda random: Sharing(_partners(random), but=random.choice(w.CATEGORIES)),
    "deny label": lambda random: Sharing(_partners(random), deny=True),
    "expired": lambda random: Sharing(_partners(random), expired=True),
}
_COMBINATIONS = (
    (),
    ("permit",),
    ("permit all",),
    ("permit but",),
    ("expired",),
    ("permit", "expired"),
    ("permit all", "deny label"),
    ("permit but", "deny label", "expired"),
)


def documents(number: str, given: tuple[Sharing, ...]) -> Iterator[Document]:
    """The Consents of one client as FHIR resources."""
    for place, sharing in enumerate(given, 1):
        yield {
            "resourceType": "Consent",
            "id": f"n{number}-{place}",
            "status": "active",
            "scope": concept(w.CONSENT_SCOPE, "patient-privacy"),
            "category": [concept(w.ACT_CODE, "IDSCL")],
            "patient": reference(f"Patient/p{number}"),
            "dateTime": "2020-01-02",
            "performer": [reference(f"Patient/p{number}")],
            "organization": [reference(AGENCY)],
            "policyRule": concept(w.ACT_CODE, "OPTIN"),
            "provision": _provision(sharing),
        }


def _provision(sharing: Sharing) -> Document:
    recipient = concept(w.PARTICIPATION, "IRCP")
    provision: Document = {
        "type": "deny" if sharing.deny else "permit",
        "period": {"start": "2020-01-01", "end": "2021-12-31" if sharing.expired else "2099-12-31"},
        "actor": [{"role": recipient, "reference": reference(to)} for to in sharing.partners],
    }
    if sharing.deny:
        return provision | {"securityLabel": [coding(w.ACT_CODE, SENSITIVE)]}
    provision["purpose"] = [coding(w.ACT_REASON, "TREAT")]
    if sharing.restricted:
        provision["securityLabel"] = [coding(w.CONFIDENTIALITY, "R")]
    if sharing.but:
        provision["provision"] = [{"type": "deny", "code": [concept(w.DOMAIN, sharing.but)]}]
    return provision
