"""Consent decides: terminology, rules, matching and the decision, in plain Python."""
