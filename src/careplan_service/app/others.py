"""Where other authorization servers issue the tokens: whose clients count, and what is told of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from flask import Flask

from careplan_service.access.clients import Client
from careplan_service.app.service import Service
from careplan_service.oauth import discovery
from careplan_service.oauth.foreign import Foreign, no_smart_configuration
from careplan_service.oauth.issuer_metadata import IssuerMetadata
from careplan_service.web.oauth import oauth_blueprint

Addresses = Callable[[], Mapping[str, str]]


def client_of_others(service: Service, id_: str) -> Client | None:
    """A client that gets its tokens elsewhere; where we issue none there is no other."""
    client = service.clients.get(id_)
    return client if client and client.issuer else None


def add_server_of_others(app: Flask, service: Service, metadata: IssuerMetadata) -> Addresses:
    """Tell where another server issues the tokens: with several, none is ours to choose.

    Gives the addresses that the CapabilityStatement names.
    """
    issuers = service.settings.trusted_issuers
    document, addresses = no_smart_configuration, _nothing
    if len(issuers) == 1:
        foreign = Foreign(functools.partial(metadata.of, issuers[0]))
        document, addresses = foreign.smart_configuration, foreign.addresses
    app.register_blueprint(oauth_blueprint({}, {discovery.SMART: document}))
    return addresses


def _nothing() -> Mapping[str, str]:
    return {}
