"""`praxis demo`: the demo enterprise."""

import click

from webapp.cli.errors import kindly
from webapp.cli.migrate import prepare_database
from webapp.demo import DemoPerson, create_demo
from webapp.settings import Settings
from webapp.wiring import wire


@click.command()
@kindly
def demo() -> None:
    """Create the demo enterprise: people for every role, customers, products, and cases at every stage."""
    settings = Settings.from_environment()
    prepare_database(settings)
    ensure_demo(settings)


def ensure_demo(settings: Settings) -> None:
    """Create what is missing of the demo and say who may sign in."""
    wiring = wire(settings)
    try:
        password, people = create_demo(wiring, note=lambda text: click.echo(f"  {text}"))
    finally:
        wiring.store.close()
    print_people(password, people)


def print_people(password: str, people: list[DemoPerson]) -> None:
    click.echo(f"\nDemo sign-ins, all with the password {click.style(password, bold=True)}:")
    width = max(len(person.name) for person in people)
    for person in people:
        roles = ", ".join(role.replace("_", " ") for role in person.roles)
        rest = "supervisor, sees and repairs everything" if person.is_supervisor else roles
        click.echo(f"  {person.name:<{width}}  {person.full_name}: {rest}")
