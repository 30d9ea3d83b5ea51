"""Who does what, how often and how long, in the words of a print.

https://hl7.org/fhir/R4/datatypes.html#Timing
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from careplan_service.interventions.plan import Participant, Plan, Value
from careplan_service.interventions.printing.words import Words
from careplan_service.interventions.timing import LENGTH, WORDS


@dataclass(frozen=True)
class Names:
    """How a print calls those who act in a plan; other clients of a group are never named."""

    plan: Plan
    words: Words

    @property
    def number(self) -> str:
        """`one` for an individual, else `many`."""
        return "one" if self.plan.client_system.kind == "individual" else "many"

    @property
    def worker(self) -> str:
        """The worker's name, or `my worker`."""
        worker = self.plan.worker
        return (worker.name if worker else None) or self.words("who.worker")

    @property
    def clients(self) -> tuple[str, ...]:
        """The names of the clients, where the clients are one household."""
        if self.plan.client_system.kind not in ("individual", "family"):
            return ()
        return tuple(one.person.name for one in self.plan.client_system.members if one.client)

    def of(self, who: str) -> str:
        """One who acts, by the plan's name for them."""
        if who == "client":
            return self.words(f"who.client_{self.number}")
        if who == "worker":
            return self.worker
        members = {one.person.name for one in self.plan.client_system.members}
        if who in members and self.plan.client_system.kind not in ("individual", "family"):
            return self.words("who.member")
        return who

    def all(self, who: Iterable[str]) -> str:
        """Several, each once."""
        return ", ".join(dict.fromkeys(self.of(one) for one in who))


def described(one: Participant) -> str:
    """`Samuel Okoro, adviser, Eastgate Tenants Union`."""
    return ", ".join(part for part in (one.name, one.role, one.agency) if part)


def value(of: Value, words: Words) -> str:
    """A target as it is said."""
    if isinstance(of, bool):
        return words("value.yes" if of else "value.no")
    return str(of)


def often(frequency: str, words: Words) -> str:
    """How often: in the language of the print where that is certain, else as it was written."""
    known = WORDS.get(frequency.casefold())
    if known is None:
        return frequency
    times, period, unit = known
    sort = "times" if times > 1 else "every" if period > 1 else "once"
    return words(f"often.{sort}_{unit}", times=times, period=period)


def long(duration: str, words: Words) -> str:
    """How long, likewise."""
    known = LENGTH.fullmatch(duration.casefold())
    if known is None:
        return duration
    unit = "h" if known[2].startswith("h") else "min"
    return words(f"long.{unit}_{'one' if int(known[1]) == 1 else 'many'}", n=int(known[1]))
