"""The screening tools as values: their questions, the answers to choose from, what an answer says of needs.

https://hl7.org/fhir/R4/questionnaire.html The tables are `data/screening_*.csv`; each row names the public
file in which the code was found with that meaning. LOINC is copyright of Regenstrief Institute. Questions
whose codes were not found are left out; a list of answers that was not found whole takes words as well
(`open-choice`). The same question may have other answers in another tool: a choice belongs to both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from careplan_service.interventions.canonical import BASE, LOINC, Document
from careplan_service.interventions.catalogue import DomainCoding, domains, rows
from careplan_service.interventions.terms import Term, Terms

VERSION = "1.0.0"
RISK, AT_RISK, NO_RISK = "88124-3", "LA19952-3", "LA19983-8"
"""What follows from the two questions of the Hunger Vital Sign, and what it can be."""
HUNGRY, NOT_HUNGRY = frozenset({"LA28397-0", "LA6729-3"}), "LA28398-8"
"""Either of two answers to one of them is a risk; only the other one to both is none."""
FOLLOWS_FROM = ("88122-7", "88123-5")
LEAST, MOST = 0, 999_999_999
"""An amount: nobody has less than nothing, nor more than a plan's words take."""
IN_RANGE = f"write a whole number from {LEAST} to {MOST}"


@dataclass(frozen=True)
class Finding:
    """A need that an answer says: its domain and its verified codes; `rule` tells who reads it so."""

    domain: str
    codings: tuple[DomainCoding, ...]
    rule: str

    @property
    def text(self) -> str:
        """What it is called."""
        return self.codings[0].display

    @property
    def codes(self) -> tuple[str, ...]:
        """As a need of a plan picks them."""
        return tuple(row.code for row in self.codings)


@dataclass(frozen=True)
class Choice:
    """An answer of a list."""

    code: str
    display: str
    finding: Finding | None = None

    @property
    def coding(self) -> Document:
        """As a FHIR Coding."""
        return {"system": LOINC, "code": self.code, "display": self.display}


@dataclass(frozen=True)
class Question:
    """A question: `type` is `choice`, `open-choice` (words as well) or `integer`; `many` answers or one."""

    code: str
    display: str
    text: str
    type: str
    many: bool
    domain: str
    section: str
    choices: tuple[Choice, ...]

    @property
    def link(self) -> str:
        """Its `linkId`."""
        return f"/{self.code}"

    @property
    def coding(self) -> Document:
        """As a FHIR Coding."""
        return {"system": LOINC, "code": self.code, "display": self.display}

    @property
    def follows(self) -> bool:
        """Whether its answer follows from others, so that nobody is asked."""
        return self.code == RISK

    @cached_property
    def by_code(self) -> Mapping[str, Choice]:
        """Its choices."""
        return {choice.code: choice for choice in self.choices}


@dataclass(frozen=True)
class Tool:
    """A screening tool; `sections` are codes with their display, `code` is that of the whole."""

    id: str
    code: str
    display: str
    title: str
    notice: str
    sections: Mapping[str, str]
    questions: tuple[Question, ...]

    @property
    def url(self) -> str:
        """The canonical address of its Questionnaire."""
        return f"{BASE}/Questionnaire/{self.id}"

    @property
    def canonical(self) -> str:
        """The same with the version."""
        return f"{self.url}|{VERSION}"

    @cached_property
    def by_code(self) -> Mapping[str, Question]:
        """Its questions."""
        return {question.code: question for question in self.questions}

    @cached_property
    def asked(self) -> tuple[Question, ...]:
        """The questions that somebody is asked, in their order."""
        return tuple(question for question in self.questions if not question.follows)


@cache
def tools() -> Mapping[str, Tool]:
    """Every tool by its id."""
    answers: dict[tuple[str, str], list[Choice]] = {}
    for row in rows("screening_answers.csv"):
        choice = Choice(row["code"], row["display"], _finding(row))
        answers.setdefault((row["tool"], row["question"]), []).append(choice)
    sections: dict[str, dict[str, str]] = {}
    questions: dict[str, list[Question]] = {}
    for row in rows("screening_questions.csv"):
        tool, code, section = row["tool"], row["code"], row["section"]
        if section:
            sections.setdefault(tool, {})[section] = row["section_display"]
        choices = tuple(answers.get((tool, code), ()))
        made = Question(code, row["display"], row["text"], row["type"], row["many"] == "yes", row["domain"],
                        section, choices)  # fmt: skip
        questions.setdefault(tool, []).append(made)
    return {
        row["tool"]: Tool(row["tool"], row["code"], row["display"], row["title"], row["notice"],
                          sections.get(row["tool"], {}), tuple(questions[row["tool"]]))
        for row in rows("screening_tools.csv")
    }  # fmt: skip


def _finding(row: Mapping[str, str]) -> Finding | None:
    if not row["need"]:
        return None
    listed = {one.code: one for one in domains()[row["need"]].conditions}
    return Finding(row["need"], tuple(listed[code] for code in row["need_codes"].split("; ")), row["rule"])


@cache
def tool_terms() -> Terms:
    """How practitioners write the tools."""
    return Terms(
        *(
            Term(row["tool"], spellings=(row["title"], row["display"], *row["spellings"].split("; ")))
            for row in rows("screening_tools.csv")
        )
    )


def tool_at(canonical: str) -> Tool | None:
    """The tool whose Questionnaire has this address, whatever the version."""
    url = canonical.partition("|")[0]
    return next((tool for tool in tools().values() if tool.url == url), None)
