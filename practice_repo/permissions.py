"""Who may do what in the practice repository."""

from engine.errors import NotPermitted
from engine.store.actor import SYSTEM, Actor

LIBRARY = "library"  # the enterprise in which contributions are reviewed
ANALYST = "process_analyst"
REVIEWER = "practice_reviewer"
EDITOR = "library_editor"
MANAGER = "general_manager"
DEPARTMENT = "department_head"


def may_tailor(actor: Actor) -> bool:
    """Whether the actor may acquire, change and deploy practices of the own enterprise."""
    return actor.is_supervisor or ANALYST in actor.groups


def may_review(actor: Actor) -> bool:
    """Whether the actor may judge what other enterprises contribute."""
    return REVIEWER in actor.groups


def may_decide(actor: Actor) -> bool:
    """Whether the actor may choose the next best activity of the own enterprise."""
    return actor.is_supervisor or MANAGER in actor.groups


def may_estimate(actor: Actor) -> bool:
    """Whether the actor may say what activities are expected to bring and to cost."""
    return may_decide(actor) or may_tailor(actor)


def may_edit_library(actor: Actor) -> bool:
    """Whether the actor may release, deprecate and withdraw versions and settle conflicts of contributions."""
    if actor == SYSTEM:
        return True
    return actor.enterprise_id == LIBRARY and (actor.is_supervisor or EDITOR in actor.groups)


def must_tailor(actor: Actor) -> str:
    """The enterprise whose workspace the actor may change. Raises `NotPermitted`."""
    if not may_tailor(actor):
        raise NotPermitted(f"Tailoring practices needs the role '{ANALYST}': ask a supervisor for it.")
    if actor.enterprise_id is None:
        raise NotPermitted("A workspace belongs to an enterprise, but this actor belongs to none.")
    return actor.enterprise_id


def must_decide(actor: Actor) -> str:
    """The enterprise whose next best activity the actor may choose. Raises `NotPermitted`."""
    if not may_decide(actor):
        raise NotPermitted(f"Choosing the next best activity needs the role '{MANAGER}': ask a supervisor for it.")
    return _home_of(actor)


def must_estimate(actor: Actor) -> str:
    """The enterprise whose activities the actor may estimate. Raises `NotPermitted`."""
    if not may_estimate(actor):
        raise NotPermitted(f"Estimating needs the role '{MANAGER}' or '{ANALYST}': ask a supervisor for one.")
    return _home_of(actor)


def _home_of(actor: Actor) -> str:
    if actor.enterprise_id is None:
        raise NotPermitted("Activities belong to an enterprise, but this actor belongs to none.")
    return actor.enterprise_id


def must_review(actor: Actor) -> None:
    if not may_review(actor):
        raise NotPermitted(f"Reviewing contributions needs the role '{REVIEWER}': ask a supervisor for it.")


def must_edit_library(actor: Actor) -> None:
    if not may_edit_library(actor):
        raise NotPermitted(f"This is work of the library's editors: it needs the role '{EDITOR}' of the library.")
