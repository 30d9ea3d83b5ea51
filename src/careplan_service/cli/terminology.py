"""`careplan terminology`: the vocabulary to read."""

from __future__ import annotations

import click

from careplan_service.interventions.vocabulary import vocabulary
from careplan_service.interventions.vocabulary.page import mapping_page


@click.group()
def terminology() -> None:
    """The words that plans are written in, and what they become."""


@terminology.command()
def docs() -> None:
    """Print docs/mapping.md: every term and process step with its codes."""
    click.echo(mapping_page(vocabulary()), nl=False)
