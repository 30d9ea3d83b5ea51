"""The extensions of what becomes of a plan: sessions, reviews, referrals, changes, the closing.

https://hl7.org/fhir/R4/defining-extensions.html
"""

from __future__ import annotations

from careplan_service.interventions.vocabulary.extension import Extension, Part

OF_THE_RECORD = (
    Extension("assessment", ("QuestionnaireResponse",), "The number of an assessment: A1.", ("string",)),
    Extension("screening", ("QuestionnaireResponse", "Observation"),
              "Of which assessment it is the screening, and what of it: A1, A1/88122-7.", ("string",)),
    Extension("episode", ("CarePlan",), "Which episode of work it is, where not the first.", ("integer",)),
    Extension("scaling", ("Goal",), "Goal Attainment Scaling of a goal.", parts=(
        Part("weight", "How much the goal counts.", ("integer",)),
        Part("baseline", "The level at the beginning, -2 to 2.", ("integer",)),
        Part("level", "What each level means, from -2 to 2.", ("string",), many=True),
    )),
    Extension("session", ("Procedure",), "The number of a session: S1.", ("string",)),
    Extension("mode", ("Encounter",), "How a session was held: office, home, field, phone, video or crisis.",
              ("code",)),
    Extension("attendance", ("Encounter",), "Who was to come, and whether they did.", many=True, parts=(
        Part("who", "The person.", ("Reference",)),
        Part("state", "Attended, no-show or cancelled.", ("code",)),
    )),
    Extension("strategy", ("Procedure",), "A strategy that a session was about: 1.1.a.",
              ("string",), many=True),
    Extension("response", ("Procedure",), "How the client took the session.", ("string",)),
    Extension("next-step", ("Procedure",), "What follows from the session.", ("string",)),
    Extension("units", ("Procedure",), "Units of service.", ("integer",)),
    Extension("late-reason", ("Procedure", "DocumentReference"), "Why it was recorded late, or added.",
              ("string",)),
    Extension("billing-code", ("Procedure",), "The code by which a funder is billed for the session.",
              ("Coding",)),
    Extension("signed-by", ("DocumentReference", "QuestionnaireResponse"),
              "That its author was named, and may be another than the plan's worker.", ("boolean",)),
    Extension("cosigned-at", ("DocumentReference",), "When the supervisor co-signed it.", ("dateTime",)),
    Extension("contacts", ("CarePlan.activity",), "That it holds sessions of no strategy.", ("boolean",)),
    Extension("review", ("Observation",), "The number of a progress review: R1.", ("string",)),
    Extension("effect", ("Observation",), "Whether the plan works, as a review found.", ("code",)),
    Extension("referral", ("CarePlan.activity", "ServiceRequest"), "The number of a referral: F1.",
              ("string",)),
    Extension("consent", ("ServiceRequest",), "The Consent that covers a referral.", ("Reference",)),
    Extension("legal-ground", ("ServiceRequest",), "What a referral rests on instead of a Consent.",
              ("string",)),
    Extension("sent", ("ServiceRequest",), "When a referral was sent.", ("date",)),
    Extension("warm-handoff", ("ServiceRequest",), "That the client was introduced in person.", ("boolean",)),
    Extension("change", ("Provenance",), "Which sort of change of a plan it was.", ("code",)),
    Extension("difference", ("Provenance",), "One thing that a change made other.", many=True, parts=(
        Part("what", "What it is: `goal 1: target_date`.", ("string",)),
        Part("before", "What it was, as JSON.", ("string",)),
        Part("after", "What it is now, as JSON.", ("string",)),
    )),
    Extension("closing", ("DocumentReference",), "How the work ended.", parts=(
        Part("date", "When.", ("date",)),
        Part("planned", "Whether it was planned.", ("boolean",)),
        Part("notice", "How the client was told.", ("string",)),
        Part("recommendations", "What is recommended.", ("string",)),
        Part("follow-up", "What follows.", ("string",)),
        Part("follow-up-date", "When that is.", ("date",)),
        Part("feedback", "What the client says to it.", ("string",)),
        Part("destination", "Where the client goes.", ("string",)),
    )),
    Extension("consent-form", ("Consent",), "Of which kind of form it was made: service, release or "
              "research; the form is its source.", ("code",)),
    Extension("withdrawn", ("Consent",), "That it was withdrawn.", parts=(
        Part("date", "When.", ("date",)),
        Part("by", "Who said so.", ("string",)),
        Part("reason", "Why.", ("string",)),
    )),
    Extension("program", ("EpisodeOfCare",), "The service that a person is enrolled in.",
              ("Reference", "CodeableConcept")),
    Extension("referral-source", ("EpisodeOfCare",), "Who sent the person.", ("CodeableConcept",)),
    Extension("aftercare", ("EpisodeOfCare",), "What was arranged for the time after.", ("string",)),
    Extension("move-in-date", ("EpisodeOfCare",), "When the person moved into housing.", ("date",)),
    Extension("exit-destination", ("EpisodeOfCare",), "Where the person went.", ("CodeableConcept",)),
    Extension("termination-reason", ("EpisodeOfCare",), "Why the work ended.", ("CodeableConcept",)),
    Extension("hmis-code", ("EpisodeOfCare", "Group.member", "Element"),
              "A code of HUD's HMIS CSV as it came; its system names the column.", ("Coding",), many=True),
)  # fmt: skip
"""In the order of the work."""
