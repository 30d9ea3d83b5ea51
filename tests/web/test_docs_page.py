"""The page of the API. https://www.w3.org/TR/CSP3/"""

from __future__ import annotations

import gzip
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from werkzeug.test import TestResponse

from builders import Api
from careplan_service.app import app_of, assemble
from careplan_service.settings import Settings
from careplan_service.web.docs import ASSETS
from careplan_service.web.openapi import openapi_document

SQLITE_ONLY = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGES = files("careplan_service.web") / "pages" / "docs"


class Addresses(HTMLParser):
    """What a page names: every `src`, `href` and `data-document`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [str(given[name]) for name in ("src", "href", "data-document") if name in given]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


def policy_of(answer: TestResponse) -> dict[str, list[str]]:
    """The directives of a Content-Security-Policy."""
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    return {name: values for name, *values in parts}


@SQLITE_ONLY
@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_needs_nothing_but_files_that_are_served_beside_it(api: Api, path: str) -> None:
    page = api.http.get(path)
    named = Addresses(page.text)

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert named.inline == []
    assert {f"/docs/{name}" for name in ASSETS} | {"/docs/openapi.json"} == set(named.found) - {"data:,"}
    for address in set(named.found) - {"data:,"}:
        answer = api.http.get(address)
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@SQLITE_ONLY
def test_the_browser_is_told_to_ask_no_other_host_and_to_run_no_text(api: Api) -> None:
    for path in ("/docs", *(f"/docs/{name}" for name in (*ASSETS, "openapi.json"))):
        policy = policy_of(api.http.get(path))

        assert policy["default-src"] == ["'none'"]
        assert policy["frame-ancestors"] == ["'none'"]
        assert {value for values in policy.values() for value in values} == {"'none'", "'self'", "data:"}


def test_our_own_files_name_no_host_and_the_style_sheets_load_nothing() -> None:
    for name in ("page.html", "page.js", "page.css"):
        assert "//" not in re.sub(r"^\s*//.*$", "", (PAGES / name).read_text("utf-8"), flags=re.MULTILINE)
    for name in ("page.css", "swagger-ui.css"):
        text = (PAGES / name).read_text("utf-8")
        assert "@import" not in text
        assert all(url.startswith("data:") for url in re.findall(r"url\(\s*[\"']?([^\"')]+)", text))
    assert "sourceMappingURL" not in (PAGES / "swagger-ui-bundle.js").read_text("utf-8")


@SQLITE_ONLY
def test_nothing_else_of_the_folder_is_given_out(api: Api) -> None:
    for path in ("/docs/page.html", "/docs/..%2f..%2fapp.py", "/docs/swagger-ui-bundle.js.LICENSE.txt"):
        assert api.http.get(path).status_code == 404


@SQLITE_ONLY
def test_files_leave_compressed_for_whoever_takes_that(api: Api) -> None:
    plain = api.http.get("/docs/swagger-ui-bundle.js")
    zipped = api.http.get("/docs/swagger-ui-bundle.js", headers={"Accept-Encoding": "gzip"})

    assert (zipped.headers["Content-Encoding"], zipped.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(zipped.data) == plain.data
    assert len(zipped.data) * 3 < len(plain.data)


@SQLITE_ONLY
@pytest.mark.parametrize(("base", "root"), [("http://a.example", ""), ("https://a.example/care", "/care")])
def test_addresses_keep_the_path_under_which_the_service_is_reached(api: Api, base: str, root: str) -> None:
    of = api.service.settings
    settings = Settings(database_url=of.database_url, base_url=base, keys_dir=of.keys_dir)
    service = assemble(settings, migrated=False)
    http = app_of(service).test_client()
    document = json.loads(http.get("/docs/openapi.json").data)
    named = Addresses(http.get("/docs").text).found
    service.database.close()

    assert document == openapi_document(root or "/")
    assert document["servers"][0]["url"] == (root or "/")
    assert all(address.startswith((f"{root}/docs/", "data:")) for address in named)
