"""Questions about codes: what they mean, which there are, what they are elsewhere.

https://hl7.org/fhir/R4/terminology-service.html
"""
