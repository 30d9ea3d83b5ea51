"""Consent vectors carried out: by the evaluator in plain Python, and by the predicate in a database."""
