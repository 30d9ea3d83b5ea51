"""`careplan`: the command line. Errors go to stderr in one line; wrong usage exits with 2."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from careplan_service import __version__
from careplan_service.errors import Problem

_COMMANDS = {
    "serve": "serve:serve",
    "demo": "demo:demo",
    "db": "database:db",
    "client": "registrations:client",
    "keys": "keys:keys",
    "token": "clients:token",
    "user": "people:user",
    "load": "data:load_command",
    "consent": "consents:consent",
    "break-glass": "break_glass:break_glass",
    "plan": "data:plan",
    "hsds": "hsds:hsds",
    "hmis": "hmis:hmis",
    "terminology": "terminology:terminology",
    "labels": "labels:labels",
    "openapi": "database:openapi_command",
    "doctor": "database:doctor",
}


class _OnDemand(click.Group):
    """Imports a command when it is used: `serve` must not wait for what only `load` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        return command


@click.group(cls=_OnDemand, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="careplan")
def careplan() -> None:
    """FHIR R4 care plans, goals and consents, shared as far as the client agreed."""


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
