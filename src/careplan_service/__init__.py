"""An interoperable FHIR R4 care-plan service."""

__version__ = "0.1.0"
