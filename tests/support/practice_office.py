"""An office that works on practices: a library with one small practice, and people of several enterprises."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.commands.deploy import deploy
from engine.store.actor import SYSTEM, Actor
from engine.worker import Worker
from practice_repo.algebra.options import Option
from practice_repo.algebra.package import Package, package_difference
from practice_repo.commands.acquire import acquire
from practice_repo.commands.commit_draft import commit_draft
from practice_repo.commands.make_available import make_available, models_in_order
from practice_repo.commands.publish_shipped import publish_shipped, with_version
from practice_repo.commands.save_draft import save_draft
from practice_repo.handlers import practice_handlers
from practice_repo.permissions import ANALYST, LIBRARY
from practice_repo.practice import Text, read_practice
from practice_repo.queries.workspace import draft_file
from practice_repo.validation import validate
from tests.support.office import ACME, Office
from tests.support.small_practice import small_practice

REPOSITORY = Path(__file__).parents[2]
MODEL = "process.bpmn"
ITEM = "triage"


def renamed(package: Package, before: str, after: str) -> Package:
    """The package with an element of its process named otherwise."""
    model = package.files[MODEL].decode()
    assert f'name="{before}"' in model
    return Package({**package.files, MODEL: model.replace(f'name="{before}"', f'name="{after}"').encode()})


def practice_with_option() -> Package:
    """The small practice; the answer that nobody approves renames the step."""
    plain = small_practice()
    operations = package_difference(plain, renamed(plain, "Approve", "Approved by rule"))
    option = Option("approval", "none", Text("Nobody", "无"), operations)
    return Package({**plain.files, "options/approval.none.json": json.dumps(option.to_json()).encode()})


class PracticeOffice:
    """What happens behind the pages, each in one line."""

    def __init__(self, office: Office):
        self.office, self.store = office, office.store
        self.analyst = Actor("anna", frozenset({ANALYST}), enterprise_id=ACME)
        self.ship(practice_with_option())

    def ship(self, *packages: Package) -> None:
        self.store.run(lambda work: publish_shipped(work, packages, self.office.now))

    def ship_next(self, version: str, before: str = "Look at it", after: str = "Look closely") -> None:
        """The practice's next version, with one element named otherwise."""
        self.ship(with_version(renamed(practice_with_option(), before, after), version))

    def do(self, command: Any, **arguments: Any) -> Any:
        return self.office.do(command, **{"actor": self.analyst} | arguments)

    def acquired(self, **arguments: Any) -> str:
        return self.do(acquire, **{"item_id": ITEM} | arguments)

    def edit(self, candidate_id: str, before: str, after: str, *, keep: bool = True, name: str = MODEL) -> None:
        """Replace a text in a file of the draft."""
        was = self.office.ask(draft_file, candidate_id=candidate_id, name=name, actor=self.analyst)
        content = was.content.decode()
        assert before in content
        new = content.replace(before, after).encode()
        self.do(save_draft, candidate_id=candidate_id, name=name, content=new, expected_digest=was.digest)
        if keep:
            self.do(commit_draft, candidate_id=candidate_id, message="our way")

    def draft(self, candidate_id: str, name: str = MODEL) -> str:
        return self.office.ask(draft_file, candidate_id=candidate_id, name=name, actor=self.analyst).content.decode()

    def without_wrong_scenario(self, candidate_id: str) -> None:
        """The small practice has a scenario that fails on purpose; without it every check passes."""
        text = self.draft(candidate_id, "scenarios.toml")
        wrong = text[text.index('[[scenario]]\nname = "wrong expectation"') :]
        self.edit(candidate_id, wrong, "", name="scenarios.toml")

    def made_available(self, candidate_id: str) -> None:
        report = validate(self.store, candidate_id=candidate_id, actor=self.analyst, now=self.office.now)
        assert report.passed, report.errors
        self.do(make_available, candidate_id=candidate_id)

    def contributable(self) -> str:
        """A variant with something new in it, in use."""
        candidate_id = self.acquired()
        self.without_wrong_scenario(candidate_id)
        self.edit(candidate_id, 'name="Approve"', 'name="Sign with Mr Huber, huber@kestrel-pumps.com"')
        self.made_available(candidate_id)
        return candidate_id

    def open_the_review(self) -> Worker:
        """Deploy the library's process; the worker does its service tasks."""
        pack = read_practice(REPOSITORY / "processes" / "method" / "contribution_review")
        self.do(
            deploy,
            enterprise_id=LIBRARY,
            name=pack.id,
            models=models_in_order(pack),
            decisions=list(pack.decisions.values()),
            forms=pack.forms,
            actor=SYSTEM,
        )
        return Worker(self.store, practice_handlers(self.store), self.office.clock)

    def rows(self, table: Any, **where: Any) -> list[Any]:
        with self.store.reading() as work:
            return list(work.execute(select(table.__table__).filter_by(**where)).all())

    def row(self, table: Any, **where: Any) -> Any:
        [found] = self.rows(table, **where)
        return found
