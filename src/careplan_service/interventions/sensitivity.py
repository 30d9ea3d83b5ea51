"""Which security labels a document needs, by a table of triggers: its codes, its words, its marks.

Security labels: https://hl7.org/fhir/R4/security-labels.html

A domain and a kind of intervention are codes in the document, so `code` rows cover them; `prefix` rows take
whole ICD-10-CM chapters; `word` rows are a net for free text, which cannot be segmented; `mark` rows are what
a person may set by hand. One hit is enough: a label too many hides a document, a label too few betrays
somebody. Codes of SNOMED CT, ICD-10-CM and HCPCS stand in the table: see `catalogue` for their licences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from careplan_service.interventions import canonical
from careplan_service.interventions.canonical import Document
from careplan_service.interventions.catalogue import SYSTEMS, domains, rows
from careplan_service.interventions.terms import Term, Terms, normal

Labels = frozenset[str]

NONE: Labels = frozenset()
CONTACT: Labels = frozenset({"SDV", "PATLOC"})
"""What a confidential address or a safe-contact instruction needs."""
ALLEGED: Labels = frozenset({"SDV"})
"""What the record of an alleged abuser needs."""

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
    found: set[str] = set()
    pending = [document]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            found |= _worded(part)
        elif isinstance(part, dict):
            if "code" in part and "system" in part:
                found |= _coded(part["system"], part["code"])
            for name, value in part.items():
                if value.__class__ is not str:
                    pending.append(value)
                elif value and name not in NO_WORDS_IN:
                    found |= _worded(value)
        elif isinstance(part, list | tuple):
            pending += part
    return frozenset(found)


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


def _coded(system: Any, code: Any) -> Labels:
    return _of_code(system, code) if isinstance(system, str) and isinstance(code, str) else NONE


@lru_cache(maxsize=4096)
def _of_code(system: str, code: str) -> Labels:
    table = triggers()
    hits = [labels for of, start, labels in table.prefixes if of == system and code.startswith(start)]
    return frozenset().union(table.codes.get((system, code), NONE), *hits)


def _worded(text: str) -> Labels:
    # most texts are displays and short phrases that come again and again
    return _of_phrase(text) if len(text) <= _PHRASE else _of_text(text)


def _of_text(text: str) -> Labels:
    table = triggers()
    return frozenset().union(*(table.words[hit] for hit in table.pattern.findall(_spoken(text))))


_PHRASE = 120
_of_phrase = lru_cache(maxsize=4096)(_of_text)


def _spoken(text: str) -> str:
    return normal(text.replace("\u2019", "'"))


@cache
def triggers() -> Triggers:
    """The rows of `data/sensitivity.csv`, and every finding of a sensitive domain."""
    systems = {
        **SYSTEMS,
        "intervention": canonical.INTERVENTION,
        "alert-kind": canonical.ALERT_KIND,
        "hmis-record-type": canonical.hmis("RecordType"),
    }
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
