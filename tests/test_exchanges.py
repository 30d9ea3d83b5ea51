"""The exchanges that README shows, carried out in their order on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builders import Answer, Api
from markdown import blocks

README = Path(__file__).parents[1] / "README.md"
EXCHANGES = [block.text for block in blocks(README.read_text(), "http")]


def _read(text: str) -> tuple[str, dict[str, str], str]:
    """The first line, the headers and the rest of a message."""
    first, *lines = text.strip().splitlines()
    headers: dict[str, str] = {}
    while lines and ": " in lines[0] and lines[0][0] not in "{[":
        name, _, value = lines.pop(0).partition(": ")
        headers[name] = value
    return first, headers, "\n".join(lines)


def _is_part(shown: Any, whole: Any, at: str = "$") -> None:
    """Whether everything shown stands in the whole: members of objects, the first items of lists."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in whole, f"{at}.{name}"
            _is_part(value, whole[name], f"{at}.{name}")
    elif isinstance(shown, list):
        assert len(whole) >= len(shown), at
        for n, value in enumerate(shown):
            _is_part(value, whole[n], f"{at}[{n}]")
    else:
        assert shown == whole, at


def _sent(api: Api, text: str) -> Answer:
    line, headers, body = _read(text)
    method, path = line.split(" ", 1)
    given = {name.replace("-", "_"): value for name, value in headers.items()}
    return api.agency(method, path, body or None, **given)


def test_every_exchange_goes_as_shown(strict_api: Api) -> None:
    assert len(EXCHANGES) > 30
    for text in EXCHANGES:
        request, _, answer = text.partition("\n\n")
        got = _sent(strict_api, request)
        status, headers, body = _read(answer)
        assert got.status == int(status), (request, got.body)
        for name, value in headers.items():
            assert got.headers[name].startswith(value.removesuffix("...")), (request, name)
        if body:
            _is_part(json.loads(body), got.json, request)


def test_what_is_shown_names_every_interaction() -> None:
    shown = "\n".join(EXCHANGES)
    methods = "GET HEAD PUT POST PATCH DELETE _history _search $everything $validate $meta"
    others = "If-None-Exist If-Match If-None-Match batch transaction Prefer Idempotency-Key _format=xml"
    for word in f"{methods} {others}".split():
        assert word in shown, word
