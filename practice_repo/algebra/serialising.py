"""Two things inserted at one place come one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.bpmn.names import FLOW_NODES
from engine.errors import EngineError
from engine.feel import compile_script
from practice_repo.algebra.clashes import FLOW_ENDS, INSERT_SAME_PLACE, Clash
from practice_repo.algebra.document import Document, Record
from practice_repo.algebra.operations import Change, Operation

TELLING = frozenset({"sendTask", "intermediateThrowEvent"})  # they tell somebody something and go on at once
DECLARED = "extensionElements/praxis:property[orderFree]@value"


def is_order_free(one: Operation, other: Operation) -> bool:
    """Whether it makes no difference which of two insertions comes first.

    True for messages and signals that are only sent, for scripts that neither read nor write what the other writes,
    and for elements that say so (`praxis:property` orderFree = true). Everything else is a matter for people.
    """
    nodes = [_added_nodes(each) for each in (one, other)]
    if not all(nodes) or not all(_only_inserts(each) for each in (one, other)):
        return False
    for mine in nodes[0]:
        for yours in nodes[1]:
            if not _are_independent(mine, yours):
                return False
    return True


def _only_inserts(operation: Operation) -> bool:
    return all(change.action == "add" or change.field in FLOW_ENDS for change in operation.changes)


def _added_nodes(operation: Operation) -> list[Record]:
    records = [change.record for change in operation.changes if change.action == "add"]
    return [record for record in records if record.kind in FLOW_NODES]


def _are_independent(one: Record, other: Record) -> bool:
    if all(record.kind in TELLING or record.get(DECLARED) == "true" for record in (one, other)):
        return True
    if not all(record.kind in TELLING | {"scriptTask"} for record in (one, other)):
        return False
    known = [_variables(record) for record in (one, other)]
    if None in known:
        return False
    (reads, writes), (other_reads, other_writes) = known[0], known[1]
    return not (writes & (other_reads | other_writes) or other_writes & reads)


def _variables(record: Record) -> tuple[frozenset[str], frozenset[str]] | None:
    """What a script reads and writes; None when that cannot be told."""
    if set(record.fields) - {"parent", "lane", "name", "script"}:
        return None
    try:
        script = compile_script(str(record.get("script")).removeprefix("="))
    except EngineError:
        return None
    return frozenset(script.names), frozenset(getattr(script, "keys", ()))


def comes_first(clash: Clash) -> str:
    """ours | theirs: the same order whoever merges, by what is inserted."""
    return "ours" if _look(clash.ours) <= _look(clash.theirs) else "theirs"


def _look(operation: Operation) -> list[tuple[str, str, str]]:
    return sorted((record.kind, record.name, repr(sorted(record.fields.items(), key=repr)))
                  for record in _added_nodes(operation))  # fmt: skip


def serialised(changes: Sequence[Change], clash: Clash, document: Document, base: Document, first: str) -> list[Change]:
    """The changes of theirs so that its insertion comes behind (or before) that of ours."""
    if clash.kind != INSERT_SAME_PLACE or clash.field not in FLOW_ENDS or clash.key not in base.records:
        return list(changes)
    end, flow = clash.field, clash.key
    anchor = base.records[flow].get(end)
    now = document.records[flow].get(end) if flow in document.records else None
    own = next((change for change in changes if change.key == flow and change.field == end), None)
    if own is None or now is None or now == anchor:
        return list(changes)
    takes_over = (first == "theirs") == (end == "target")  # theirs stands at the flow, ours at its own flow
    others = [change for change in changes if change is not own]
    if takes_over:
        return [replace(own, before=now), *(_leading_to(change, end, anchor, now) for change in others)]
    our_flow = next(_joining(clash.ours, document, end, anchor), None)
    if our_flow is None:
        return list(changes)
    return [*others, Change("set", our_flow, end, anchor, own.after)]


def _leading_to(change: Change, end: str, anchor: object, now: object) -> Change:
    """An added flow that led to the place now leads to what ours put there."""
    if change.action != "add" or change.record.kind != "sequenceFlow" or change.record.get(end) != anchor:
        return change
    return Change.adding(change.record.having({end: now}))


def _joining(operation: Operation, document: Document, end: str, anchor: object) -> Iterator[str]:
    """Flows that ours added and that lead back to the place."""
    for key in sorted(operation.creates):
        record = document.records.get(key)
        if record is not None and record.kind == "sequenceFlow" and record.get(end) == anchor:
            yield key
