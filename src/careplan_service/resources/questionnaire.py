"""Questionnaire. https://hl7.org/fhir/R4/questionnaire.html"""

from __future__ import annotations

from careplan_service.resources.params import date, string, token, uri
from careplan_service.resources.spec import ResourceSpec

QUESTIONNAIRE = ResourceSpec(
    name="Questionnaire",
    params=(
        token("code", "item.code"),
        token("context", "useContext.valueCodeableConcept"),
        token("context-type", "useContext.code"),
        date("date", "date"),
        uri("definition", "item.definition"),
        string("description", "description"),
        date("effective", "effectivePeriod"),
        token("identifier", "identifier"),
        token("jurisdiction", "jurisdiction"),
        string("name", "name"),
        string("publisher", "publisher"),
        token("status", "status", system="http://hl7.org/fhir/publication-status"),
        token("subject-type", "subjectType", system="http://hl7.org/fhir/resource-types"),
        string("title", "title"),
        uri("url", "url"),
        token("version", "version"),
    ),
)
