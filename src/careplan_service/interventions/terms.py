"""The words practitioners use for states, kinds of client system and the like, and FHIR's codes for them.

Request status: https://hl7.org/fhir/R4/valueset-request-status.html
Goal status and achievement: https://hl7.org/fhir/R4/goal-definitions.html#Goal.achievementStatus
Activity status: https://hl7.org/fhir/R4/valueset-care-plan-activity-status.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Term:
    """One local code, the FHIR code (or two codes) that it becomes, and how else people write it."""

    code: str
    fhir: str = ""
    spellings: tuple[str, ...] = ()


class Terms:
    """A closed list of terms, found by code or spelling, whatever the case, hyphens or spaces."""

    def __init__(self, *terms: Term) -> None:
        self.by_code: Mapping[str, Term] = {term.code: term for term in terms}
        self._by_spelling = {
            normal(spelling): term.code for term in terms for spelling in (term.code, *term.spellings)
        }

    def code(self, text: str) -> str | None:
        """The local code that `text` means, or None."""
        return self._by_spelling.get(normal(text))

    def near(self, text: str) -> str | None:
        """The code whose code or spelling is most like `text`, or None when nothing is."""
        found = get_close_matches(normal(text), self._by_spelling, n=1, cutoff=0.6)
        return self._by_spelling[found[0]] if found else None

    def fhir(self, code: str) -> str:
        """The FHIR code of a local code."""
        return self.by_code[code].fhir

    def local(self, state: str | None, fhir: str) -> str | None:
        """The local state of a FHIR code: `state`, as long as it still says the same as the code."""
        if state is not None and state in self.by_code and self.by_code[state].fhir == fhir:
            return state
        return next((term.code for term in self.by_code.values() if term.fhir == fhir), None)


_BETWEEN_WORDS = re.compile(r"[\s_\-/.]+")


def normal(text: str) -> str:
    """`Cognitive-Behavioural  Therapy` -> `cognitive behavioural therapy`."""
    return _BETWEEN_WORDS.sub(" ", text.casefold()).strip()


def display(code: str) -> str:
    """How one of our codes is shown: `no-contact-order` as `No contact order`."""
    return code.replace("-", " ").capitalize()


PLAN_STATES = Terms(
    Term("draft", "draft"),
    Term("active", "active", ("in progress", "current", "open", "under way")),
    Term("awaiting-agreement", "draft", ("awaiting client agreement", "pending agreement", "proposed")),
    Term("under-review", "active", ("in review", "being reviewed")),
    Term("on-hold", "on-hold", ("paused", "suspended")),
    Term("closed-goals-met", "completed", ("completed", "goals met", "closed - goals met")),
    Term("closed-partly-met", "completed", ("partly met", "goals partly met", "closed - partly met")),
    Term("closed-withdrew", "revoked", ("withdrew", "client withdrew", "closed - client withdrew")),
    Term("closed-no-contact", "revoked", ("no contact", "lost contact", "closed - no contact")),
    Term("closed-transferred", "revoked", ("transferred", "closed - transferred")),
    Term("closed-ineligible", "revoked", ("ineligible", "closed - ineligible")),
    Term("closed-died", "revoked", ("died", "client died", "closed - died")),
    Term("superseded", "revoked", ("superseded by new plan", "replaced")),
    Term("entered-in-error", "entered-in-error", ("error", "mistake")),
)
CLOSED_STATES = Terms(*(one for one in PLAN_STATES.by_code.values() if one.code.startswith("closed-")))
"""How a plan can end."""
ACTIVE_PLANS = frozenset({"active", "under-review"})

CASE_STATES = Terms(
    Term("open", "active", ("active", "enrolled", "in progress", "current")),
    Term("planned", "planned", ("opening", "intake")),
    Term("waiting-list", "waitlist", ("waitlist", "waitlisted", "waiting")),
    Term("on-hold", "onhold", ("paused", "suspended")),
    Term("closed", "finished", ("finished", "exited", "ended", "discharged")),
    Term("declined", "cancelled", ("cancelled", "canceled", "not eligible", "rejected")),
    Term("withdrawn", "cancelled", ("client withdrew", "not taken up")),
    Term("entered-in-error", "entered-in-error", ("error", "mistake")),
)
OPEN_CASES = frozenset({"open", "planned", "waiting-list", "on-hold"})

GOAL_STATES = Terms(
    Term("proposed", "proposed"),
    Term("planned", "planned", ("planned, not started", "not started")),
    Term("agreed", "accepted", ("agreed by client", "accepted")),
    Term("rejected", "rejected", ("rejected by client", "declined")),
    Term("in-progress", "active in-progress", ("active", "started", "ongoing", "under way", "open")),
    Term("improving", "active improving", ("better", "getting better")),
    Term("no-change", "active no-change", ("unchanged", "same")),
    Term("getting-worse", "active worsening", ("worse", "worsening")),
    Term("maintaining", "active sustaining", ("achieved, maintaining", "sustaining", "maintained")),
    Term("on-hold", "on-hold", ("paused", "suspended")),
    Term("achieved", "completed achieved", ("met", "completed", "done", "reached")),
    Term("not-achieved", "completed not-achieved", ("not met", "failed")),
    Term("partly-achieved", "completed not-achieved", ("partly met", "partially achieved", "partially met")),
    Term("abandoned", "cancelled not-attainable", ("cancelled", "canceled", "dropped")),
    Term("entered-in-error", "entered-in-error", ("error", "mistake")),
)
ACTIVE_GOALS = frozenset(code for code, term in GOAL_STATES.by_code.items() if term.fhir.startswith("active"))
CLOSED_GOALS = frozenset(
    code for code, term in GOAL_STATES.by_code.items()
    if term.fhir.split()[0] in ("completed", "cancelled", "rejected", "entered-in-error")
)  # fmt: skip

ACTIVITY_STATES = Terms(
    Term("planned", "not-started", ("not started", "to do")),
    Term("did-not-attend", "not-started", ("client did not attend", "dna", "no show", "missed")),
    Term("scheduled", "scheduled", ("appointment made", "booked")),
    Term("under-way", "in-progress", ("in progress", "active", "started", "ongoing")),
    Term("waiting-list", "on-hold", ("waitlist", "waitlisted", "on hold", "waiting")),
    Term("done", "completed", ("completed", "finished")),
    Term("cancelled-by-client", "cancelled", ("canceled by client", "client cancelled")),
    Term("cancelled-by-worker", "cancelled", ("canceled by worker", "worker cancelled")),
    Term("stopped-early", "stopped", ("stopped", "ended early")),
    Term("entered-in-error", "entered-in-error", ("error", "mistake")),
)

CLIENT_SYSTEMS = Terms(
    Term("individual", spellings=("person", "one person")),
    Term("family", "family", ("household", "couple")),
    Term("group", "collection", ("therapy group", "support group")),
    Term("community", "locality", ("neighbourhood", "neighborhood", "village")),
    Term("organisation", "organization", ("organization", "agency", "institution")),
)
AGREEMENTS = Terms(
    Term("agreed", "agree", ("agree", "yes", "accepted", "signed")),
    Term("partly-agreed", "pending", ("partly", "partially agreed", "agreed in part")),
    Term("pending", "pending", ("awaiting", "not yet")),
    Term("refused", "disagree", ("disagreed", "no", "declined", "rejected")),
    Term("not-obtained", "pending", ("not obtained", "none", "unable")),
)
AGREED_HOW = Terms(
    Term("written", spellings=("in writing", "signed", "paper", "signature")),
    Term("verbal", spellings=("oral", "spoken", "by word")),
    Term("electronic", spellings=("online", "e-signature", "email", "portal")),
    Term("by-interpreter", spellings=("interpreter", "through interpreter", "with interpreter")),
    Term("by-representative", spellings=("guardian", "representative", "by guardian")),
)
ACCEPTANCES = Terms(
    Term("agreed", "agree", ("agree", "yes", "accepted")),
    Term("refused", "disagree", ("disagree", "disagreed", "no", "declined", "rejected")),
    Term("pending", "pending", ("awaiting", "not yet", "undecided")),
)
"""Whether one person accepts one goal."""
PRIORITIES = Terms(
    Term("high", "high-priority", ("urgent", "high-priority")),
    Term("medium", "medium-priority", ("normal", "moderate", "medium-priority")),
    Term("low", "low-priority", ("low-priority",)),
)
SEVERITIES = Terms(
    Term("mild", "255604002", ("low", "slight")),
    Term("moderate", "6736007", ("medium",)),
    Term("severe", "24484000", ("high", "serious", "acute")),
)
GENDERS = Terms(
    Term("female", "female", ("f", "woman", "girl")),
    Term("male", "male", ("m", "man", "boy")),
    Term("other", "other", ("non-binary", "nonbinary", "x")),
    Term("unknown", "unknown", ("not known", "not recorded")),
)

REFERRAL_STATES = Terms(
    Term("draft", "draft"),
    Term("sent", "requested", ("open", "requested", "not updated", "pending")),
    Term("seen", "requested", ("received", "read")),
    Term("accepted", "accepted", ("eligible",)),
    Term("declined", "rejected", ("rejected", "not eligible", "no capacity", "denied")),
    Term("waitlisted", "on-hold", ("waiting list", "needs client action")),
    Term("in-service", "in-progress", ("in service", "pending - in process", "under way")),
    Term("outcome-known", "completed", ("got help", "outcome assigned")),
    Term("closed", "completed", ("done", "completed")),
    Term("not-helped", "failed", ("couldn't get help", "couldn't contact", "failed")),
    Term("withdrawn", "cancelled", ("no longer interested", "cancelled", "expired")),
    Term("re-routed", "cancelled", ("referred elsewhere", "rerouted")),
    Term("entered-in-error", "entered-in-error", ("error", "mistake")),
)
CONSENT_STATES = Terms(
    Term("draft", "draft", ("draft form",)),
    Term("proposed", "proposed", ("proposed to client",)),
    # given by word of mouth is as good as signed: how it was given is no state
    Term("signed", "active", ("given", "verbal consent", "in force")),
    Term("refused", "rejected", ("declined",)),
    Term("withdrawn", "inactive", ("revoked",)),
    Term("expired", "inactive", ("ended",)),
    Term("superseded", "inactive", ("replaced",)),
    Term("entered-in-error", "entered-in-error", ("entered in error", "error", "mistake")),
)
"""A Consent is stored as it was sent, so these are words to read and translate by only."""
OPEN_REFERRALS = frozenset({"draft", "sent", "seen", "accepted", "waitlisted", "in-service"})
URGENCIES = Terms(
    Term("routine", "routine", ("normal",)),
    Term("urgent", "urgent", ("soon",)),
    Term("asap", "asap", ("as soon as possible",)),
    Term("stat", "stat", ("immediately", "emergency", "now")),
)
MODES = Terms(
    Term("office", "AMB", ("in person", "agency")),
    Term("home", "HH", ("home visit",)),
    Term("field", "FLD", ("outreach", "street", "school")),
    Term("phone", "VR", ("telephone", "call")),
    Term("video", "VR", ("online", "video call")),
    Term("crisis", "EMER", ("emergency",)),
)
ATTENDANCES = Terms(
    Term("attended", spellings=("came", "present", "yes")),
    Term("no-show", spellings=("did not attend", "dna", "missed", "no")),
    Term("cancelled", spellings=("canceled", "called off")),
)
EFFECTS = Terms(
    Term("effective", spellings=("yes", "works")),
    Term("partly-effective", spellings=("partly",)),
    Term("not-effective", spellings=("no", "ineffective")),
)
ALERT_KINDS = Terms(
    Term("safety", spellings=("danger", "safety alert")),
    Term("mandated-report", spellings=("mandated report", "report made", "mandatory report")),
    Term("no-contact-order", spellings=("no contact", "restraining order", "protection order")),
)
RISK_LEVELS = Terms(
    Term("none", spellings=("no risk",)),
    Term("low"),
    Term("medium", spellings=("moderate",)),
    Term("high"),
    Term("imminent", spellings=("acute", "immediate")),
)
UNANSWERED = Terms(
    Term("asked-unknown", "asked-unknown", ("client doesn't know", "unknown", "8")),
    Term("asked-declined", "asked-declined", ("client prefers not to answer", "declined", "refused", "9")),
    Term("not-asked", "not-asked", ("data not collected", "99")),
)
