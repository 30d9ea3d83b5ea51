"""Settings that belong together."""

from __future__ import annotations

import pytest

from careplan_service.errors import Malformed
from careplan_service.settings import Settings


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"AUTHORIZATION_SERVER": "off"}, "TRUSTED_ISSUERS"),
        ({"AUTHORIZATION_SERVER": "no"}, "write on or off"),
        ({"LOCAL_PASSWORDS": "off"}, "SIGN_IN_ISSUER"),
        ({"SIGN_IN_ISSUER": "https://idp.example"}, "SIGN_IN_CLIENT"),
        ({"SIGN_IN_ISSUER": "http://idp.example", "SIGN_IN_CLIENT": "x"}, "https address"),
        ({"SIGN_IN_ISSUER": "http://127.0.0.1:8000", "SIGN_IN_CLIENT": "x"}, "our own address"),
        ({"SIGN_IN_CLIENT": "x"}, "SIGN_IN_ISSUER"),
        ({"SIGN_IN_SECRET_FILE": "/etc/hostname"}, "SIGN_IN_ISSUER"),
        (
            {"SIGN_IN_ISSUER": "https://a.example", "SIGN_IN_CLIENT": "x", "SIGN_IN_SECRET_FILE": "/none"},
            "can be read",
        ),
        (
            {
                "AUTHORIZATION_SERVER": "off",
                "TRUSTED_ISSUERS": "https://a.example",
                "SIGN_IN_ISSUER": "https://a.example",
                "SIGN_IN_CLIENT": "x",
            },
            "which is off",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(environment: dict[str, str], told: str) -> None:
    with pytest.raises(Malformed, match=told):
        Settings.from_env({f"CAREPLAN_{name}": text for name, text in environment.items()})
