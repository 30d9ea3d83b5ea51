"""Two worlds in their databases, and everything that the partner asks of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from builders import PARTNER, Api
from careplan_service.access.clients import Client
from careplan_service.app import assemble
from careplan_service.resources.registry import SERVED
from careplan_service.settings import Settings
from nonleak import recorded
from nonleak.asking import BASE, Difference, Request, difference
from nonleak.generated import Generator, facts_of
from nonleak.worlds import ABSENT, BEGINNING, Clock, Ids, Script, Size, World

_FIRST = ("Patient", "Goal", "CarePlan", "Consent", "Organization")
_TYPES = ("Goal", "CarePlan", "Patient", "Organization")


@dataclass(frozen=True)
class Pair:
    """Two worlds, their scripts, and how much is asked."""

    worlds: tuple[World, World]
    scripts: tuple[Script, Script]
    seed: int
    size: Size

    def prepare(self) -> None:
        """Begin the replay: the same moment and the same ids in both."""
        for world in self.worlds:
            world.clock.now = BEGINNING + timedelta(hours=12)
            world.api.token("partner")
            world.ids.at = 5_000_000

    def hidden_and_shown(self) -> Iterator[tuple[World, str, int]]:
        """What the partner must and must not be able to read, for a test that the worlds are as meant."""
        for world, script in zip(self.worlds, self.scripts, strict=True):
            yield from ((world, name, 404) for name in script.hidden)
            yield from ((world, name, 200) for name in (*script.shown, *script.own))

    def first_difference(self, parts: Sequence[str] = ()) -> Difference | None:
        """The first request of those parts of the corpus (of all) that shows which world it is."""
        self.prepare()
        for name, requests in self.corpus().items():
            for request in requests if not parts or name in parts else ():
                if found := difference(*self.worlds, request):
                    return found
        return None

    def corpus(self) -> Mapping[str, Iterator[Request]]:
        """The requests by their parts, those that write last."""
        rng, own = Random(self.seed), self.scripts[0].own
        names = self._names(rng)
        facts = facts_of(document for script in self.scripts for document in script.documents)
        made = Generator(rng, facts, [*names, *own])
        types = _TYPES if self.size.questions < 1 else tuple(SERVED)
        return {
            "moments": recorded.moments(self.scripts[0].veiled),
            "reads": recorded.reads([*names, *own[:2]]),
            "links": recorded.links(names),
            "searches": recorded.searches(types),
            "scopes": recorded.scopes(self.scripts[0].shown),
            "malformed": recorded.malformed(),
            "generated": made.searches(self.size.questions),
            "controls": made.controls(int(120 * self.size.questions)),
            "writes": recorded.writes(names, own),
            "changes": recorded.changes(own),
            "afterwards": recorded.searches(_TYPES[:1]),
        }

    def _names(self, rng: Random) -> list[str]:
        """What is shown, what is hidden in one world or in both, and what is nowhere."""
        one, other = (script.hidden for script in self.scripts)
        both = sorted({*one} & {*other})
        every = sorted({*one, *other})
        first = [next(name for name in every if name.startswith(f"{type_}/")) for type_ in _FIRST]
        several = min(self.size.names, len(every))
        shown = rng.sample(self.scripts[0].shown, min(self.size.names // 3, len(self.scripts[0].shown)))
        chosen = [*first, *rng.sample(every, several), *both[: several // 3], "Goal/quiet-0"]
        absent = (f"Goal/{ABSENT}", f"Patient/{ABSENT}")
        return list(dict.fromkeys([*chosen, "Patient/client-0", *shown, *absent]))


def opened(urls: Sequence[str], keys_dir: Path, recheck: float = 1) -> tuple[World, World]:
    """The worlds on two databases, each served as the service is when nothing is set but that share of
    the answers that are judged twice, which chance would choose."""
    first, second = (_opened(url, keys_dir, recheck) for url in urls)
    # Statements are the same in both; building each once takes half the time.
    asking = [world.api.service.records._reading.asking for world in (first, second)]
    asking[1]._statements = asking[0]._statements
    return first, second


def _opened(url: str, keys_dir: Path, recheck: float) -> World:
    clock, ids = Clock(), Ids()
    settings = Settings(database_url=url, base_url=BASE, keys_dir=keys_dir, recheck=recheck)
    service = assemble(settings, clock, ids, migrated=False)
    if service.clients.get("partner") is None:
        purposes = ("TREAT", "HRESCH")
        service.clients.add(
            Client("partner", "partner", "partner", PARTNER, "system/*.cruds", "COC", purposes)
        )
    return World(Api(service), clock, ids)


def close(worlds: Sequence[World]) -> None:
    """Let go of the databases."""
    for world in worlds:
        world.api.service.database.close()
