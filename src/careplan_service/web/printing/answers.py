"""`/plans/{id}.html` and `/plans/{id}.pdf`: what is asked, and the print as an answer that nobody keeps.

https://www.rfc-editor.org/rfc/rfc6266 and https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.5
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Request, Response

from careplan_service.access.consent.rules import Door
from careplan_service.access.instants import as_datetime
from careplan_service.errors import Malformed
from careplan_service.interactions.desk import Desk
from careplan_service.interactions.print_plan import Wish, print_plan
from careplan_service.interventions.printing.leaflet import Leaflet
from careplan_service.interventions.printing.words import DEFAULT
from careplan_service.web import incoming
from careplan_service.web.printing.html import html_of, policy

PRINTS = (".html", ".pdf")
"""How the address of a print ends."""

_KINDS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_PARAMETERS = frozenset({"language", "large-print", "include"})
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def printed(desk: Desk, name: str, request: Request, door: Callable[[], Door]) -> Response:
    """The print of the plan under `{id}.html` or `{id}.pdf`. Raises as `print_plan` and `pdf_of`."""
    incoming.require_parameters(request, _PARAMETERS)
    id_, _, shape = name.rpartition(".")
    large = _one_of(request, "large-print", ("false", "true")) == "true"
    sensitive = _one_of(request, "include", ("", "sensitive")) == "sensitive"
    leaflet = print_plan(desk, id_, Wish(request.args.get("language", DEFAULT), sensitive), door())
    headers = {**_SAFE, "Content-Language": leaflet.language}
    # an id has letters, digits, `-` and `.` only, so it needs no quoting; and it names nobody
    headers["Content-Disposition"] = f'inline; filename="plan-{id_}.{shape}"'
    headers["Content-Security-Policy"] = policy() if shape == "html" else _NOTHING
    return Response(print_in(shape, leaflet, desk, large=large), headers=headers, content_type=_KINDS[shape])


def print_in(shape: str, leaflet: Leaflet, desk: Desk, *, large: bool) -> bytes:
    """The leaflet as `html` or `pdf`. Raises as `pdf_of`."""
    if shape == "html":
        return html_of(leaflet, large=large).encode()
    # What sets letters is a quarter of the time to the first answer, and few ask for it.
    from careplan_service.web.printing.pdf import pdf_of

    return pdf_of(leaflet, as_datetime(desk.now).date(), large=large)


def _one_of(request: Request, name: str, values: tuple[str, ...]) -> str:
    """The value of a parameter, the first of `values` where it is not given. Raises Malformed for others."""
    value = request.args.get(name, values[0])
    if value not in values or (name in request.args and not value):
        known = " or ".join(f"`{one}`" for one in values if one)
        raise Malformed(f"`{name}={value}` is not known; it is {known}")
    return value
