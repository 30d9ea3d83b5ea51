"""How this service takes requests: what it insists on, and how much one request may ask."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from careplan_service.access.consent.choices import STRICT, Choices
from careplan_service.access.consent.rules import Door
from careplan_service.access.glass import REFUSED


@dataclass(frozen=True)
class Policy:
    """Set once, by the settings; `base_url` is the service's own address.

    With `references_enforced` a local reference must point to what is here, and what is referred to is
    not deleted. The rest bounds a request: entries of a batch or transaction, parameters of a search,
    values it compares, resources it brings besides the matches of a page. `break_glass` is one of the
    choices of `access/glass.py`, `glass_seconds` how long a broken glass is open. Consents are read for
    the `custodians` and by the `choices`.
    """

    base_url: str = ""
    custodians: Container[str] = frozenset()
    choices: Choices = STRICT
    references_enforced: bool = True
    most_entries: int = 2000
    most_parameters: int = 100
    most_values: int = 500
    most_included: int = 1000
    break_glass: str = REFUSED
    glass_seconds: int = 3600

    @property
    def door(self) -> Door:
        """What a Consent is compiled with."""
        return Door(self.base_url, self.custodians, self.choices)
