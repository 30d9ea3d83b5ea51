"""An authorization request, read strictly: until app and address are known to fit, nobody is sent anywhere.

https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 and
https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidScopeError

from careplan_service.access.asking import AuthorizationRequest, Back
from careplan_service.access.clients import Client
from careplan_service.access.scope_text import OF_PERSONS, Judges, ScopeError, parse_scopes
from careplan_service.errors import Malformed, shown
from careplan_service.oauth.answers import answer
from careplan_service.oauth.assertions import CLIENT_ID
from careplan_service.oauth.code_request import App, require_code_request
from careplan_service.oauth.form import spoken
from careplan_service.oauth.scope_choice import split

AUTHORIZATION = "/oauth/authorize"
"""Where the endpoint is."""

_TO_COME_BACK = ("client_id", "redirect_uri")
_READ = (
    "response_type",
    *_TO_COME_BACK,
    "scope",
    "state",
    "aud",
    "code_challenge",
    "code_challenge_method",
    "launch",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "response_mode",
)
"""The parameters that are looked at; others are passed over, as RFC 6749 section 3.1 has it."""

_REFUSED = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
"""https://openid.net/specs/openid-connect-core-1_0.html#AuthError"""

_LONGEST = 3600
"""Characters of a request in a query: it has to fit into addresses beside others."""

_STATE = re.compile(r"[ -~]{1,1000}")
_PRINTABLE = re.compile(r"[ -~]+")
_SECONDS = re.compile(r"[0-9]{1,9}")
_PROMPTS = frozenset({"none", "login", "consent"})
_PLAIN = "/:|,*"


class Refused(OAuth2Error):
    """An error of the authorization endpoint, by its code."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description, error=error)


@dataclass(frozen=True)
class AuthorizationRequests:
    """Reads requests; `issuer` is the base URL of this service, `judges` say which scopes there are."""

    issuer: str
    clients: Callable[[str], Client | None]
    judges: Judges

    def read(self, pairs: Sequence[tuple[str, str]]) -> AuthorizationRequest | Back:
        """The request of these parameters, or the error to go back to the app with.

        Raises Malformed where it is not certain that there is such an app at such an address: that is told
        to the person, on a page.
        """
        fields = {name: value for name, value in pairs if name in {*_READ, *_REFUSED} and value}
        counted = Counter(name for name, _ in pairs)
        repeated = [name for name in fields if counted[name] > 1]
        if {*repeated} & {*_TO_COME_BACK}:
            raise Malformed("the app sent `client_id` or `redirect_uri` more than once; tell its makers")
        client = self._client(fields)
        uri = fields["redirect_uri"]
        state = fields.get("state", "")
        sound_state = state if "state" not in repeated and _STATE.fullmatch(state) else ""
        try:
            if repeated:
                raise InvalidRequestError(
                    f"send each parameter once; repeated: {', '.join(sorted(repeated))}"
                )
            return self._read(fields, client)
        except OAuth2Error as error:
            told = spoken(error.description or "the request is not taken")
            name = str(error.error)
            address = answer(uri, sound_state, self.issuer, error=name, error_description=told)
            return Back(address, client.name, silent=True)

    def _client(self, fields: Mapping[str, str]) -> Client:
        """The client, if it may send people here and have them back where it says. Raises Malformed."""
        id_ = fields.get("client_id", "")
        client = self.clients(id_) if CLIENT_ID.fullmatch(id_) else None
        if not id_:
            raise Malformed("the app did not say which one it is (`client_id`); tell its makers")
        if client is None or client.kind != "app" or not client.is_let_in:
            raise Malformed(f"no app `{shown(id_)}` may ask people for access here")
        if "redirect_uri" not in fields:
            raise Malformed(f"{shown(client.name)} did not say where to go back to (`redirect_uri`)")
        if not App(client).check_redirect_uri(fields["redirect_uri"]):
            raise Malformed(
                f"{shown(client.name)} wants to go back to an address that is not registered for it"
            )
        return client

    def _read(self, fields: Mapping[str, str], client: Client) -> AuthorizationRequest:
        _require_sound(fields)
        query = urlencode({n: fields[n] for n in _READ if n in fields}, safe=_PLAIN, quote_via=quote)
        if len(query) > _LONGEST:
            raise InvalidRequestError(f"the request is longer than {_LONGEST} characters; ask for less")
        require_code_request(f"{self.issuer}{AUTHORIZATION}", fields, client)
        if fields.get("aud") != f"{self.issuer}/fhir":
            raise InvalidRequestError(f"`aud` must be the FHIR endpoint here: {self.issuer}/fhir")
        words, resources = split(fields.get("scope", ""))
        self._require_scopes(words, resources)
        prompt = frozenset(fields.get("prompt", "").split(" ")) & _PROMPTS
        if "none" in prompt and len(prompt) > 1:
            raise InvalidRequestError("`prompt` is `none` or something else, not both")
        return AuthorizationRequest(
            query=query,
            client=client,
            redirect_uri=fields["redirect_uri"],
            state=fields["state"],
            challenge=fields["code_challenge"],
            words=words,
            resources=resources,
            launch=fields.get("launch", ""),
            nonce=fields.get("nonce", ""),
            prompt=prompt,
            max_age=int(fields["max_age"]) if "max_age" in fields else None,
        )

    def _require_scopes(self, words: tuple[str, ...], resources: tuple[str, ...]) -> None:
        if not words and not resources:
            raise InvalidScopeError("`scope` names nothing that is served here; ask for `patient/Goal.rs`")
        try:
            for word in resources:
                parse_scopes(word, self.judges, OF_PERSONS)
        except ScopeError as error:
            raise InvalidScopeError(spoken(str(error))) from error


def _require_sound(fields: Mapping[str, str]) -> None:
    for name, error in _REFUSED.items():
        if name in fields:
            raise Refused(error, f"`{name}` is not taken here; send plain parameters")
    if fields.get("response_type") != "code":
        raise Refused("unsupported_response_type", "`response_type` must be `code`")
    if fields.get("response_mode", "query") != "query":
        raise InvalidRequestError("`response_mode` must be `query`")
    if not _STATE.fullmatch(fields.get("state", "")):
        raise InvalidRequestError("`state` is required: up to 1000 printable ASCII characters, new each time")
    for name, value in fields.items():
        if not _PRINTABLE.fullmatch(value):
            raise InvalidRequestError(f"`{name}` holds what is no printable ASCII character")
    if "max_age" in fields and not _SECONDS.fullmatch(fields["max_age"]):
        raise InvalidRequestError("`max_age` is a number of seconds")
