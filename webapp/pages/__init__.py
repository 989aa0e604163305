"""The pages, one module per subject; each defines `blueprint`."""

from flask import Blueprint

from webapp.pages import (
    candidates,
    cases,
    compare,
    contributions,
    customers,
    experiments,
    expressions,
    imports,
    library,
    mailbox,
    messages,
    method_map,
    migrations,
    modeler,
    nba,
    needs,
    operations,
    portfolio,
    quotes,
    sandbox,
    sign_in,
    start,
    tasks,
    upgrades,
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
    nba,
    portfolio,
    library,
    candidates,
    modeler,
    sandbox,
    compare,
    needs,
    upgrades,
    contributions,
    experiments,
    method_map,
    expressions,
)


def blueprints() -> list[Blueprint]:
    """Every page's blueprint, in the order of the navigation."""
    return [module.blueprint for module in MODULES]
