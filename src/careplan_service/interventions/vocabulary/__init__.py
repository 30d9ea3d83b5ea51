"""The vocabulary that this service defines and maps, as FHIR R4 resources.

https://hl7.org/fhir/R4/terminology-module.html
"""

from careplan_service.interventions.vocabulary.whole import Vocabulary, vocabulary

__all__ = ["Vocabulary", "vocabulary"]
