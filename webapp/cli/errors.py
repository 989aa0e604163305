"""Errors on the command line: one sentence, no stack trace."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from engine.errors import EngineError, InvalidModel


def kindly(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command, with what goes wrong on purpose told in one sentence (exit code 1)."""

    @functools.wraps(command)
    def guarded(*arguments: Any, **named: Any) -> Any:
        try:
            return command(*arguments, **named)
        except EngineError as error:
            click.echo(f"Error: {error}", err=True)
            for finding in error.findings if isinstance(error, InvalidModel) else ():
                click.echo(f"  {finding}", err=True)
            sys.exit(1)

    return guarded
