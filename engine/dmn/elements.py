"""What a DMN file says, frozen: the decision requirement graph and its boxed expressions, named as in DMN 1.5.

Names have their white space collapsed. A `Reference` is an href split at its fragment; the empty namespace is the
model's own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from engine.errors import Finding


@dataclass(frozen=True, slots=True)
class Reference:
    """Points to a DRG element by id."""

    id: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class TypeRef:
    """The text of a typeRef, with the namespace of its XML prefix where it has a declared one."""

    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedExpression:
    """Any logic. `type_ref` is what its value must conform to."""

    id: str = ""
    line: int = 0
    type_ref: TypeRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralExpression(BoxedExpression):
    text: str | None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class InputClause:
    """A condition column."""

    id: str
    label: str
    expression: LiteralExpression
    allowed_values: str | None = None  # unary tests


@dataclass(frozen=True, slots=True)
class OutputClause:
    """A conclusion column. `name` is empty when the table has one output."""

    id: str
    name: str
    label: str = ""
    type_ref: TypeRef | None = None
    allowed_values: str | None = None  # unary tests; their order is the priority
    default: LiteralExpression | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one unary-tests text per input, one expression per output."""

    id: str
    inputs: tuple[str, ...]
    outputs: tuple[LiteralExpression, ...]
    line: int = 0
    description: str = ""
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable(BoxedExpression):
    hit_policy: str = "UNIQUE"
    aggregation: str | None = None  # SUM | MIN | MAX | COUNT, with COLLECT
    inputs: tuple[InputClause, ...] = ()
    outputs: tuple[OutputClause, ...] = ()
    rules: tuple[Rule, ...] = ()
    annotations: tuple[str, ...] = ()  # names of the annotation columns


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type_ref: TypeRef | None = None


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """An entry of a boxed context; the result cell has no name."""

    name: str | None
    type_ref: TypeRef | None
    expression: BoxedExpression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(BoxedExpression):
    entries: tuple[ContextEntry, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    parameter: Parameter
    expression: BoxedExpression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation(BoxedExpression):
    called: BoxedExpression | None
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation(BoxedExpression):
    columns: tuple[Parameter, ...]
    rows: tuple[tuple[BoxedExpression | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExpression(BoxedExpression):
    items: tuple[BoxedExpression | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDefinition(BoxedExpression):
    parameters: tuple[Parameter, ...]
    body: BoxedExpression | None
    kind: str = "FEEL"  # FEEL | Java | PMML


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(BoxedExpression):
    condition: BoxedExpression | None
    then: BoxedExpression | None
    otherwise: BoxedExpression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(BoxedExpression):
    source: BoxedExpression | None
    match: BoxedExpression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class For(BoxedExpression):
    variable: str
    source: BoxedExpression | None
    body: BoxedExpression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantified(BoxedExpression):
    """`every` or `some`."""

    quantifier: str
    variable: str
    source: BoxedExpression | None
    satisfies: BoxedExpression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported(BoxedExpression):
    """An expression element that DMN 1.5 does not know."""

    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrgElement:
    """A node of the decision requirement graph. `variable` is the name under which others see it."""

    id: str
    name: str
    line: int = 0
    variable: str = ""
    type_ref: TypeRef | None = None

    @property
    def label(self) -> str:
        """How messages to people call the element."""
        return f"'{self.name}' ({self.id})" if self.name != self.id else f"'{self.name}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputData(DrgElement):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(DrgElement):
    expression: BoxedExpression | None = None
    information: tuple[Reference, ...] = ()  # required decisions and input data
    knowledge: tuple[Reference, ...] = ()  # required business knowledge models and decision services
    question: str = ""
    allowed_answers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessKnowledgeModel(DrgElement):
    logic: FunctionDefinition | None = None
    knowledge: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionService(DrgElement):
    outputs: tuple[Reference, ...] = ()
    encapsulated: tuple[Reference, ...] = ()
    input_decisions: tuple[Reference, ...] = ()
    input_data: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDefinition:
    """A type. Either `type_ref`, or `components`, or a function with `parameters` and `type_ref` as its result."""

    id: str
    name: str
    line: int = 0
    type_ref: TypeRef | None = None
    is_collection: bool = False
    components: tuple["ItemDefinition", ...] = ()
    allowed_values: str | None = None  # unary tests on the value, or on each item of a collection
    type_constraint: str | None = None  # unary tests on the value as a whole (DMN 1.5)
    is_function: bool = False
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    name: str  # the prefix; empty: elements are visible by their own names
    namespace: str
    import_type: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """One DMN file. `findings` is what the reader saw and could read past; the strict compiler refuses errors."""

    id: str
    name: str
    namespace: str
    dmn_version: str
    language: str | None = None
    imports: tuple[Import, ...] = ()
    item_definitions: tuple[ItemDefinition, ...] = ()
    elements: Mapping[str, DrgElement] = field(default_factory=dict)  # by id, in document order
    findings: tuple[Finding, ...] = ()
    digest: str = ""  # sha-256 of the source bytes, hexadecimal

    def of(self, kind: type) -> Iterator:
        """The DRG elements of a class, in document order."""
        return (element for element in self.elements.values() if isinstance(element, kind))

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(self.of(Decision))

    @property
    def decision_ids(self) -> tuple[str, ...]:
        """Ids of the decisions, in document order."""
        return tuple(decision.id for decision in self.decisions)

    @property
    def required_decision_ids(self) -> frozenset[str]:
        """Ids of the decisions that other decisions or services need."""
        needed = {reference.id for decision in self.decisions for reference in decision.information}
        for service in self.of(DecisionService):
            needed |= {reference.id for reference in (*service.outputs, *service.encapsulated)}
        return frozenset(needed & set(self.decision_ids))


def parts_of(logic: Any) -> Iterator[Any]:
    """The boxed expression and everything in it."""
    pending = [logic]
    while pending:
        part = pending.pop()
        if isinstance(part, tuple):
            pending.extend(reversed(part))
        elif is_dataclass(part):
            yield part
            pending.extend(getattr(part, each.name) for each in reversed(fields(part)))


def entry_names(logic: Any) -> set[str]:
    """Names of the context entries, relation columns and table outputs anywhere in a boxed expression."""
    return {
        part.name for part in parts_of(logic) if isinstance(part, ContextEntry | OutputClause | Parameter) and part.name
    }
