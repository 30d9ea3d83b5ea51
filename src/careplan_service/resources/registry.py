"""SERVED: the table that routes, search, /metadata, OpenAPI and consent by class read."""

from __future__ import annotations

from collections.abc import Mapping

from careplan_service.resources.care_plan import CARE_PLAN
from careplan_service.resources.care_team import CARE_TEAM
from careplan_service.resources.condition import CONDITION
from careplan_service.resources.consent import CONSENT
from careplan_service.resources.document_reference import DOCUMENT_REFERENCE
from careplan_service.resources.encounter import ENCOUNTER
from careplan_service.resources.episode_of_care import EPISODE_OF_CARE
from careplan_service.resources.goal import GOAL
from careplan_service.resources.group import GROUP
from careplan_service.resources.healthcare_service import HEALTHCARE_SERVICE
from careplan_service.resources.location import LOCATION
from careplan_service.resources.observation import OBSERVATION
from careplan_service.resources.organization import ORGANIZATION
from careplan_service.resources.patient import PATIENT
from careplan_service.resources.practitioner import PRACTITIONER
from careplan_service.resources.practitioner_role import PRACTITIONER_ROLE
from careplan_service.resources.procedure import PROCEDURE
from careplan_service.resources.provenance import PROVENANCE
from careplan_service.resources.questionnaire import QUESTIONNAIRE
from careplan_service.resources.questionnaire_response import QUESTIONNAIRE_RESPONSE
from careplan_service.resources.related_person import RELATED_PERSON
from careplan_service.resources.service_request import SERVICE_REQUEST
from careplan_service.resources.spec import ResourceSpec
from careplan_service.resources.task import TASK

SERVED: Mapping[str, ResourceSpec] = {
    spec.name: spec
    for spec in (
        CARE_PLAN,
        GOAL,
        CONSENT,
        PATIENT,
        RELATED_PERSON,
        PRACTITIONER,
        PRACTITIONER_ROLE,
        ORGANIZATION,
        HEALTHCARE_SERVICE,
        LOCATION,
        CARE_TEAM,
        GROUP,
        CONDITION,
        OBSERVATION,
        ENCOUNTER,
        EPISODE_OF_CARE,
        SERVICE_REQUEST,
        PROCEDURE,
        TASK,
        QUESTIONNAIRE,
        QUESTIONNAIRE_RESPONSE,
        DOCUMENT_REFERENCE,
        PROVENANCE,
    )
}
