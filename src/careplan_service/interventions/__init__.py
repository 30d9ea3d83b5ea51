"""Social work in FHIR's words, both ways: a practitioner's plan becomes FHIR R4 documents and comes back.

https://hl7.org/fhir/R4/careplan.html
"""
