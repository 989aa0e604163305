"""The decision requirement graph, compiled: nodes that know what they require and how they get their value."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.dmn.boxed import BoxedCompiler, BoxedFunction, conformed, conforming, null
from engine.dmn.elements import (
    BusinessKnowledgeModel,
    Decision,
    DecisionService,
    Definitions,
    DrgElement,
    InputData,
    Reference,
    entry_names,
)
from engine.dmn.feel_code import OUTERMOST, Code, Run, Scope
from engine.dmn.types import TypeTable
from engine.errors import Finding
from engine.feel import display, normalise
from engine.feel.parser import KEYWORDS
from engine.feel.types import Type
from engine.feel.values import PLAIN, Function

Path = tuple[str, ...]  # the names under which an element is seen: prefixes of imports, then its own


class DmnRun(Run):
    """One evaluation: FEEL's run with the audit of the decisions that were taken."""

    __slots__ = ("audit",)

    def __init__(self, moment: Any, budget: Any, audit: list[dict] | None):
        super().__init__(moment, budget, [])
        self.audit = audit


def audit_of(run: Run) -> list[dict[str, Any]] | None:
    """The audit of the evaluation; None where a function of the model is called from elsewhere."""
    return getattr(run, "audit", None)


class Evaluation:
    """The values of the nodes in one evaluation of the graph, or in one call of a decision service."""

    def __init__(self, run: Run, variables: Mapping[str, Any], known: dict["Node", Any] | None = None):
        self.run = run
        self.variables = variables
        self.values: dict[Node, Any] = {} if known is None else known
        self.active: set[Node] = set()


class Node:
    """An element of the graph as others require it."""

    def __init__(self, element: DrgElement, model: "CompiledModel"):
        self.element = element
        self.model = model
        self.type: Type | None = model.types.resolve(element.type_ref, element.line)

    @property
    def name(self) -> str:
        return self.element.variable or self.element.name

    def value(self, evaluation: Evaluation) -> Any:
        """The node's value in this evaluation."""
        raise NotImplementedError

    def conformed(self, value: Any, run: Run) -> Any:
        """The value converted to the node's type, or null with a message."""
        if self.type is None or value is None:
            return value
        return conformed(value, self.type, f"'{self.element.name}'", run)


class InputNode(Node):
    """Input data: takes the variable of its name, checked against its type."""

    def value(self, evaluation: Evaluation) -> Any:
        if self not in evaluation.values:
            found = self.model.variable_for(self, evaluation.variables)
            evaluation.values[self] = self.conformed(
                found if type(found) in PLAIN else normalise(found), evaluation.run
            )
        return evaluation.values[self]


class DecisionNode(Node):
    """A decision: its logic over the values of what it requires."""

    code: Code
    requirements: list[tuple[Path, Node]]
    free_names: frozenset[str]

    def value(self, evaluation: Evaluation) -> Any:
        if self in evaluation.values:
            return evaluation.values[self]
        run = evaluation.run
        if self in evaluation.active:
            run.warn("the decision '{}' requires itself", self.element.name)
            return None
        evaluation.active.add(self)
        try:
            bound = bind([(path, node.value(evaluation)) for path, node in self.requirements])
            noted, audited = len(run.warnings or ()), len(audit_of(run) or ())
            scope = Scope(bound, self.outer(evaluation), run)
            value = self.conformed(self.code(scope), run)
            self._report(run, bound, value, noted, audited)
        finally:
            evaluation.active.discard(self)
        evaluation.values[self] = value
        return value

    def outer(self, evaluation: Evaluation) -> Scope:
        """Variables that no element of the model declares are visible to every decision (tables without a graph)."""
        free = {name: evaluation.variables[name] for name in self.free_names if name in evaluation.variables}
        return Scope(free, None, evaluation.run) if free else OUTERMOST

    def _report(self, run: Run, bound: dict[str, Any], value: Any, noted: int, audited: int) -> None:
        """Name the decision in its messages, and give it an entry in the audit unless its table has one already."""
        warnings, audit = run.warnings or [], audit_of(run)
        for index in range(noted, len(warnings)):
            if not warnings[index].startswith("Decision '"):
                warnings[index] = f"Decision '{self.element.name}': {warnings[index]}"
        if audit is None or any(entry["decision"] == self.element.name for entry in audit[audited:]):
            return
        inputs = {name: each for name, each in bound.items() if not isinstance(each, Function)}
        shown = display(value) if isinstance(value, Function) else value
        audit.append({"decision": self.element.name, "rules": [], "rule_ids": [], "inputs": inputs, "outputs": [shown]})


class FunctionNode(Node):
    """A business knowledge model or a decision service: a function, the same in every evaluation."""

    function: Function

    def value(self, evaluation: Evaluation) -> Any:
        return self.function


class ServiceFunction(Function):
    """A decision service as a function: input data, then input decisions, are its parameters (DMN 1.5, 10.4)."""

    def __init__(self, service: FunctionNode, parameters: list[Node], outputs: list[DecisionNode]):
        self.service = service
        self.nodes = parameters
        self.outputs = outputs
        self.name = service.element.name
        self.parameters = tuple(node.name for node in parameters)
        self.parameter_types = tuple(node.type for node in parameters)
        declared = service.type
        self.result_type = declared.result if declared is not None and declared.kind == "function" else declared

    def invoke(self, run: Run, arguments: list[Any]) -> Any:
        return self.decide(run, arguments, {})

    def decide(self, run: Run, arguments: list[Any], taken: dict[Node, Any]) -> Any:
        """The result for these arguments; `taken` gets the value of each decision that was taken for it."""
        if len(arguments) != len(self.nodes):
            run.warn("{} expects {} arguments, {} given", self, len(self.nodes), len(arguments))
            return None
        given: dict[Node, Any] = {}
        for node, value in zip(self.nodes, arguments, strict=True):
            given[node] = node.conformed(value, run)
            if given[node] is None and value is not None:
                return None  # 10.3.2.13.2: arguments that do not conform make the invocation null
        run.enter()
        try:
            evaluation = Evaluation(run, {}, given)
            values = [node.value(evaluation) for node in self.outputs]
        finally:
            run.depth -= 1
        taken.update((node, value) for node, value in evaluation.values.items() if node not in self.nodes)
        if len(values) == 1:
            result = values[0]
        else:
            result = {node.name: value for node, value in zip(self.outputs, values, strict=True)}
        if self.result_type is None or result is None:
            return result
        return conformed(result, self.result_type, f"the result of '{self.name}'", run)


class CompiledModel:
    """One DMN model with its imports, compiled. `seen_under`: the import paths under which callers name its inputs."""

    def __init__(
        self,
        definitions: Definitions,
        imported: Mapping[str, "CompiledModel"],
        findings: list[Finding],
        seen_under: Sequence[Path] = (),
    ):
        self.definitions = definitions
        self.findings = findings
        self.imported = imported  # by prefix
        self.seen_under = seen_under
        self.prefix_of = {each.namespace: each.name for each in definitions.imports if each.name in imported}
        self.types = TypeTable(definitions, {prefix: model.types for prefix, model in imported.items()}, findings)
        self.by_id: dict[str, Node] = {
            element.id: NODE_CLASSES[type(element)](element, self) for element in definitions.elements.values()
        }
        self.special_names = _special_names(definitions, self.types).union(
            *(model.special_names for model in imported.values())
        )
        self.declared = frozenset(node.name for node in self.by_id.values())
        self._unbound: list[tuple[dict[str, Any], list[tuple[Path, Node]]]] = []
        for node in self.by_id.values():
            self._link(node)
        for bound, requirements in self._unbound:  # functions may need each other: all are made by now
            bound.update(bind([(path, node.function) for path, node in requirements if isinstance(node, FunctionNode)]))

    # -- looking up ---

    def find(self, reference: Reference, wanted: DrgElement) -> tuple[Path, Node] | None:
        """The node that an href of `wanted` means, with the names under which it is seen."""
        if reference.namespace in ("", self.definitions.namespace):
            node = self.by_id.get(reference.id)
            if node is not None:
                return (node.name,), node
        prefix = self.prefix_of.get(reference.namespace)
        if prefix is not None:
            node = self.imported[prefix].by_id.get(reference.id)
            if node is not None:
                return (prefix, node.name) if prefix else (node.name,), node
        self.findings.append(
            Finding(
                "dmn-reference",
                f"it refers to '{reference.namespace}#{reference.id}', which is not there: correct the reference or "
                "give the imported model too.",
                wanted.id,
                wanted.name,
                wanted.line or None,
            )
        )
        return None

    def variable_for(self, node: Node, variables: Mapping[str, Any]) -> Any:
        """The caller's variable for input data: `name` in the contexts of the import path, `prefix.name`, or `name`."""
        names = (node.name, node.element.name)
        for path in self.seen_under:
            for start in range(len(path)):
                inner = _entry_at(variables, path[start:])
                prefix = ".".join(path[start:])
                for name in names:
                    if isinstance(inner, Mapping) and name in inner:
                        return inner[name]
                    if f"{prefix}.{name}" in variables:
                        return variables[f"{prefix}.{name}"]
        return next((variables[name] for name in names if name in variables), None)

    # -- linking ---

    def _link(self, node: Node) -> None:
        element = node.element
        if isinstance(element, Decision):
            self._link_decision(node, element)
        elif isinstance(element, BusinessKnowledgeModel):
            self._link_knowledge(node, element)
        elif isinstance(element, DecisionService):
            self._link_service(node, element)

    def _link_decision(self, node: DecisionNode, element: Decision) -> None:
        node.requirements = self._found(element, (*element.information, *element.knowledge))
        compiler = self._compiler(element)
        names = self._names(node.requirements)
        node.code = compiler.compile(element.expression, names, "the logic")
        node.free_names = frozenset(compiler.referred - self.declared - set(self.imported))

    def _link_knowledge(self, node: FunctionNode, element: BusinessKnowledgeModel) -> None:
        requirements = self._found(element, element.knowledge)
        bound: dict[str, Any] = {}
        scope = Scope(bound, OUTERMOST, None)
        declared = node.type
        result_type = declared.result if declared is not None and declared.kind == "function" else declared
        if element.logic is None:
            code = null(f"'{element.name}' has no logic")
            node.function = BoxedFunction(element.name, (), (), code, scope, result_type)
        else:
            names = self._names([*requirements, ((node.name,), node)])
            make = self._compiler(element).function(element.logic, names, element.name, result_type)
            logic_type = self.types.resolve(element.logic.type_ref)
            function = make(scope)
            if logic_type is not None and logic_type.kind != "function" and result_type is None:
                function.body = conforming(function.body, logic_type, f"the result of {element.name}")
                function.result_type = logic_type
            node.function = function
        bound[node.name] = node.function
        self._unbound.append((bound, requirements))

    def _link_service(self, node: FunctionNode, element: DecisionService) -> None:
        parameters = [found for _, found in self._found(element, (*element.input_data, *element.input_decisions))]
        outputs = [found for _, found in self._found(element, element.outputs)]
        node.function = ServiceFunction(node, parameters, outputs)

    def _found(self, element: DrgElement, references: tuple[Reference, ...]) -> list[tuple[Path, Node]]:
        found = [self.find(reference, element) for reference in references]
        return [each for each in found if each is not None]

    def _compiler(self, element: DrgElement) -> BoxedCompiler:
        return BoxedCompiler(element, self.definitions.language, self.types, self.findings)

    def _names(self, requirements: list[tuple[Path, Node]]) -> frozenset[str]:
        """What FEEL texts may name: what is required, and the names that paths need."""
        names = {part for path, _ in requirements for part in path}
        return frozenset(names) | self.special_names


def _entry_at(variables: Any, path: Path) -> Any:
    """What stands at a path of names in nested contexts; None where there is nothing."""
    for name in path:
        variables = variables.get(name) if isinstance(variables, Mapping) else None
    return variables


def _special_names(definitions: Definitions, types: TypeTable) -> frozenset[str]:
    """Names of entries that are more than words: FEEL reads "loan-to-value" and "this and that" only if known."""
    names = set(types.component_names())
    for element in definitions.elements.values():
        logic = element.expression if isinstance(element, Decision) else getattr(element, "logic", None)
        names |= entry_names(logic)
    return frozenset(name for name in names if name and not _is_plain(name))


def _is_plain(name: str) -> bool:
    """Whether FEEL reads the name in a path without knowing it."""
    return name.replace(" ", "_").isidentifier() and KEYWORDS.isdisjoint(name.split())


def bind(values: list[tuple[Path, Any]]) -> dict[str, Any]:
    """Variables by name; those of imported models as entries of a context named by the prefix."""
    bound: dict[str, Any] = {}
    for path, value in values:
        level = bound
        for part in path[:-1]:
            level = level.setdefault(part, {})
        level[path[-1]] = value
    return bound


NODE_CLASSES: dict[type, type[Node]] = {
    InputData: InputNode,
    Decision: DecisionNode,
    BusinessKnowledgeModel: FunctionNode,
    DecisionService: FunctionNode,
}
