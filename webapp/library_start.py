"""Open the library: release what is shipped, and deploy the process in which contributions are reviewed."""

from collections.abc import Callable, Sequence

from engine.commands.deploy import deploy
from engine.errors import EngineError
from engine.store.actor import SYSTEM
from practice_repo.algebra.package import Package
from practice_repo.commands.make_available import models_in_order
from practice_repo.commands.publish_shipped import publish_shipped
from practice_repo.contributing import REVIEW_PROCESS
from practice_repo.permissions import ANALYST, DEPARTMENT, EDITOR, LIBRARY, REVIEWER
from practice_repo.practice import Practice, Text, read_practice, shipped_practices
from webapp.tables import Enterprise, Role
from webapp.wiring import Wiring

LIBRARY_PRACTICES = frozenset({REVIEW_PROCESS})  # run in the library, not in the enterprises
METHOD = "method"  # the area of the processes that are the method itself; `start_loop` deploys them
ROLE_NAMES = {
    ANALYST: Text("Process analyst", "流程分析师"),
    DEPARTMENT: Text("Department head", "部门负责人"),
    REVIEWER: Text("Library reviewer", "库评审员"),
    EDITOR: Text("Library editor", "库编辑"),
}


def readable_practices(note: Callable[[str], None]) -> list[Practice]:
    """The shipped practices; one that cannot be read is named and left out."""
    found = []
    for folder in shipped_practices():
        try:
            found.append(read_practice(folder))
        except EngineError as error:
            note(f"{folder.name} is left out: {error}")
    return found


def open_library(
    wiring: Wiring, practices: Sequence[Practice] | None = None, *, note: Callable[[str], None] = lambda _text: None
) -> None:
    """Fill the library with the shipped practices; what is there already stays. Quick when nothing is new."""
    shipped = readable_practices(note) if practices is None else practices
    packages = [Package.of(practice) for practice in shipped]
    now = wiring.clock.now()
    wiring.run(_add_enterprise(now))
    wiring.run(lambda work: publish_shipped(work, packages, now))
    for practice in shipped:
        if practice.id in LIBRARY_PRACTICES:
            wiring.run(_deploying(practice, now))


def add_role(session, enterprise_id: str, key: str) -> None:
    """The role exists in the enterprise, with its names."""
    if session.get(Role, (enterprise_id, key)) is None:
        name = ROLE_NAMES[key]
        session.add(Role(enterprise_id=enterprise_id, key=key, name=name.en, name_zh=name.zh))


def _add_enterprise(now):
    def add(work) -> None:
        if work.session.get(Enterprise, LIBRARY) is None:
            work.session.add(Enterprise(id=LIBRARY, name="Library", created_at=now))
            work.session.flush()
        for key in (REVIEWER, EDITOR):
            add_role(work.session, LIBRARY, key)

    return add


def _deploying(practice: Practice, now):
    def run(work) -> None:
        deploy(
            work,
            enterprise_id=LIBRARY,
            name=practice.id,
            models=models_in_order(practice),
            decisions=list(practice.decisions.values()),
            forms=practice.forms,
            actor=SYSTEM,
            now=now,
        )

    return run
