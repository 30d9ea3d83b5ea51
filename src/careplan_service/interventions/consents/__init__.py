"""A consent form in the agency's words, and the R4 Consent that it becomes.

https://hl7.org/fhir/R4/consent.html
"""
