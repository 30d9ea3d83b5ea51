"""A person's browser without a screen: it keeps cookies and sends the form of the page that is open.

https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#form-submission-2
"""

from __future__ import annotations

import urllib.error
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin

_SECONDS = 30


class Browser:
    """`text` is the open page, `leads_to` the address that it takes the browser to, or empty."""

    def __init__(self) -> None:
        kept = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(kept)
        self.address = self.text = self.leads_to = ""
        self._action, self._fields = "", dict[str, str]()

    def open(self, address: str, form: dict[str, str] | None = None) -> None:
        """Open an address of http or https, and follow redirects; a page of an error is a page as well."""
        body = None if form is None else urlencode(form).encode()
        request = urllib.request.Request(address, body, {"Sec-Fetch-Site": "same-origin"})  # noqa: S310
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                self.address, self.text = answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            self.address, self.text = error.url, error.read().decode()
        page = _Page()
        page.feed(self.text)
        self.leads_to = page.leads_to
        self._action, self._fields = urljoin(self.address, page.action), page.fields

    def send(self, **filled: str) -> None:
        """Send the form of the page as it is, with these fields filled in or that button pressed."""
        self.open(self._action, {**self._fields, **filled})


class _Page(HTMLParser):
    """The first form that is posted, with what stands and is ticked in it, and where the page leads."""

    def __init__(self) -> None:
        super().__init__()
        self.action = self.leads_to = ""
        self.fields: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, inputs and the refresh."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method") == "post" and not self.action:
            self.action, self._inside = given["action"], True
        if tag == "meta" and given.get("http-equiv") == "refresh":
            self.leads_to = given["content"].partition("url=")[2]
        is_sent = given.get("type") != "checkbox" or "checked" in given
        if tag == "input" and self._inside and "name" in given and is_sent:
            self.fields[given["name"]] = given.get("value", "on")

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self._inside = False
