"""`careplan`: the command line. Errors go to stderr in one line; wrong usage exits with 2."""

from __future__ import annotations

import sys

import click

from careplan_service import __version__
from careplan_service.cli.clients import client, token
from careplan_service.cli.data import load_command, plan
from careplan_service.cli.database import db, doctor, openapi_command
from careplan_service.cli.demo import demo
from careplan_service.cli.serve import serve
from careplan_service.errors import Problem


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="careplan")
def careplan() -> None:
    """FHIR R4 care plans, goals and consents, shared as far as the client agreed."""


for _command in (serve, demo, db, client, token, load_command, plan, openapi_command, doctor):
    careplan.add_command(_command)


def main() -> None:
    """Run the command line; a Problem is one line on stderr for each fault, never a traceback."""
    try:
        careplan.main(standalone_mode=False)
    except Problem as problem:
        for fault in problem.faults:
            where = f"{fault.expression}: " if fault.expression else ""
            click.echo(f"careplan: {where}{fault.text}", err=True)
        sys.exit(1)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        click.echo(f"careplan: {error.format_message()}", err=True)
        sys.exit(2)
