"""The lint rules: every module of this package with a RULE name, a docstring with reason and remedy, and `check`."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from engine.bpmn.context import Context
from engine.errors import Finding


class Rule(Protocol):
    """What a rule module offers."""

    RULE: str
    __doc__: str | None

    def check(self, context: Context) -> Iterator[Finding]: ...


def _modules() -> Iterator[Rule]:
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        yield cast(Rule, import_module(f"{__name__}.{module.name}"))


RULES: Mapping[str, Rule] = {rule.RULE: rule for rule in _modules()}
