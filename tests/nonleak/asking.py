"""What a partner asks: a request, whose answer is compared as it is, and the pages behind it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from builders import Answer
from nonleak.worlds import World

FORM = "application/x-www-form-urlencoded"
BASE = "http://127.0.0.1:8000"
MOST_PAGES = 2000
_CURSOR = re.compile(r"(?<=_cursor=)[A-Za-z0-9_\-]+")
_NEXT = re.compile(rb'"relation":\s?"next",\s*"url":\s?"([^"]+)"|"next"/><url value="([^"]+)"')
_STEP = timedelta(milliseconds=100)
Shown = tuple[int, tuple[tuple[str, str], ...], str]


@dataclass(frozen=True)
class Request:
    """One request; `token` is what its token is for: `scope` and `purpose`."""

    method: str
    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    token: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        sent = (
            ""
            if self.body is None
            else f" {self.body if isinstance(self.body, str | bytes) else json.dumps(self.body)}"
        )
        return f"{self.method} {self.path}{sent[:300]} {dict(self.headers) or ''}{dict(self.token) or ''}"


@dataclass
class Difference:
    """A request that the two worlds answer otherwise."""

    request: Request
    page: int
    answers: tuple[Shown | None, Shown | None] = field(repr=False)

    def __str__(self) -> str:
        told = "\n".join(f"  {one}" for one in self.answers)
        return f"{self.request} (page {self.page})\n{told}"


def form(path: str, query: str) -> Request:
    """A search by POST."""
    return Request("POST", path, query, (("Content-Type", FORM),))


def difference(first: World, second: World, request: Request) -> Difference | None:
    """Where the two answer otherwise, page for page; None where they do not."""
    second.clock.now = first.clock.now
    pages = [_pages(world, request) for world in (first, second)]
    for number in range(MOST_PAGES):
        one, other = (next(each, None) for each in pages)
        if one != other:
            return Difference(request, number, (one, other))
        if one is None:
            return None
    raise AssertionError(f"{request} has more than {MOST_PAGES} pages")


def _pages(world: World, request: Request) -> Iterator[Shown]:
    answer = _asked(world, request)
    yield _shown(answer)
    while request.method != "HEAD" and (following := _NEXT.search(answer.body)):
        path = (following[1] or following[2]).decode().removeprefix(BASE).replace("&amp;", "&")
        headers = tuple(pair for pair in request.headers if pair[0] != "Content-Type")
        answer = _asked(world, Request("GET", path, None, headers, request.token))
        yield _shown(answer)


def _asked(world: World, request: Request) -> Answer:
    world.clock.now += _STEP
    asker = world.api.asking("partner", **dict(request.token))
    return asker(request.method, request.path, request.body, **dict(request.headers))


def _shown(answer: Answer) -> Shown:
    """Status, headers and body; of a cursor only how long it is, for it is sealed."""
    body = answer.body
    headers = dict(answer.headers)
    if headers.get("Content-Encoding") == "gzip":
        body = zlib.decompress(body, 31)
        headers["Content-Length"] = str(len(body))
    text = _CURSOR.sub(lambda found: f"<{len(found[0])}>", body.decode())
    return answer.status, tuple(sorted(headers.items())), text
