"""Registers the benchmark's clients and prints their tokens as JSON, with the commands an operator has.

One process for all of them: starting `careplan` anew for each takes longer than the commands.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from bench.assertions import CLIENT
from bench.records import AGENCY, NETWORK, PARTNERS, VISITOR
from careplan_service.cli import careplan

CLIENTS = {
    AGENCY: ("agency", "system/*.cruds", 2),
    **dict.fromkeys(PARTNERS, ("partner", "system/*.rs", 2)),
    **dict.fromkeys((VISITOR, NETWORK), ("partner", "system/*.rs", 1)),
}
"""Organisation: kind of client, scopes, number of tokens."""


def register() -> None:
    """`careplan client add` for each organisation."""
    for organization, (kind, scopes, _) in CLIENTS.items():
        id_ = organization.removeprefix("Organization/")
        what = ["--id", id_, "--name", id_, "--kind", kind, "--organization", organization]
        _careplan("client", "add", *what, "--scopes", scopes, "--purpose", "COC")


def assertor(jwks: str) -> None:
    """`careplan client add` for the client that asks the token endpoint."""
    what = ["--id", CLIENT, "--name", CLIENT, "--kind", "partner", "--organization", f"Organization/{CLIENT}"]
    _careplan("client", "add", *what, "--scopes", "system/Goal.rs", "--purpose", "COC", "--jwks", jwks)


def tokens() -> dict[str, list[str]]:
    """`careplan token` for each organisation, as often as it is to have tokens."""
    return {
        organization: [
            _careplan("token", "--client", organization.removeprefix("Organization/"), "--ttl", "86400")
            for _ in range(number)
        ]
        for organization, (_, _, number) in CLIENTS.items()
    }


def _careplan(*arguments: str) -> str:
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        careplan.main(list(arguments), standalone_mode=False)
    return told.getvalue().strip()


if __name__ == "__main__":
    register()
    if len(sys.argv) > 1:
        assertor(sys.argv[1])
    json.dump(tokens(), sys.stdout)
