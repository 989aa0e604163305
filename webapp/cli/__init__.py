"""`praxis`: one command, its sub-commands imported only when they are called."""

from datetime import datetime
from importlib import import_module
from typing import Any

import click

COMMANDS = {  # name: (module, attribute, one line of help)
    "play": ("engine.play", "play", "Run a model on a virtual clock, in memory."),
    "feel": ("engine.feel.cli", "feel", "Evaluate a FEEL expression."),
    "dmn": ("engine.dmn.cli", "dmn", "Evaluate and check decision tables."),
    "lint": ("webapp.cli.lint", "lint", "Say what is wrong or doubtful in a model."),
    "layout": ("engine.bpmn.layout.cli", "layout", "Draw a model: write its diagram interchange."),
    "diff": ("practice_repo.cli", "diff", "Say what changed between two models or practices."),
    "apply": ("practice_repo.cli", "apply_command", "Do such changes to another model or practice."),
    "merge": ("practice_repo.cli_merge", "merge_command", "Merge what two sides made of a model or practice."),
    "pack": ("practice_repo.packs.cli", "pack", "Export, verify, sign, import and follow practices as packs."),
    "similar": ("practice_repo.search.cli", "similar", "Find the practices most like a model or a text."),
    "library": ("webapp.cli.library", "library", "Take packs into the library of this installation, and out of it."),
    "nba": ("practice_repo.next_best_activity.cli", "nba", "Say which practice to deploy next, and why."),
    "serve": ("webapp.cli.serve", "serve", "Start the web application with the embedded worker."),
    "migrate": ("webapp.cli.migrate", "migrate", "Bring the database to the newest revision."),
    "demo": ("webapp.cli.demo", "demo", "Create the demo enterprise with people, data and running cases."),
    "simulate": ("webapp.cli.simulate", "simulate_command", "Add months of cases that people worked on."),
    "import": ("webapp.cli.imports", "import_file", "Import leads, customers, products, stock, tickets or orders."),
    "user": ("webapp.cli.user", "user", "Add people and change passwords."),
}


class LazyGroup(click.Group):
    """Knows its sub-commands by name; `praxis play` imports neither Flask nor the database."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute, _help = COMMANDS[name]
        return getattr(import_module(module), attribute)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, _attribute, text) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(package_name="praxis", prog_name="praxis")
@click.pass_context
def main(context: click.Context) -> None:
    """Praxis turns CRM best practices into running processes."""
    context.obj = {"handlers": shipped_handlers, "resources": shipped_resources, "situation": situation}


def shipped_handlers() -> Any:
    """The handlers that a play uses; imported when a model first needs one, because most need none."""
    return import_module("processes.handlers").all_handlers()


def situation(enterprise_id: str) -> Any:
    """Where an enterprise of this installation stands with its activities."""
    return import_module("webapp.cli.enterprises").situation(enterprise_id)


def shipped_resources(now: datetime) -> Any:
    """An in-memory customer base with the demo data for these handlers."""
    return import_module("processes.handlers.resources").Resources.in_memory(now)
