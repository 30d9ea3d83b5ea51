"""The pages for people in a real browser, by keyboard alone, judged by axe. https://www.w3.org/TR/WCAG22/"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from careplan_service.access.people import User
from careplan_service.app import app_of, assemble
from careplan_service.oauth.passwords import Passwords
from careplan_service.settings import Settings
from commands import run
from conftest import Clock
from oauth.idp import Idp, publishing
from web.browsers import CHROMIUM, NEEDS_BROWSER, SCREENS, free_port, serving

pytestmark = [NEEDS_BROWSER, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
PASSWORD = "a quiet river bank"


@pytest.fixture
def idp(clock: Clock) -> Iterator[Idp]:
    with publishing([RSAKey.generate_key(2048, {"kid": "k1"})]) as server:
        server.now = lambda: int(clock().timestamp())  # type: ignore[method-assign]
        yield server


@SCREENS
def test_signing_in_by_both_steps_needs_only_a_keyboard_on_every_screen(
    database_url: str,
    keys_dir: Path,
    clock: Clock,
    scripts: Path,
    idp: Idp,
    width: int,
    height: int,
    scheme: str,
) -> None:
    port = free_port()
    settings = Settings(
        database_url=database_url,
        base_url=f"http://127.0.0.1:{port}",
        keys_dir=keys_dir,
        references="open",
        sign_in_issuer=idp.issuer,
        sign_in_client="careplan",
    )
    service = assemble(settings, clock, migrated=False)
    kept = Passwords().hashed(PASSWORD)
    ann = User("a", "ann", kept, "Practitioner/ann-lee", "Organization/riverside")
    service.people.add(replace(ann, issuer=idp.issuer, subject=idp.subject))
    environment = {
        "CHROMIUM": str(CHROMIUM),
        "PASSWORD": PASSWORD,
        "NOW": str(int(clock().timestamp())),
        "PROVIDER": f"127.0.0.1:{idp.server_port}",
    }
    with serving(app_of(service), port):
        command = ["node", "people.mjs", settings.base_url, str(width), str(height), scheme]
        run(command, scripts, environment)
    service.database.close()
