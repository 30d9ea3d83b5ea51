"""Screening tools: questionnaires that are served, and what answers become. docs/screening.md

https://hl7.org/fhir/R4/questionnaire.html
"""
