"""Everything that can go wrong, with its HTTP status and FHIR issue code.

One class says what a problem is; `web/wire.py` alone says how it looks on the wire.
Issue codes: https://hl7.org/fhir/R4/valueset-issue-type.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SHOWN = 80


@dataclass(frozen=True)
class Fault:
    """One thing wrong with what was sent.

    `code` is a FHIR issue-type code, `text` one lower-case sentence a person can act on,
    `expression` the FHIRPath location (`Goal.target[0].detailQuantity`) where there is one.
    """

    code: str
    text: str
    expression: str | None = None
    severity: str = "error"


class Problem(Exception):
    """A request that cannot be answered as asked; children carry status and issue code."""

    status = 500
    issue = "exception"

    def __init__(self, text: str, *, expression: str | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.faults: tuple[Fault, ...] = tuple(faults) or (Fault(self.issue, text, expression),)

    @property
    def headers(self) -> Mapping[str, str]:
        """Extra response headers, e.g. `WWW-Authenticate`."""
        return {}


class Drift(Problem):
    """Two judges of the same consents disagree: nothing may leave."""


class Malformed(Problem):
    """What was sent cannot be read at all (bad JSON, bad search parameter)."""

    status, issue = 400, "invalid"


class TooCostly(Problem):
    """A question that the database could not answer within the time it has."""

    status, issue = 400, "too-costly"


class Unauthenticated(Problem):
    """No token, or one that is not valid. https://www.rfc-editor.org/rfc/rfc6750#section-3"""

    status, issue = 401, "login"

    def __init__(self, text: str, *, error: str | None = None) -> None:
        super().__init__(text)
        self.error = error

    @property
    def headers(self) -> Mapping[str, str]:
        return _challenge(error=self.error)


class Forbidden(Problem):
    """The caller may not do this at all, whatever the record: by its role, or by its consents."""

    status, issue = 403, "forbidden"

    @property
    def headers(self) -> Mapping[str, str]:
        return _challenge()


class OutOfScope(Forbidden):
    """The token does not open this; `scope` would, where one does. See RFC 6750 as for Unauthenticated."""

    def __init__(self, text: str, *, scope: str | None = None) -> None:
        super().__init__(text)
        self.scope = scope

    @property
    def headers(self) -> Mapping[str, str]:
        return _challenge(error="insufficient_scope", scope=self.scope)


def _challenge(**told: str | None) -> Mapping[str, str]:
    """What a client reads to know how to go on; parameters that are None are left out."""
    given = [f'{name}="{value}"' for name, value in {"realm": "careplan", **told}.items() if value]
    return {"WWW-Authenticate": f"Bearer {', '.join(given)}"}


class NotFound(Problem):
    """Absent or hidden: the two are the same to the caller."""

    status, issue = 404, "not-found"


class NotAllowed(Problem):
    """The interaction is not offered here, e.g. creating under an id of one's own."""

    status, issue = 405, "not-supported"


class NotAcceptable(Problem):
    """None of the formats the caller accepts is served."""

    status, issue = 406, "not-supported"


class Conflict(Problem):
    """The change collides with another one or with a rule on the stored record."""

    status, issue = 409, "conflict"


class Gone(Problem):
    """The resource was deleted."""

    status, issue = 410, "deleted"


class PreconditionFailed(Problem):
    """`If-Match` named another version than the current one."""

    status, issue = 412, "conflict"


class TooLarge(Problem):
    """More bytes or entries than the service takes in one request."""

    status, issue = 413, "too-long"


class UnsupportedMediaType(Problem):
    """The body is in a format that is not taken here."""

    status, issue = 415, "not-supported"


class Invalid(Problem):
    """Readable, but not a valid resource, plan or file; carries every fault found."""

    status, issue = 422, "invalid"


class NotImplementedHere(Problem):
    """Part of the standard that this service does not offer."""

    status, issue = 501, "not-supported"


class Unavailable(Problem):
    """The database or a key cannot be reached for now."""

    status, issue = 503, "transient"


class Busy(Problem):
    """More is asked at once than can be worked on; `retry_after` is in seconds."""

    status, issue = 503, "throttled"

    def __init__(self, text: str, *, retry_after: int) -> None:
        super().__init__(text)
        self._retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self._retry_after)}


class TooMany(Busy):
    """The same sender asked too often."""

    status = 429


def shown(text: str) -> str:
    """The beginning of what was sent, as an error may repeat it: printable characters only."""
    return "".join(character if character.isprintable() else "?" for character in text[:_SHOWN])
