"""Python behind service tasks, by area; `all_handlers()` joins what is there."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from engine.handlers import Handlers

WITHOUT_HANDLERS = {"resources", "arguments"}


def all_handlers(areas: Iterable[str] | None = None) -> Handlers:
    """The handlers of every area module in this folder (each defines `handlers`), or of the named ones."""
    names = areas if areas is not None else sorted(module.name for module in iter_modules(__path__))
    joined = Handlers()
    for name in names:
        if name not in WITHOUT_HANDLERS:
            joined.include(import_module(f"{__name__}.{name}").handlers)
    return joined
