"""Open Referral HSDS 3.x: a directory of services read, and written as FHIR. http://docs.openreferral.org"""
