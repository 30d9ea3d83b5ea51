"""What every FHIR route needs: the reception, what Consents are compiled with, cursors, our address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from flask import Request, Response, request

from careplan_service.access.clients import Client
from careplan_service.access.consent.rules import Door
from careplan_service.interactions.controls import PRESENTATION, require_once
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.records import Cursor
from careplan_service.interventions.vocabulary import Vocabulary
from careplan_service.web import incoming, presenting, wire
from careplan_service.web.cursors import Cursors
from careplan_service.web.reception import Reception

Pairs = Sequence[tuple[str, str]]
FORMAT = frozenset({"_format", "_pretty"})


@dataclass(frozen=True)
class Face:
    """Made once by `app/`; `door` gives what a Consent is compiled with at this moment.

    `addresses` are those of the authorization server, by what is asked there; `clients` gives those that
    are registered, `words` the vocabulary of this moment.
    """

    reception: Reception
    door: Callable[[], Door]
    cursors: Cursors
    base_url: str
    addresses: Callable[[], Mapping[str, str]]
    clients: Callable[[], Sequence[Client]]
    words: Callable[[], Vocabulary]

    def serve(
        self,
        interaction: str,
        carry_out: Callable[[Desk], Response],
        parameters: frozenset[str] | None = FORMAT,
    ) -> Response:
        """Carry out an interaction that takes these query parameters; None leaves them to it."""
        sent: Request = cast(Any, request)._get_current_object()  # the proxy looks it up at every use

        def checked(desk: Desk) -> Response:
            presenting.note_wanted(sent, interaction)
            if parameters is not None:
                incoming.require_parameters(sent, parameters)
            return carry_out(desk)

        return self.reception.serve(sent, interaction, checked)

    def page_of(self, desk: Desk, pairs: Pairs, path: str) -> tuple[list[tuple[str, str]], Cursor | None]:
        """The parameters without the cursor, and where the page begins."""
        require_once(name for name, _ in pairs if name == _CURSOR)
        texts = [text for name, text in pairs if name == _CURSOR]
        asked = [pair for pair in pairs if pair[0] != _CURSOR]
        return asked, self.cursors.opened(texts[0], _bound(desk, asked, path)) if texts else None

    def links(self, desk: Desk, path: str, asked: Pairs, following: Cursor | None) -> list[tuple[str, str]]:
        """The self link, and the next one where there is more."""
        sealed = self.cursors.sealed(following, _bound(desk, asked, path)) if following else None
        return wire.links(f"{self.base_url}/fhir/{path}", asked, sealed)


_CURSOR = "_cursor"
_FREE = PRESENTATION | {"_count", "_total", "_include", "_revinclude"}


def _bound(desk: Desk, asked: Pairs, path: str) -> str:
    """Whose page of what it is; how many rows it has and how they look may change on the way."""
    question = [pair for pair in asked if pair[0].partition(":")[0] not in _FREE]
    return "\n".join((desk.caller.owner, desk.caller.organization, path, urlencode(question)))


def pairs_of(sent: Request) -> list[tuple[str, str]]:
    """The query parameters in their order."""
    return list(sent.args.items(multi=True))
