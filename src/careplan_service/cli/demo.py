"""`careplan demo`."""

import click


@click.command()
def demo() -> None:
    """The story."""
