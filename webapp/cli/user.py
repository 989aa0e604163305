"""`praxis user`: people who may sign in."""

import click
from sqlalchemy import select

from engine.clock import SystemClock
from engine.errors import InvalidInput, NotFound
from engine.store.types import new_id
from engine.store.unit_of_work import Store
from webapp.cli.errors import kindly
from webapp.cli.migrate import prepare_database
from webapp.passwords import hash_password
from webapp.settings import Settings
from webapp.tables import Enterprise, Membership, Role, User


@click.group()
def user() -> None:
    """Add people and change passwords."""


@user.command()
@click.argument("name")
@click.option("--full-name", help="Shown on screens; default: the name.")
@click.option("--role", "roles", multiple=True, help="Role key such as sales_rep; several times for several.")
@click.option("--supervisor", is_flag=True, help="May see and repair everybody's work.")
@click.option("--enterprise", "enterprise_id", default="main", show_default=True)
@click.password_option()
@kindly
def add(name, full_name, roles, supervisor, enterprise_id, password) -> None:
    """Add a person; the enterprise is made when it does not exist yet."""
    settings = Settings.from_environment()
    prepare_database(settings)
    store = Store(settings.store_url)
    store.run(
        lambda work: add_user(
            work.session,
            name=name,
            full_name=full_name or name,
            password=password,
            roles=roles,
            is_supervisor=supervisor,
            enterprise_id=enterprise_id,
            now=SystemClock().now(),
        )
    )
    click.echo(f"{name} may sign in now.")


@user.command()
@click.argument("name")
@click.password_option()
@kindly
def password(name, password) -> None:
    """Set a new password; it ends the person's open sessions."""
    store = Store(Settings.from_environment().store_url)

    def change(work):
        found = work.session.scalar(select(User).where(User.name == name))
        if found is None:
            raise NotFound(f"There is nobody called '{name}': add the person first.")
        found.password_hash, found.session_key = hash_password(password), new_id()

    store.run(change)
    click.echo(f"{name} has a new password.")


def add_user(
    session, *, name, full_name, password, roles=(), is_supervisor=False, enterprise_id, now, email=None
) -> User:
    """A new person; enterprise and roles appear where they are missing. InvalidInput when the name is taken."""
    name = name.strip().lower()
    if not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise InvalidInput(f"A sign-in name has letters, digits, '.', '-' or '_', found '{name}'.")
    if session.scalar(select(User.id).where(User.name == name)):
        raise InvalidInput(f"There is somebody called '{name}' already: choose another name.")
    if session.get(Enterprise, enterprise_id) is None:
        session.add(Enterprise(id=enterprise_id, name=enterprise_id.capitalize(), created_at=now))
        session.flush()
    for role in roles:
        if session.get(Role, (enterprise_id, role)) is None:
            session.add(Role(enterprise_id=enterprise_id, key=role, name=role.replace("_", " ").capitalize()))
    found = User(
        enterprise_id=enterprise_id,
        name=name,
        full_name=full_name,
        email=email,
        password_hash=hash_password(password),
        is_supervisor=is_supervisor,
        created_at=now,
        memberships=[Membership(role_key=role) for role in roles],
    )
    session.add(found)
    session.flush()
    return found
