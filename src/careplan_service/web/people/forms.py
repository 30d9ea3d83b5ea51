"""Forms that were made here for this browser, and posted from our own pages.

https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
(signed double submit; Fetch metadata: https://www.w3.org/TR/fetch-metadata/)
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from urllib.parse import urlsplit

from flask import request

from careplan_service.errors import Forbidden
from careplan_service.web.people.visits import Visits

TOKEN_FIELD = "form"  # noqa: S105 - the name of a field

_LARGEST_FORM = 16 * 1024


def posted(visits: Visits) -> Mapping[str, str]:
    """The fields of the form. Raises Forbidden when it is not one of ours for this browser."""
    request.max_content_length = _LARGEST_FORM
    _require_own_page(visits.base_url)
    cookie, token = visits.cookie(), request.form.get(TOKEN_FIELD, "")
    if not cookie or not token.isascii() or not compare_digest(token, token_for(visits, cookie)):
        raise Forbidden(
            "this form is out of date; go back, load the page again and see that your browser keeps cookies"
        )
    return request.form


def token_for(visits: Visits, cookie: str) -> str:
    """What every form shown with that cookie carries."""
    return visits.entrance.signature(cookie)


def _require_own_page(base_url: str) -> None:
    """Browsers say where a form comes from.

    With `Referrer-Policy: no-referrer` the origin is `null`, then `Sec-Fetch-Site` has to tell.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "null")
    own = urlsplit(base_url)
    if site not in (None, "same-origin") or (site is None and origin == "null"):
        raise Forbidden("this form was not sent from a page of this service, or by a browser that is too old")
    if origin not in ("null", f"{own.scheme}://{own.netloc}"):
        raise Forbidden("this form was not sent from a page of this service")
