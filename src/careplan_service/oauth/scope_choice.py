"""Which of the scopes an app asked for can be granted, and which a person ticked.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from careplan_service.access.asking import (
    CHOICES,
    LAUNCHES,
    Ask,
    AuthorizationRequest,
    Context,
    NotGiven,
    Offer,
)
from careplan_service.access.compartment import IN_NONE
from careplan_service.access.scope_text import parse_scopes
from careplan_service.access.scopes import LETTERS, Grant, Query, Scopes, narrowed, scopes_of

_WORDS = frozenset(LAUNCHES).union(*CHOICES.values())
_ELSEWHERE = ("launch/", "http://", "https://", "urn:", "__")
"""How scopes begin that are not of resources: other launches, and extensions by name."""

_WITH_ROLE = ("launch/patient?role=", "launch/encounter?role=")

_WRITING = "cud"
_STAFF = ("Practitioner", "PractitionerRole")

NOT_REGISTERED = "the app is not registered for it"
NOBODYS = "it is in nobody's record"
NOT_YOURS = "you may not change it"


def split(scope: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The identity and launch words of a scope string, and those of resources, each once in their order.

    Plain words that are not known here are left out, as RFC 6749 section 3.3 allows; whatever has the form
    of a resource scope is kept, to be judged.
    """
    words = tuple(dict.fromkeys(word for word in scope.split(" ") if word))
    known = tuple(dict.fromkeys(plain for word in words if (plain := _without_role(word)) in _WORDS))
    resources = (word for word in words if word not in _WORDS and "/" in word)
    return known, tuple(word for word in resources if not word.startswith(_ELSEWHERE))


def _without_role(word: str) -> str:
    """The scope for context of a type: no role of it is known here, so the context there is is given."""
    return word.partition("?")[0] if word.startswith(_WITH_ROLE) else word


def registered(scopes: str) -> Scopes:
    """The resource scopes of a registration."""
    _, resources = split(scopes)
    return parse_scopes(" ".join(resources)) if resources else Scopes()


def offer_of(request: AuthorizationRequest, fhir_user: str) -> Offer:
    """What of a request can be granted to a registered app by that person."""
    own = registered(request.client.scopes)
    asks: dict[str, Ask] = {}
    not_given: dict[str, NotGiven] = {}
    for word in request.resources:
        for fault in _not_given(word, own, fhir_user):
            not_given.setdefault(f"{_word(fault.ask)} {fault.why}", fault)
        for ask in _possible(word, own, fhir_user):
            asks.setdefault(_word(ask), ask)
    choices = (choice for choice, words in CHOICES.items() if words[0] in request.words)
    return Offer(tuple(asks.values()), tuple(choices), tuple(not_given.values()))


def granted(
    request: AuthorizationRequest,
    offer: Offer,
    context: Context,
    chosen: Mapping[int, str],
    choices: Collection[str],
) -> str:
    """The scope string of what was ticked: letters by the number of the offered scope, and choices.

    Words stand as they were asked for where all of it is granted. Empty when nothing was ticked: context
    alone opens nothing.
    """
    resources = [
        _as_ticked(ask, kept)
        for number, ask in enumerate(offer.asks)
        if (kept := "".join(letter for letter in ask.letters if letter in chosen.get(number, "")))
    ]
    identity = {word for choice in choices if choice in offer.choices for word in CHOICES[choice]}
    if not resources and not identity:
        return ""
    had = {"launch": request.launch, "launch/patient": context.patient, "launch/encounter": context.encounter}
    words = [word for word in request.words if word in identity or had.get(word)]
    return " ".join([*words, *dict.fromkeys(resources)])


def everything(offer: Offer) -> dict[int, str]:
    """All of an offer, as `granted` takes it."""
    return {number: ask.letters for number, ask in enumerate(offer.asks)}


def covers(earlier: str, wanted: str) -> bool:
    """Whether a scope string that was granted before allows all that another one does."""
    words, resources = split(earlier)
    wanted_words, wanted_resources = split(wanted)
    grants = parse_scopes(" ".join(resources)).grants if resources else frozenset[Grant]()
    asked = parse_scopes(" ".join(wanted_resources)).grants if wanted_resources else frozenset[Grant]()
    return {*wanted_words} <= {*words} and all(any(one.covers(other) for one in grants) for other in asked)


def _as_ticked(ask: Ask, letters: str) -> str:
    return ask.asked if ask.asked and letters == ask.letters else _word(_with(ask, letters))


def _possible(word: str, own: Scopes, fhir_user: str) -> Iterator[Ask]:
    found = narrowed(parse_scopes(word), own)
    possible = scopes_of(grant for grant in found.grants if not _why_not(grant, fhir_user))
    whole = word if possible == parse_scopes(word) else ""
    for ask in _asks(possible.grants):
        yield Ask(*ask[:4], asked=whole)


def _not_given(word: str, own: Scopes, fhir_user: str) -> Iterator[NotGiven]:
    """What of a word is lost, by reason; less of a type, or only some of its resources, is lost as well."""
    asked = parse_scopes(word).grants
    lost = [grant for grant in asked if not any(one.covers(grant) for one in own.grants)]
    for ask in _asks(lost):
        yield NotGiven(Ask(*ask), NOT_REGISTERED)
    for reason in (NOBODYS, NOT_YOURS):
        for ask in _asks(g for g in asked if g not in lost and _why_not(g, fhir_user) == reason):
            yield NotGiven(Ask(*ask), reason)


def _why_not(grant: Grant, fhir_user: str) -> str:
    """Why nobody, or not this person, has that right; empty if it is as the one predicate will have it."""
    if grant.letter not in _WRITING or grant.resource_type not in IN_NONE:
        return ""
    if grant.context == "patient":
        return NOBODYS
    return "" if fhir_user.partition("/")[0] in _STAFF else NOT_YOURS


def _asks(grants: Iterable[Grant]) -> list[tuple[str, str, str, Query]]:
    found: dict[tuple[str, str, Query], set[str]] = {}
    for context, name, letter, query in grants:
        found.setdefault((context, name, query), set()).add(letter)
    return [
        (context, name, "".join(letter for letter in LETTERS if letter in letters), query)
        for (context, name, query), letters in sorted(found.items())
    ]


def _with(ask: Ask, letters: str) -> Ask:
    return Ask(ask.context, ask.resource_type, letters, ask.query)


def _word(ask: Ask) -> str:
    return str(
        Scopes(frozenset(Grant(ask.context, ask.resource_type, one, ask.query) for one in ask.letters))
    )
