"""CarePlans that were not made here, read as plans. https://hl7.org/fhir/R4/careplan.html"""
