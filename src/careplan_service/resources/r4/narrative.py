"""The safe XHTML of `Narrative.div`. https://hl7.org/fhir/R4/narrative.html

The bytes are stored untouched, so what is not safe is refused instead of cleaned. A browser reads the
same text as HTML, not as XML: what the two read differently (CDATA, markup inside comments, prefixes) is
refused too.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import Any
from xml.parsers import expat

from careplan_service.resources.r4.wording import quoted

XHTML = "http://www.w3.org/1999/xhtml"
LONGEST_NARRATIVE = 1024 * 1024

ELEMENTS = frozenset(
    "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em"
    " h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th"
    " thead tr tt ul var".split()
)
ATTRIBUTES = frozenset(
    "abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset cite class"
    " clear color colspan compact coords dir frame headers height href hreflang hspace id ismap lang longdesc"
    " name nohref noshade nowrap rel rev rowspan rules scope shape size span src start style summary tabindex"
    " title type usemap valign value vspace width xml:lang xml:space xmlns".split()
)
LINKS = frozenset({"cite", "href", "longdesc"})
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel", "urn"})

_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_IN_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_SCHEME = re.compile(r"[\x00-\x20]*([^/?#:]*):")
# Published narratives name images beside themselves (`tbl_bck.png`): below this address, so not external.
_BESIDE = r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*"
_DATA = r"data:image/(?:png|gif|jpeg|webp|bmp);base64,[A-Za-z0-9+/=\s]+"
_IMAGE = re.compile(rf"#[^\s]+|{_BESIDE}|{_DATA}")
_ACTIVE_STYLE = re.compile(
    rf"url(?!\((?:{_BESIDE}|{_DATA})\))\s*\(|expression\s*\(|image-set\s*\(|@|behaviou?r|-moz-binding|\\|/\*",
    re.IGNORECASE,
)


class _Unsafe(Exception):
    """Ends the reading at the first thing that is not allowed."""


class _Reader:
    """One pass over one narrative: the element depth, and whether there was content."""

    def __init__(self) -> None:
        self.depth = 0
        self.content = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0 and (name != "div" or attributes.get("xmlns") != XHTML):
            raise _Unsafe(f'must be one div with xmlns="{XHTML}"')
        if name not in ELEMENTS:
            raise _Unsafe(f"holds {quoted(name)}: only text, lists, tables, links and images are allowed")
        self.depth += 1
        self.content = self.content or name == "img"
        for attribute, value in attributes.items():
            _look_at(attribute, value)

    def end(self, name: str) -> None:
        self.depth -= 1

    def text(self, data: str) -> None:
        self.content = self.content or not data.isspace()

    def refuse_doctype(self, *_: Any) -> None:
        raise _Unsafe("holds a DOCTYPE: take it out")

    def refuse_instruction(self, *_: Any) -> None:
        raise _Unsafe("holds a processing instruction: take it out")

    def refuse_cdata(self) -> None:
        raise _Unsafe("holds a CDATA section: write the text with &lt; and &amp;")

    def comment(self, data: str) -> None:
        if "<" in data or ">" in data:
            raise _Unsafe("holds a comment with markup in it: take it out")


def _look_at(attribute: str, value: str) -> None:
    if attribute not in ATTRIBUTES:
        raise _Unsafe(f"holds the attribute {quoted(attribute)}: it is not allowed in a narrative")
    if attribute == "xmlns" and value != XHTML:
        raise _Unsafe(f"holds the namespace {quoted(value)}: only XHTML is allowed")
    if attribute == "style" and _ACTIVE_STYLE.search(value):
        raise _Unsafe("holds a style that loads or runs something: only plain properties are allowed")
    if attribute == "src" and not _IMAGE.fullmatch(value):
        raise _Unsafe(f"shows the image {quoted(value)}: only #id of a contained resource or a data: image")
    if attribute in LINKS:
        scheme = _SCHEME.match(value)
        if scheme and scheme[1].lower() not in LINK_SCHEMES:
            raise _Unsafe(f"links to {quoted(value)}: only http, https, mailto, tel and urn are allowed")


def _character(entity: re.Match[str]) -> str:
    name = entity[1]
    if name in _IN_XML:
        return entity[0]
    if name not in name2codepoint:
        raise _Unsafe(f"holds the entity {quoted(entity[0])}: HTML does not define it")
    return f"&#{name2codepoint[name]};"


def _parser(reader: _Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.ProcessingInstructionHandler = reader.refuse_instruction
    parser.XmlDeclHandler = reader.refuse_instruction
    parser.StartCdataSectionHandler = reader.refuse_cdata
    parser.CommentHandler = reader.comment
    return parser


def xhtml(value: Any) -> str | None:
    """What is wrong with the text of a narrative, or None; the first thing found."""
    if type(value) is not str:
        return f"must be text in quotes, not {quoted(value)}"
    if len(value) > LONGEST_NARRATIVE:
        return f"has {len(value)} characters: {LONGEST_NARRATIVE} are the most a narrative may have"
    reader = _Reader()
    try:
        _parser(reader).Parse(_ENTITY.sub(_character, value).encode(), True)
    except _Unsafe as unsafe:
        return str(unsafe)
    except expat.ExpatError as error:
        return f"is not well-formed XHTML: see line {error.lineno}, column {error.offset + 1}"
    except UnicodeEncodeError:
        return "holds half of a surrogate pair: send whole characters"
    return None if reader.content else "says nothing: give text or an image, or leave the narrative out"
