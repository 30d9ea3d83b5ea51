"""Which origins the setting takes. https://www.rfc-editor.org/rfc/rfc6454#section-6.2"""

from __future__ import annotations

import pytest

from careplan_service.errors import Malformed
from careplan_service.settings import Settings

NO_ORIGINS = (
    "app.example.org",
    "https://a.org/",
    "https://a.org/x",
    "https://*.a.org",
    "null",
    "https://A.org",
    "https://a.org evil",
    "ftp://a.org",
    "https://user@a.org",
)


@pytest.mark.parametrize("text", NO_ORIGINS)
def test_what_no_browser_would_send_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(Malformed, match="CAREPLAN_CORS_ORIGINS"):
        Settings.from_env({"CAREPLAN_CORS_ORIGINS": f"https://b.org,{text}"})


def test_origins_are_a_list() -> None:
    settings = Settings.from_env({"CAREPLAN_CORS_ORIGINS": "https://a.org, http://localhost:3000,*"})
    assert settings.cors_origins == ("https://a.org", "http://localhost:3000", "*")
    assert Settings.from_env({}).cors_origins == ()
