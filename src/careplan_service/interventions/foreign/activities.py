"""The activities of a plan of others as strategies: described in the CarePlan, or resources of their own.

https://hl7.org/fhir/R4/careplan-definitions.html#CarePlan.activity
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from careplan_service.interventions.canonical import PERTAINS_TO_GOAL
from careplan_service.interventions.foreign.codes import kind_meant
from careplan_service.interventions.foreign.marks import INFERRED
from careplan_service.interventions.foreign.place import Place
from careplan_service.interventions.foreign.reading import Reading, codings_of, concept_text, title
from careplan_service.interventions.foreign.states import activity_state, request_state
from careplan_service.interventions.plan import Strategy
from careplan_service.interventions.timing import WORDS

REQUESTS = frozenset(
    {
        "Appointment",
        "CommunicationRequest",
        "DeviceRequest",
        "NutritionOrder",
        "RequestGroup",
        "ServiceRequest",
        "Task",
        "VisionPrescription",
    }
)
"""What an activity may refer to and reads as a strategy; medication does not."""

NOT_TO_DO = "not to be done: "
"""What stands before the text of an activity that must not be carried out."""

_CODES = ("code", "serviceType")
_PERFORMERS = ("performer", "owner", "recipient")
_UNITS = {"d": "day", "wk": "week", "mo": "month", "a": "year", "h": "hour", "min": "minute", "s": "second"}


@dataclass(frozen=True)
class Act:
    """An activity: where it stands, what it is about, and the goals (by reference) that it is for."""

    activity: Place
    about: Place
    goals: tuple[Place, ...]
    reading: Reading

    @property
    def is_described(self) -> bool:
        """Whether it is described in the CarePlan."""
        return self.about.steps[-1:] == ("detail",)

    def read(self, field: str, number: str) -> Strategy:
        """As a strategy of this number, which is at `field` of the plan."""
        if not self.is_described:
            self.reading.came(field, self.activity.at("reference"), self.about)
        for goal in self.goals[:1]:
            goal.at("reference").say()
            if not self.is_described:  # it stands in an extension
                Place(goal.sheet, (*goal.steps[:-1], "url"), PERTAINS_TO_GOAL).say()
        kind = self._kind(f"{field}.kind")
        status = activity_state if self.is_described else request_state
        return Strategy(
            number=number,
            text=self._text(f"{field}.text"),
            kind=kind,
            frequency=self._frequency(f"{field}.frequency") or None,
            who=tuple(self._who(f"{field}.who")),
            where=self._where(f"{field}.where") or None,
            status=status(f"{field}.status", self.about, self.reading),
        )

    def _kind(self, field: str) -> str:
        for name in _CODES:
            code = self.about.at(name)
            code = code.at(0) if isinstance(code.value, list) else code
            if code:
                words = concept_text(code.value)
                meaning = kind_meant(codings_of(code), code.at("text").text)
                return self.reading.meant(field, code, meaning, words)
        return ""

    def _text(self, field: str) -> str:
        about = self.about
        text = about.at("description").word() or about.at("orderDetail", 0, "text").word() or title(about)
        no = about.at("doNotPerform")
        if no.value is True:
            self.reading.mark(field, no, INFERRED, "doNotPerform")
            return f"{NOT_TO_DO}{text}"
        no.say()
        return text

    def _frequency(self, field: str) -> str:
        if text := self.about.at("scheduledString").word():
            return text
        for name in ("scheduledTiming", "occurrenceTiming"):
            timing = self.about.at(name)
            if words := _often(timing):
                self.reading.mark(field, timing, INFERRED, "a timing in words")
                return words
        return ""

    def _who(self, field: str) -> Iterator[str]:
        names: dict[str, None] = {}
        for performer in self._performers():
            found = self.reading.follow(performer)
            name = self.reading.names.get(performer.at("reference").text) or performer.at("display").text
            name = name or (title(found) if found is not None else "")
            if name:
                names[name] = None
                self.reading.mark(field, performer, INFERRED, "the name of who it is")
        yield from names

    def _performers(self) -> list[Place]:
        found = [one for name in _PERFORMERS for one in self.about.each(name)]
        owner = self.about.at("owner")
        return [*found, *([owner] if isinstance(owner.value, dict) else [])]

    def _where(self, field: str) -> str:
        location = self.about.at("location")
        if not isinstance(location.value, dict):
            return ""
        found = self.reading.follow(location)
        words = location.at("display").text or (title(found) if found is not None else "")
        if words and location.at("reference"):
            self.reading.mark(field, location, INFERRED, "the name of the place")
        location.at("display").say_if(words)
        return words


def _often(timing: Place) -> str:
    """How often, in words: those of the timing, ours, or what its numbers say."""
    if text := concept_text(timing.at("code").value):
        return text
    repeat = timing.at("repeat")
    times, period, unit = (repeat.at(name).value for name in ("frequency", "period", "periodUnit"))
    if times is None or period is None or unit is None:
        return ""  # only when, not how often: it is told as it stands
    ours = next((words for words, key in WORDS.items() if key == (times, period, unit)), None)
    return ours or f"{times} times in {period} {_UNITS.get(str(unit), str(unit))}"


def acts_of(care_plan: Place, reading: Reading) -> Iterator[Act]:
    """The activities that read as strategies; the others are told as they stand."""
    for activity in care_plan.each("activity"):
        detail = activity.at("detail")
        if detail:
            yield Act(activity, detail, tuple(detail.each("goal")), reading)
            continue
        found = reading.follow(activity.at("reference"))
        if found is not None and found.at("resourceType").value in REQUESTS:
            goals = tuple(
                one.at("valueReference")
                for one in found.each("extension")
                if one.at("url").value == PERTAINS_TO_GOAL
            )
            yield Act(activity, found, goals, reading)
