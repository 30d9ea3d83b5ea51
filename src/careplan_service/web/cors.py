"""Which pages of other origins may ask from a browser. https://fetch.spec.whatwg.org/#http-cors-protocol

Those of registered apps may, at the origins they are sent back to, and those that an operator names.
No credentials header: who is asked is told by a token that the page sends itself, never by a cookie.
What a client reads before it can have a token is open to every page:
https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#considerations-for-cross-origin-resource-sharing-cors-support
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Flask, Response, request

_PATHS = ("/fhir", "/oauth", "/plans", "/.well-known")
_NEVER = "/oauth/authorize"
"""No app asks there itself, browsers are sent there: https://www.rfc-editor.org/rfc/rfc9700#section-2.6"""
_OPEN = (
    "/fhir/metadata",
    "/fhir/.well-known/smart-configuration",
    "/fhir/.well-known/udap",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/oauth/jwks",
)
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_ALLOWED = (
    "Accept, Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, If-Modified-Since, "
    "If-None-Exist, If-None-Match, Prefer"
)
_EXPOSED = "Content-Location, ETag, Last-Modified, Location, WWW-Authenticate"
_KEPT_SECONDS = "600"


def register(app: Flask, origins: Sequence[str], is_registered: Callable[[str], bool]) -> None:
    """Answer preflights and mark answers for these origins, `*` for any, and for those of registered apps."""
    any_origin = "*" in origins

    def allowed() -> str:
        """What `Access-Control-Allow-Origin` says to this request; empty for no such header."""
        if request.path in _OPEN:
            return "*"  # also to who names no origin: caches keep one answer for all
        origin = request.headers.get("Origin", "")
        if not request.path.startswith(_PATHS) or request.path.startswith(_NEVER) or not origin:
            return ""
        if any_origin:
            return "*"
        return origin if origin in origins or is_registered(origin) else ""

    def preflight() -> Response | None:
        asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asked or not allowed():
            return None
        response = Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _ALLOWED
        response.headers["Access-Control-Max-Age"] = _KEPT_SECONDS
        return response

    def marked(response: Response) -> Response:
        if not any_origin and request.path.startswith(_PATHS) and request.path not in _OPEN:
            others = response.headers.get("Vary")  # `Response.vary` reads them apart and writes them anew
            response.headers["Vary"] = f"{others}, Origin" if others else "Origin"
        if origin := allowed():
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        return response

    app.before_request(preflight)
    app.after_request(marked)
