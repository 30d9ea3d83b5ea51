"""An app that people let in: SMART App Launch with PKCE, a public client, the standard library only.

    python examples/app.py planner                     # then open http://127.0.0.1:8765/ in a browser
    python examples/app.py planner --url https://careplan.example.org --scope "launch/patient patient/Goal.rs"

The agency opens it at /launch (its launch URI), the browser comes back to /back (its redirect URI).
https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

SECONDS = 30


class App:
    """One client at one FHIR endpoint; `asked` has the code verifier of each request by its state."""

    def __init__(self, client_id: str, url: str, port: int, scope: str) -> None:
        self.client_id, self.scope, self.fhir = client_id, scope, f"{url}/fhir"
        self.back = f"http://127.0.0.1:{port}/back"
        self.server = fetch(f"{self.fhir}/.well-known/smart-configuration")
        self.asked: dict[str, str] = {}
        self.told: dict[str, Any] = {}
        self.let_in = threading.Event()

    def begin(self, launch: str = "") -> tuple[str, str]:
        """The address to send the browser to, and the state, which the browser keeps as well."""
        state, verifier = secrets.token_urlsafe(), secrets.token_urlsafe(48)
        self.asked[state] = verifier
        digest = hashlib.sha256(verifier.encode()).digest()
        scope = self.scope.replace("launch/patient", "launch") if launch else self.scope
        question = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.back,
            "scope": scope,
            "state": state,
            "aud": self.fhir,
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            **({"launch": launch} if launch else {}),
        }
        return f"{self.server['authorization_endpoint']}?{urlencode(question)}", state

    def finish(self, answer: dict[str, str], kept: str) -> None:
        """What came back to the redirect URI becomes tokens; `kept` is the state in the browser's cookie."""
        verifier = self.asked.pop(answer.get("state", ""), None)
        if verifier is None or answer["state"] != kept or answer.get("iss") != self.server["issuer"]:
            raise ValueError("this is no answer to a question of this browser")
        if "error" in answer:
            raise ValueError(f"{answer['error']}: {answer.get('error_description', '')}")
        self.told = self.tokens(
            grant_type="authorization_code",
            code=answer["code"],
            redirect_uri=self.back,
            code_verifier=verifier,
        )

    def refresh(self) -> None:
        """The next tokens; each refresh token is good once."""
        token = self.told.get("refresh_token")
        if token is None:
            raise ValueError("there is no refresh token; ask for `offline_access` or `online_access`")
        self.told = self.tokens(grant_type="refresh_token", refresh_token=token)

    def tokens(self, **fields: str) -> dict[str, Any]:
        """What the token endpoint answers; a public client names itself and proves nothing."""
        told: dict[str, Any] = fetch(self.server["token_endpoint"], {**fields, "client_id": self.client_id})
        return told

    def read(self, path: str) -> Any:
        """What the FHIR API answers."""
        return fetch(f"{self.fhir}/{path}", bearer=self.told["access_token"])


def fetch(url: str, form: dict[str, str] | None = None, bearer: str = "") -> Any:
    """A JSON document, asked for with a form or without."""
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
    body = urlencode(form).encode() if form else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ValueError(f"{url} answered {error.code}: {error.read().decode()}") from None


def pages(app: App) -> type[BaseHTTPRequestHandler]:
    """The three addresses of the app."""

    class Pages(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            if parts.path == "/":
                self.send_away()
            elif parts.path == "/launch" and query.get("iss") == app.fhir and "launch" in query:
                self.send_away(query["launch"])
            elif parts.path == "/back":
                kept = SimpleCookie(self.headers.get("Cookie", "")).get("state")
                try:
                    app.finish(query, kept.value if kept else "")
                except ValueError as error:
                    self.say(400, str(error))
                    return
                self.say(200, "You can close this page and go back to the terminal.")
                app.let_in.set()
            else:
                self.say(404, "There is nothing here.")

        def send_away(self, launch: str = "") -> None:
            address, state = app.begin(launch)
            self.send_response(303)
            self.send_header("Location", address)
            self.send_header("Set-Cookie", f"state={state}; Path=/back; HttpOnly; SameSite=Lax")
            self.end_headers()

        def say(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"{text}\n".encode())

        def log_message(self, *_: object) -> None:
            """Codes stand in the addresses, so nothing is logged."""

    return Pages


def main() -> None:
    parser = argparse.ArgumentParser(description="Reads the goals of the patient it is opened for.")
    parser.add_argument("client_id")
    parser.add_argument("--url", default=os.environ.get("CAREPLAN_BASE_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--scope", default="launch/patient patient/Goal.rs openid fhirUser offline_access")
    parser.add_argument("--wait", type=float, default=300.0, help="seconds until somebody let it in")
    given = parser.parse_args()
    app = App(given.client_id, given.url, given.port, given.scope)
    until = time.monotonic() + given.wait
    # Browsers open connections that they do not use: one thread for each.
    with ThreadingHTTPServer(("127.0.0.1", given.port), pages(app)) as server:
        server.timeout = 0.2
        print(f"open http://127.0.0.1:{given.port}/ in a browser", flush=True)
        while not app.let_in.is_set():
            if time.monotonic() > until:
                sys.exit("nobody let the app in")
            server.handle_request()
    print(f"allowed: {app.told['scope']}; patient: {app.told.get('patient', 'none')}")
    for _ in range(2):
        print(f"goals: {app.read('Goal?_summary=count')['total']}")
        if "refresh_token" in app.told:
            app.refresh()


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(str(error))
