"""Another authorization server, on this machine: what it publishes, and the codes that it takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import Key

Token = Callable[[dict[str, Any]], str]


class Idp(ThreadingHTTPServer):
    """Its documents, by path; `asked` is every form that its token endpoint got, with its headers."""

    documents: dict[str, Any]
    keys: tuple[Key, ...]
    asked: list[tuple[dict[str, str], dict[str, str]]]
    status = 200
    subject = "u-17"

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/realm"

    @property
    def about(self) -> dict[str, Any]:
        """Its metadata, to be changed by a test."""
        document: dict[str, Any] = self.documents["/realm/.well-known/openid-configuration"]
        return document

    def signs_in(self, question: dict[str, str], make: Token | None = None) -> str:
        """A person signs in there: the code that answers a question, good for one ID token."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = (question, make or self.signed)
        return code

    def signed(self, claims: dict[str, Any]) -> str:
        """The ID token as it should be."""
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid}, claims, self.keys[0])

    def answer(self, form: dict[str, str], headers: dict[str, str]) -> dict[str, Any] | None:
        """What the token endpoint answers; None for a refusal."""
        self.asked.append((form, headers))
        question, make = self.codes.pop(form.get("code", ""), (None, None))
        if question is None or make is None:
            return None
        fits = question["redirect_uri"] == form["redirect_uri"] and question["code_challenge"] == (
            create_s256_code_challenge(form["code_verifier"])
        )
        claims = {
            "iss": self.issuer,
            "aud": question["client_id"],
            "sub": self.subject,
            "nonce": question["nonce"],
            "iat": self.now(),
            "exp": self.now() + 300,
        }
        return {"id_token": make(claims), "access_token": "x", "token_type": "Bearer"} if fits else None

    def now(self) -> int:
        """Set by the test that has a clock."""
        return 0

    def begin(self, keys: Iterable[Key]) -> None:
        """Publish metadata and these keys."""
        here = f"http://127.0.0.1:{self.server_port}"
        about = {
            "issuer": self.issuer,
            "jwks_uri": f"{here}/keys",
            "authorization_endpoint": f"{here}/authorize?realm=1",
            "token_endpoint": f"{here}/token",
        }
        self.keys, self.asked, self.codes = tuple(keys), [], {}
        public = {"keys": [key.as_dict(private=False) for key in self.keys]}
        self.documents = {"/realm/.well-known/openid-configuration": about, "/keys": public}

    codes: dict[str, tuple[dict[str, str], Token]]


class Handler(BaseHTTPRequestHandler):
    server: Idp
    timeout = 10

    def do_GET(self) -> None:
        if self.path.startswith("/authorize?"):
            return self._let_in(dict(parse_qsl(urlsplit(self.path).query)))
        found = self.server.documents.get(self.path)
        return self._send(404 if found is None else 200, found)

    def _let_in(self, question: dict[str, str]) -> None:
        """Whoever comes is signed in already."""
        answer = {"code": self.server.signs_in(question), "state": question["state"]}
        self.send_response(302)
        self.send_header("Location", f"{question['redirect_uri']}?{urlencode(answer)}")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = self.server.answer(dict(parse_qsl(body)), dict(self.headers.items()))
        self._send(self.server.status if found else 400, found)

    def _send(self, status: int, document: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@contextmanager
def publishing(keys: Iterable[Key]) -> Iterator[Idp]:
    """A server that publishes its metadata and these keys, and has a token endpoint."""
    with Idp(("127.0.0.1", 0), Handler) as server:
        server.begin(keys)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)
