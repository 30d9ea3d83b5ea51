"""The paths that explain who may see what. https://hl7.org/fhir/R4/operations.html"""

from __future__ import annotations

from careplan_service.web.openapi_operations import Row

_SHAPE = ("format", "pretty")
_BODY = (413, 415)
_WHO = ("a-partner", "purpose", *_SHAPE)
_SEARCH = ("a-partner", "purpose", "query-explained", *_SHAPE)
_OWNERS = (
    "For the custodian's staff, the client and who represents her, if they may see it themselves and read "
    "Consents; 404 for all others, whatever they may see. Without `partner`: why the caller may."
)
_STAFF = "For the custodian's staff. The rest is explained one by one, the first 100 of it."
_ONE, _VERSION = "/{id}/$why-access", "/{id}/_history/{vid}/$why-access"
_SEARCHED = "/$explain-search"

WHY = (
    Row(_ONE, "get", "why{}", "Why a partner may see a {} or not", {200: "Why"}, (404, 410, 413), "r", _WHO,
        about=_OWNERS),
    Row(_ONE, "post", "whyByBody{}", "Why a partner may see a {}, asked by Parameters", {200: "Why"},
        (404, 410, *_BODY), "r", _SHAPE, "Asked"),
    Row(_VERSION, "get", "whyVersion{}", "Why a partner may see a version or not", {200: "Why"},
        (404, 410, 413), "r", _WHO),
    Row(_SEARCHED, "get", "explainSearch{}", "What a search of {} brings a partner, and why not the rest",
        {200: "Explained"}, (413, 501), "s", _SEARCH, about=_STAFF),
    Row(_SEARCHED, "post", "explainSearchByBody{}", "What a search brings a partner, asked by Parameters",
        {200: "Explained"}, (*_BODY, 501), "s", _SHAPE, "Asked"),
)  # fmt: skip
