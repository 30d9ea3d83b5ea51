"""`careplan demo`: the first story, on a real server, over real HTTP, with real signed tokens."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import click

from careplan_service.cli.demo.app import tell_of_an_app
from careplan_service.cli.demo.plans import take_in_the_others
from careplan_service.cli.demo.server import Server, free_port
from careplan_service.cli.demo.story import Story, tell
from careplan_service.errors import NotFound, Problem

_ROOM = Path("var/demo")
_PLAN = Path(__file__).parents[4] / "fixtures" / "plans" / "family-eviction.json"


@click.command()
@click.option(
    "--once", is_flag=True, help="End after the story; exit 0 only if every step showed what it must."
)
@click.option("--port", type=click.IntRange(1, 65535), help="8000, or the next one that is free.")
def demo(once: bool, port: int | None) -> None:
    """Watch a plan go in, a partner pull exactly the consented goals, and an app read one record."""
    if not _PLAN.is_file():
        raise NotFound(f"the demonstration plan is not at `{_PLAN}`; run this in a checkout of the project")
    shutil.rmtree(_ROOM, ignore_errors=True)
    # However this ends, the server must end with it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with Server(_ROOM, port or free_port(8000)) as server:
        story = Story(server)
        try:
            tell_of_an_app(story, *tell(story, _PLAN))
            take_in_the_others(story, _PLAN)
        except Problem as problem:
            click.echo(f"\nthe story broke off: {problem.text}", err=True)
            sys.exit(1)
        if not story.went_well:
            sys.exit(1)
        _farewell(story, once)


def _farewell(story: Story, once: bool) -> None:
    click.secho(f"\nEvery step showed what it must ({story.checked} checks).", bold=True)
    if once:
        return
    url = story.server.url
    click.echo(f"\nThe service stays up at {url} until Ctrl-C. Its database is {_ROOM}/careplan.db.")
    click.echo(f"  {url}/fhir/metadata\n  {url}/fhir/.well-known/smart-configuration\n  {url}/health/ready")
    click.echo("\nTry it (the token is the agency's and lives five minutes):")
    click.echo(f"  TOKEN={story.token('riverside-agency')}")
    click.echo(f"  curl -H \"Authorization: Bearer $TOKEN\" '{url}/fhir/Goal?_count=3'")
    click.echo(f"  curl -H \"Authorization: Bearer $TOKEN\" '{url}/fhir/CarePlan?status=active'")
    click.echo("\nA new one, for the partner:")
    settings = " ".join(f"{name}={value}" for name, value in sorted(story.server.settings.items()))
    click.echo(f"  {settings} {os.path.relpath(sys.argv[0])} token --client harbour-hospital")
    try:
        story.server.wait()
    except KeyboardInterrupt:
        click.echo("\nstopped")
