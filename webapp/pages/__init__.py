"""The pages, one module per subject; each defines `blueprint`."""

from flask import Blueprint

from webapp.pages import (
    cases,
    customers,
    expressions,
    imports,
    library,
    mailbox,
    messages,
    migrations,
    modeler,
    operations,
    quotes,
    sign_in,
    start,
    tasks,
    worklist,
)

MODULES = (
    sign_in,
    worklist,
    tasks,
    start,
    cases,
    customers,
    mailbox,
    quotes,
    imports,
    operations,
    migrations,
    messages,
    library,
    modeler,
    expressions,
)


def blueprints() -> list[Blueprint]:
    """Every page's blueprint, in the order of the navigation."""
    return [module.blueprint for module in MODULES]
