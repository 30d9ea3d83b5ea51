"""PATCH on the bytes of a resource, all operations or none. https://hl7.org/fhir/R4/http.html#patch

A patch that cannot be read is 400 and one that cannot be applied 422, as RFC 5789 section 2.2 divides them
(https://www.rfc-editor.org/rfc/rfc5789#section-2.2). A JSON Patch `test` that does not hold is 422 as well:
R4's page on patch asks for it by name. 412 stays what `If-Match` answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from careplan_service.errors import Invalid
from careplan_service.resources.patching import fhirpath_patch, json_patch
from careplan_service.resources.patching.document import read, written

Change = Callable[[dict[str, Any], bytes], Any]

KINDS: Mapping[str, Change] = {"json-patch": json_patch.changed, "fhirpath": fhirpath_patch.changed}
"""The kinds of patch; both change the document that they are given and answer the new one."""


def patched(data: bytes, patch: bytes, kind: str) -> bytes:
    """The JSON bytes of a resource after the patch; numbers and the order of members stay as they were.

    `data` are the stored bytes, `kind` is a key of `KINDS`: `json-patch` (the patch is a list of operations)
    or `fhirpath` (it is a Parameters resource). The result is not validated as a resource, and its `meta` is
    whatever the patch makes of it: the caller checks and stamps it like any update.
    Raises `Malformed` for what is no patch and `Invalid` for a patch that cannot be applied, naming the
    operation as `patch[2]` or `Parameters.parameter[2]`, or that would change `id` or `resourceType`.
    """
    return written(amended(read(data), patch, kind)).encode()


def amended(document: dict[str, Any], patch: bytes, kind: str) -> dict[str, Any]:
    """The document that was read, after the patch: it is changed in place. Raises as `patched`."""
    named = {name: document.get(name) for name in ("resourceType", "id")}
    result = KINDS[kind](document, patch)
    if type(result) is not dict:
        raise Invalid("the patch leaves no resource: change elements, not the whole document")
    for name, value in named.items():
        if result.get(name) != value:
            raise Invalid(f"a patch cannot change `{name}`: take that operation out", expression=name)
    return result
