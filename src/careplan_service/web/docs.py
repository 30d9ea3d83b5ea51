"""The page on which the API is read and tried: Swagger UI, with everything it needs from here.

https://swagger.io/docs/open-source-tools/swagger-ui/ and https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, request

from careplan_service.errors import NotFound

ASSETS: Mapping[str, str] = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
}
"""The files of the page with their media types; nothing else is given out."""

_FILES = files("careplan_service.web") / "pages" / "docs"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=300",
    "Vary": "Accept-Encoding",
}
_LEVEL = 6


def docs_blueprint(base_url: str, document: Callable[[str], Mapping[str, Any]]) -> Blueprint:
    """`/docs`, `/docs/openapi.json` and the files of the page; `document` is of a server at an address."""
    routes = Blueprint("docs", __name__)
    root = urlsplit(base_url).path

    @cache
    def page() -> bytes:
        return (_FILES / "page.html").read_text(encoding="utf-8").replace("{root}", root).encode()

    @cache
    def described() -> bytes:
        return orjson.dumps(document(root or "/"))

    @cache
    def asset(name: str) -> bytes:
        return (_FILES / name).read_bytes()

    @cache
    def zipped(name: str) -> bytes:
        return gzip.compress(made[name](), _LEVEL, mtime=0)

    made: dict[str, Callable[[], bytes]] = {
        "": page,
        "openapi.json": described,
        **{name: partial(asset, name) for name in ASSETS},
    }
    kinds = {"": "text/html; charset=utf-8", "openapi.json": "application/json", **ASSETS}

    def answer(name: str) -> Response:
        if not request.accept_encodings["gzip"]:
            return Response(made[name](), headers=_HEADERS, content_type=kinds[name])
        headers = {**_HEADERS, "Content-Encoding": "gzip"}
        return Response(zipped(name), headers=headers, content_type=kinds[name])

    @routes.get("/docs", strict_slashes=False)
    def docs() -> Response:
        return answer("")

    @routes.get("/docs/openapi.json")
    def openapi() -> Response:
        return answer("openapi.json")

    @routes.get("/docs/<string:asset>")
    def docs_asset(asset: str) -> Response:
        if asset not in ASSETS:
            raise NotFound(f"nothing is served at `{request.path}`")
        return answer(asset)

    return routes
