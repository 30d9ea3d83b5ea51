"""How long apps keep access tokens. https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#response-5"""

from __future__ import annotations

import pytest

from careplan_service.errors import Malformed
from careplan_service.settings import Settings

NAME = "CAREPLAN_APP_TOKEN_SECONDS"


def test_an_access_token_of_an_app_is_valid_for_an_hour_at_most() -> None:
    assert Settings.from_env({}).app_token_seconds == 900
    assert Settings.from_env({NAME: "3600"}).app_token_seconds == 3600
    for text in ("3601", "0", "-1", "x"):
        with pytest.raises(Malformed, match=NAME):
            Settings.from_env({NAME: text})
