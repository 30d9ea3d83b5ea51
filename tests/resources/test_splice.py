"""The stamp goes into the bytes and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careplan_service.errors import Malformed
from careplan_service.resources import r4
from careplan_service.resources.splice import entry_resources, stamped

AT = "2026-06-01T12:00:00.000Z"
STAMP = {"versionId": "7", "lastUpdated": AT}
WRITTEN = b'"versionId":"7","lastUpdated":"' + AT.encode() + b'"'


class Written(str):
    """A number as it was written."""


def read(data: bytes) -> Any:
    """Members in their order, numbers as text; a name that stands twice fails."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), pairs
        return dict(pairs)

    return json.loads(data, object_pairs_hook=members, parse_int=Written, parse_float=Written)


def stamp(data: bytes) -> bytes:
    return stamped(data, json.loads(data), "new-id", 7, AT)


def expected(before: dict[str, Any]) -> dict[str, Any]:
    meta = {k: v for k, v in before.get("meta", {}).items() if k not in STAMP}
    return {**before, "id": "new-id", "meta": {**STAMP, **meta}}


def order(document: dict[str, Any]) -> list[str]:
    return [name for name in document if name not in ("id", "meta")]


SPACES = st.text(" \t\r\n", max_size=3)
NUMBERS = st.sampled_from(["0", "-0", "1.50", "1e3", "1E-2", "10000000000000000000000", "0.000", "-12.300"])
TRICKY = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ['"id":"x"', '{"meta":{}}', "\\", '\\"', "}", "{", "]", ",", ":", "\u2028", "é", "𝒢", '"}', "\\u007d"]
    ),
)
NAMES = st.one_of(
    st.sampled_from(["id", "meta", "versionId", "lastUpdated", "a", "_id", "resourceType"]), TRICKY
)


OTHERS = NAMES.filter(lambda name: name not in ("id", "meta") and "\\" not in json.dumps(name))


@st.composite
def strings(draw: st.DrawFn) -> str:
    text = draw(TRICKY)
    return json.dumps(text, ensure_ascii=draw(st.booleans()))


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    kind = draw(st.integers(0, 5 if depth else 3))
    if kind == 0:
        return draw(strings())
    if kind == 1:
        return draw(NUMBERS)
    if kind in (2, 3):
        return draw(st.sampled_from(["true", "false", "[]", "{}"]))
    if kind == 4:
        items = draw(st.lists(values(depth=depth - 1), max_size=3))
        return "[" + ",".join(draw(SPACES) + item + draw(SPACES) for item in items) + "]"
    return draw(objects(depth=depth - 1))


@st.composite
def objects(
    draw: st.DrawFn, depth: int = 2, given: tuple[tuple[str, str], ...] = (), names: Any = NAMES
) -> str:
    taken = {name for name, _ in given}
    others = draw(
        st.dictionaries(names.filter(lambda name: name not in taken), values(depth=depth), max_size=3)
    )
    members = draw(st.permutations([*given, *others.items()]))
    written = [
        draw(SPACES) + json.dumps(name) + draw(SPACES) + ":" + draw(SPACES) + value + draw(SPACES)
        for name, value in members
    ]
    return "{" + (",".join(written) or draw(SPACES)) + "}"


@st.composite
def resources(draw: st.DrawFn) -> bytes:
    given_ = [("resourceType", '"Goal"')]
    if draw(st.booleans()):
        given_.append(("id", json.dumps(draw(st.text("abc-.1", min_size=1)))))
    if draw(st.booleans()):
        server = draw(st.lists(st.sampled_from(["versionId", "lastUpdated"]), unique=True))
        plain = st.sampled_from(["security", "tag", "profile", "source", "_versionId"])
        given_.append(("meta", draw(objects(1, tuple((name, '"old"') for name in server), plain))))
    return (draw(SPACES) + draw(objects(2, tuple(given_), OTHERS)) + draw(SPACES)).encode(
        "utf-8", "surrogatepass"
    )


@settings(max_examples=60, deadline=None)
@given(resources())
def test_a_stamp_changes_the_id_and_two_elements_of_meta_and_nothing_else(data: bytes) -> None:
    before, after = read(data), read(stamp(data))
    assert after == expected(before)
    assert order(after) == order(before)
    kept = [name for name in before.get("meta", {}) if name not in STAMP]
    assert [name for name in after["meta"] if name not in STAMP] == kept


MARKED = (("resourceType", '"Goal"'), ("id", '"@ID@"'), ("meta", '{"source":"@META@"}'))


@settings(max_examples=60, deadline=None)
@given(objects(2, MARKED, OTHERS))
def test_every_byte_but_the_stamp_stays_where_id_and_meta_were_sent(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    written = data.replace(b'"@ID@"', b'"new-id"').replace(
        b'{"source":"@META@"}', b"{" + WRITTEN + b',"source":"@META@"}'
    )
    assert stamp(data) == written


@settings(max_examples=60, deadline=None)
@given(objects(2, MARKED[:1], OTHERS))
def test_every_byte_but_the_stamp_stays_where_neither_was_sent(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    added, after = b'"id":"new-id","meta":{' + WRITTEN + b"}", stamp(data)
    assert data in (after.replace(b"," + added, b"", 1), after.replace(added + b",", b"", 1))


@settings(max_examples=60, deadline=None)
@given(resources())
def test_a_second_stamp_changes_nothing_more(data: bytes) -> None:
    once = stamp(data)
    assert stamp(once) == once


EXACT: dict[str, tuple[str, str]] = {
    "neither id nor meta": (
        '{"resourceType":"Goal","x":1.50}',
        '{"resourceType":"Goal","id":"new-id","meta":{STAMP},"x":1.50}',
    ),
    "nothing but a type": ('{"resourceType":"Goal"}', '{"resourceType":"Goal","id":"new-id","meta":{STAMP}}'),
    "the type comes last": (
        '{ "x" : [ 1 ] , "resourceType":"Goal"}',
        '{"id":"new-id","meta":{STAMP}, "x" : [ 1 ] , "resourceType":"Goal"}',
    ),
    "an id": ('{"id":"old","x":{"id":"kept"}}', '{"id":"new-id","meta":{STAMP},"x":{"id":"kept"}}'),
    "an id after a nested one": (
        '{"x":{"id":"kept","meta":{}},"id":"old"}',
        '{"x":{"id":"kept","meta":{}},"id":"new-id","meta":{STAMP}}',
    ),
    "a meta": (
        '{"meta":{"tag":[{"code":"}"}]},"x":1}',
        '{"id":"new-id","meta":{STAMP,"tag":[{"code":"}"}]},"x":1}',
    ),
    "an empty meta": ('{"meta":{},"x":1}', '{"id":"new-id","meta":{STAMP},"x":1}'),
    "a meta with the server's elements": (
        '{"meta":{"versionId":"3","source":"a","lastUpdated":"x"},"id":"o"}',
        '{"meta":{STAMP,"source":"a"},"id":"new-id"}',
    ),
    "space everywhere": (
        ' { "id" : "old" , "meta" : { "source" : "a" } , "x" : 1.0 } \n',
        ' { "id" : "new-id" , "meta" : {STAMP,"source" : "a"} , "x" : 1.0 } \n',
    ),
    "escapes and braces in strings": (
        r'{"text":"\"id\":\"x\",{\\","id":"old"}',
        r'{"text":"\"id\":\"x\",{\\","id":"new-id","meta":{STAMP}}',
    ),
    "an element about the id": (
        '{"_id":{"extension":[]},"id":"old"}',
        '{"_id":{"extension":[]},"id":"new-id","meta":{STAMP}}',
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_the_stamp_stands_where_it_belongs(name: str) -> None:
    sent, written = EXACT[name]
    stamp_ = f'"versionId":"7","lastUpdated":"{AT}"'
    assert stamp(sent.encode()).decode() == written.replace("STAMP", stamp_)


@pytest.mark.parametrize(
    "sent",
    [
        r'{"i\u0064":"old"}',
        r'{"\u006deta":{}}',
        r'{"meta":{"version\u0049d":"99"}}',
        r'{"meta":{"\u006castUpdated":"1"}}',
    ],
)
def test_a_name_written_with_escapes_is_refused_rather_than_left_beside_the_stamp(sent: str) -> None:
    with pytest.raises(Malformed, match="without escapes"):
        stamp(sent.encode())


@settings(max_examples=60, deadline=None)
@given(st.lists(resources(), max_size=4), SPACES)
def test_the_resources_of_a_bundle_are_cut_out_as_they_stand(entries: list[bytes], space: str) -> None:
    gap = space.encode()
    inside = [
        b'{"fullUrl":"}{",' + gap + b'"resource"' + gap + b":" + gap + entry + gap + b"}" for entry in entries
    ]
    bundle = (
        b'{"resourceType":"Bundle","link":[{"entry":[]}],"entry":[' + (gap + b"," + gap).join(inside) + b"]}"
    )
    assert entry_resources(bundle) == [entry.strip() for entry in entries]


@pytest.mark.parametrize(
    ("bundle", "found"),
    [
        (b'{"resourceType":"Bundle"}', []),
        (b'{"entry":[]}', []),
        (
            b'{"entry":[{"request":{"method":"DELETE","url":"Goal/1"}},{"resource":{"a":[{}]}}]}',
            [None, b'{"a":[{}]}'],
        ),
        (b'{"entry":[{"resource":{"resource":{"x":1}},"fullUrl":"a"}]}', [b'{"resource":{"x":1}}']),
    ],
)
def test_entries_without_a_resource_keep_their_place(bundle: bytes, found: list[bytes | None]) -> None:
    assert entry_resources(bundle) == found


def test_what_is_cut_out_is_read_as_it_was_in_the_bundle() -> None:
    bundle = b'{"entry":[{"resource":{"resourceType":"Goal","n":1.50}},{"resource":{"resourceType":"Task"}}]}'
    entries = r4.parse(bundle)["entry"]
    assert [r4.parse(data or b"") for data in entry_resources(bundle)] == [
        entry["resource"] for entry in entries
    ]
