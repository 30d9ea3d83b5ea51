"""A screening becomes a QuestionnaireResponse and the Observations that its answers say.

https://hl7.org/fhir/R4/questionnaireresponse.html https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from collections.abc import Mapping

from careplan_service.interventions.canonical import element, extension, extension_value, reference, sw
from careplan_service.interventions.draft import Draft
from careplan_service.interventions.reading import Resource
from careplan_service.interventions.record import Assessment, Screening
from careplan_service.interventions.screening.answers import answers_of, items_of
from careplan_service.interventions.screening.observations import (
    PANEL,
    About,
    identified,
    labels_of,
    observations,
)
from careplan_service.interventions.screening.tools import tool_at
from careplan_service.interventions.screening.words import answered_in, screening_of
from careplan_service.interventions.sensitivity import marked


def write_screening(draft: Draft, assessment: Assessment, screening: Screening) -> list[str]:
    """Writes a screening; gives the QuestionnaireResponse and the Observation of the whole."""
    tool, answered = answered_in(screening)
    number, who = assessment.number, draft.who.get("worker", draft.agency)
    own = marked(assessment.sensitivity)
    response = draft.reserve("QuestionnaireResponse", f"{number}/screening")

    def refer(key: str) -> str:
        return draft.reserve("Observation", f"{number}/{key}")

    day = assessment.date.isoformat()
    author = None if who.startswith("Group/") else reference(who)
    content = element(
        extension=extension(sw("screening"), valueString=number),
        basedOn=[reference(draft.care_plan)],
        questionnaire=tool.canonical,
        status="completed",
        subject=reference(draft.subject),
        authored=day,
        author=author,
        item=items_of(tool, [one for one in answered if not one.question.follows]),
    )
    draft.write(response, own | labels_of(answered), **content)
    about = About(draft.subject, day, response, refer, author, draft.care_plan)
    for made in observations(tool, answered, about):
        told = extension(sw("screening"), valueString=f"{number}/{made.key}")
        named = identified(f"{response.partition('/')[2]}/{made.key}")
        labels = own | made.labels
        draft.write(refer(made.key), labels, extension=told, identifier=[named], **made.content)
    return [response, refer(PANEL)]


def read_screenings(told: list[Resource]) -> Mapping[str, Screening]:
    """The screenings among what a CarePlan rests on, by the number of their assessment."""
    found = {}
    for one in told:
        tool = tool_at(str(one.get("questionnaire", "")))
        if tool is not None:
            number = str(extension_value(one, sw("screening")))
            found[number] = screening_of(tool, answers_of(one, tool))
    return found
