"""Another authorization server, on this machine: what it publishes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import Key


class Idp(ThreadingHTTPServer):
    """Its documents, by path."""

    documents: dict[str, Any]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/realm"


class Handler(BaseHTTPRequestHandler):
    server: Idp

    def do_GET(self) -> None:
        found = self.server.documents.get(self.path)
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@contextmanager
def publishing(keys: Iterable[Key]) -> Iterator[Idp]:
    """A server that publishes its metadata and these keys."""
    with Idp(("127.0.0.1", 0), Handler) as server:
        where = f"http://127.0.0.1:{server.server_port}/keys"
        about = {"issuer": server.issuer, "jwks_uri": where}
        public = {"keys": [key.as_dict(private=False) for key in keys]}
        server.documents = {"/realm/.well-known/openid-configuration": about, "/keys": public}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join(60)
