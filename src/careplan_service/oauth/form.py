"""The form that an endpoint of the authorization server is sent, and what may be said about it.

https://www.rfc-editor.org/rfc/rfc6749#section-3.2
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749.errors import InvalidRequestError

LARGEST_FORM = 64 * 1024
"""Bytes of the longest form that is read."""

_FORM_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
_LONGEST_DESCRIPTION = 1000


@dataclass(frozen=True)
class Form:
    """The parameters by name, each once and none empty, and the Authorization header if there was one."""

    fields: Mapping[str, str]
    authorization: str | None


def read_form(headers: Mapping[str, str], body: bytes) -> Form:
    """The form of a POST, given its headers (any case) and its body; raises InvalidRequestError."""
    given = {name.lower(): value for name, value in headers.items()}
    if given.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise InvalidRequestError(f"send the parameters in the body as `{_FORM_TYPE}`")
    if len(body) > LARGEST_FORM:
        raise InvalidRequestError(f"the form is longer than {LARGEST_FORM} bytes")
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise InvalidRequestError("the form cannot be read; percent-encode its values") from error
    repeated = sorted(name for name, count in Counter(name for name, _ in fields).items() if count > 1)
    if repeated:
        raise InvalidRequestError(spoken(f"send each parameter once; repeated: {', '.join(repeated)}"))
    return Form({name: value for name, value in fields if value}, given.get("authorization"))


def spoken(text: str) -> str:
    """Only the characters an `error_description` may have (RFC 6749 section 5.2), and not too many."""
    plain = text.replace('"', "'").replace("\\", "/")[:_LONGEST_DESCRIPTION]
    return "".join(character if " " <= character <= "~" else "?" for character in plain)
