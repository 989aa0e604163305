"""Who acts: handed to every command that a person (or the system in somebody's name) can cause."""

from dataclasses import dataclass, field

from engine.errors import NotFound


@dataclass(frozen=True)
class Actor:
    """A person with the role keys (groups) that let them take work.

    A supervisor may act on everybody's work. `stands_in_for` names the people whose tasks the actor may do today; the
    audit then shows both names. With `enterprise_id` set, rows of other enterprises do not exist for the actor.
    """

    id: str
    groups: frozenset[str] = field(default_factory=frozenset)
    is_supervisor: bool = False
    stands_in_for: frozenset[str] = field(default_factory=frozenset)
    enterprise_id: str | None = None

    def is_or_stands_in_for(self, person: str | None) -> bool:
        return person is not None and (person == self.id or person in self.stands_in_for)

    def acting_for(self, person: str | None) -> str | None:
        """The person whom the actor stands in for, when this is somebody else's work."""
        return person if person is not None and person != self.id and person in self.stands_in_for else None

    def must_see(self, enterprise_id: str, what: str) -> None:
        """Refuse what belongs to another enterprise as if it did not exist."""
        if self.enterprise_id is not None and self.enterprise_id != enterprise_id:
            raise NotFound(f"{what} does not exist: look again.")


SYSTEM = Actor("system", is_supervisor=True)
