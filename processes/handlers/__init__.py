"""Python behind service tasks, by area; `all_handlers()` joins what is there."""

from importlib import import_module
from pkgutil import iter_modules

from engine.handlers import Handlers


def all_handlers() -> Handlers:
    """The handlers of every area in this folder: each module (or package) that defines `handlers`."""
    joined = Handlers()
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        area = getattr(import_module(f"{__name__}.{module.name}"), "handlers", None)
        if isinstance(area, Handlers):
            joined.include(area)
    return joined
