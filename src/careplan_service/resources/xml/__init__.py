"""FHIR resources as XML, both ways. https://hl7.org/fhir/R4/xml.html"""

from careplan_service.resources.xml.indented import indented
from careplan_service.resources.xml.reading import from_xml
from careplan_service.resources.xml.writing import to_xml

__all__ = ["from_xml", "indented", "to_xml"]
