"""Questionnaire. https://hl7.org/fhir/R4/questionnaire.html"""

from __future__ import annotations

from careplan_service.resources.params import composite, date, quantity, string, token, uri
from careplan_service.resources.spec import ResourceSpec

_CONTEXT_TYPE = token("context-type", "code")
_CONTEXT = token("context", "valueCodeableConcept")
_CONTEXT_QUANTITY = quantity("context-quantity", "valueQuantity", "valueRange")

QUESTIONNAIRE = ResourceSpec(
    name="Questionnaire",
    params=(
        token("code", "item.code"),
        token("context", "useContext.valueCodeableConcept"),
        quantity("context-quantity", "useContext.valueQuantity", "useContext.valueRange"),
        token("context-type", "useContext.code"),
        composite("context-type-quantity", "useContext", _CONTEXT_TYPE, _CONTEXT_QUANTITY),
        composite("context-type-value", "useContext", _CONTEXT_TYPE, _CONTEXT),
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
