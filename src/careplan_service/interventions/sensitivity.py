"""Which security labels a document needs, by a table of triggers: its codes, its words, its marks.

Security labels: https://hl7.org/fhir/R4/security-labels.html

A domain and a kind of intervention are codes in the document, so `code` rows cover them; `prefix` rows take
whole ICD-10-CM chapters; `word` rows are a net for free text, which cannot be segmented; `mark` rows are what
a person may set by hand. One hit is enough: a label too many hides a document, a label too few betrays
somebody. Codes of SNOMED CT, ICD-10-CM and HCPCS stand in the table: see `catalogue` for their licences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document
from careplan_service.interventions.catalogue import SYSTEMS, domains, rows
from careplan_service.interventions.terms import Term, Terms, normal

Labels = frozenset[str]

NONE: Labels = frozenset()
CONTACT: Labels = frozenset({"SDV", "PATLOC"})
"""What a confidential address or a safe-contact instruction needs."""

NO_WORDS_IN = frozenset({"resourceType", "id", "url", "system", "reference", "code", "div", "status"})


@dataclass(frozen=True)
class Triggers:
    """The table, ready to be asked."""

    codes: Mapping[tuple[str, str], Labels]
    prefixes: tuple[tuple[str, str, Labels], ...]
    words: Mapping[str, Labels]
    pattern: re.Pattern[str]


def found_in(document: Any) -> Labels:
    """The labels that the codes and words anywhere in a FHIR document, or a part of one, call for."""
    return frozenset().union(*_hits(document))


def marked(marks: Iterable[str]) -> Labels:
    """The labels of marks that were set by hand."""
    return frozenset().union(*(mark_terms().fhir(mark).split() for mark in marks))


def security(labels: Iterable[str]) -> list[Document]:
    """`Meta.security`: confidentiality R as soon as there is any other label, N without, then the labels."""
    wanted = sorted(labels)
    level = ("R", "restricted") if wanted else ("N", "normal")
    return [
        {"system": canonical.CONFIDENTIALITY, "code": level[0], "display": level[1]},
        *({"system": canonical.ACT_CODE, "code": code, "display": label_displays()[code]} for code in wanted),
    ]


def _hits(part: Any) -> Iterator[Labels]:
    if isinstance(part, Mapping):
        yield _coded(part.get("system"), part.get("code"))
        for name, value in part.items():
            if not (isinstance(value, str) and name in NO_WORDS_IN):
                yield from _hits(value)
    elif isinstance(part, list | tuple):
        for item in part:
            yield from _hits(item)
    elif isinstance(part, str):
        table = triggers()
        for hit in table.pattern.findall(_spoken(part)):
            yield table.words[hit]


def _coded(system: Any, code: Any) -> Labels:
    if not (isinstance(system, str) and isinstance(code, str)):
        return NONE
    table = triggers()
    hits = [labels for of, start, labels in table.prefixes if of == system and code.startswith(start)]
    return frozenset().union(table.codes.get((system, code), NONE), *hits)


def _spoken(text: str) -> str:
    return normal(text.replace("\u2019", "'"))


@cache
def triggers() -> Triggers:
    """The rows of `data/sensitivity.csv`, and every finding of a sensitive domain."""
    systems = {**SYSTEMS, "intervention": canonical.INTERVENTION}
    table = [(row["match"], systems.get(row["system"], ""), row["value"], frozenset(row["labels"].split()))
             for row in rows("sensitivity.csv")]  # fmt: skip
    codes = {(system, value): labels for match, system, value, labels in table if match == "code"}
    words = {_spoken(value): labels for match, _, value, labels in table if match == "word"}
    longest_first = sorted(words, key=len, reverse=True)
    return Triggers(
        {**_findings(codes), **codes},
        tuple((system, value, labels) for match, system, value, labels in table if match == "prefix"),
        words,
        # a lookahead, so that words inside a longer hit are found as well
        re.compile(rf"(?<!\w)(?=({'|'.join(map(re.escape, longest_first))})s?(?!\w))"),
    )


def _findings(codes: Mapping[tuple[str, str], Labels]) -> dict[tuple[str, str], Labels]:
    return {
        (row.system, row.code): codes[(canonical.GRAVITY, domain.code)]
        for domain in domains().values()
        if (canonical.GRAVITY, domain.code) in codes
        for row in domain.conditions
    }


@cache
def mark_terms() -> Terms:
    """What may be set by hand, by label code (`SDV`) or in words (`domestic violence`)."""
    marks = {row["value"]: row["labels"] for row in rows("sensitivity.csv") if row["match"] == "mark"}
    return Terms(
        *(
            Term(labels if " " not in labels else "42CFRPart2", labels, (words,))
            for words, labels in marks.items()
        )
    )


@cache
def label_displays() -> Mapping[str, str]:
    """Display texts of the labels, by code."""
    return {row["code"]: row["display"] for row in rows("labels.csv")}
