"""The service as it would be if a token that was once seen were never looked at again: for measuring only.

Beside it `careplan serve` shows what the hash, the registers and the look for a revocation cost.
"""

from __future__ import annotations

import sys

from bench.bare import serve
from careplan_service.access.caller import Caller
from careplan_service.app import create_app
from careplan_service.oauth.tokens import TokenVerifier
from careplan_service.settings import Settings

_known: dict[str, Caller] = {}
_verify = TokenVerifier.verify


def _remembered(verifier: TokenVerifier, token: str) -> Caller:
    caller = _known.get(token)
    if caller is None:
        caller = _known[token] = _verify(verifier, token)
    return caller


TokenVerifier.verify = _remembered  # type: ignore[method-assign, assignment]
app = create_app(Settings.from_env()) if __name__ != "__main__" else None

if __name__ == "__main__":
    serve("bench.unverified:app", int(sys.argv[1]), int(sys.argv[2]))
