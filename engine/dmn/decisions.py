"""Decisions, ready to be taken: compile DMN models once, evaluate often."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.dmn.elements import Definitions
from engine.dmn.graph import CompiledModel, DecisionNode, DmnRun, Evaluation, FunctionNode, Node, Path, ServiceFunction
from engine.dmn.tables import NO_RULE
from engine.errors import Finding, InvalidModel, NotFound
from engine.feel import Budget, EvaluationError, normalise

MOST_INSTANCES = 200  # of imported models; beyond, import paths share one


@dataclass(frozen=True)
class DecisionResult:
    """What was decided, how, and why parts of it are null.

    `audit` has one entry per decision and per table, in the order of evaluation: `decision`, `rules` (numbers from 1 of
    the rules that hold), `rule_ids`, `inputs` by label, `outputs`.
    """

    value: Any
    audit: tuple[dict[str, Any], ...] = ()
    messages: tuple[str, ...] = ()
    decisions: Mapping[str, Any] = field(default_factory=dict)  # every decision that was taken, by name

    @property
    def is_without_rule(self) -> bool:
        """Whether the only thing to tell is that no rule of a table holds: null is then what the standard wants."""
        return bool(self.messages) and all(NO_RULE in message for message in self.messages)


class Decisions:
    """The decisions of some DMN models; safe to share between threads.

    `findings` is what is wrong in the models (empty of errors after a strict compilation).
    """

    def __init__(self, models: Sequence[CompiledModel], findings: Iterable[Finding]):
        self.models = tuple(models)
        self.findings = tuple(findings)
        self._decisions = _index(models, DecisionNode)
        self._functions = _index(models, FunctionNode)

    @property
    def ids(self) -> frozenset[str]:
        """Ids of all decisions."""
        return frozenset(
            node.element.id for model in self.models for node in model.by_id.values() if isinstance(node, DecisionNode)
        )

    def function(self, name: str) -> FunctionNode | None:
        """The decision service or business knowledge model of this id or name."""
        return self._functions.get(name)

    def __contains__(self, decision: str) -> bool:
        return decision in self._decisions

    def evaluate(
        self,
        decision: str,
        variables: Mapping[str, Any],
        now: datetime | None = None,
        *,
        budget: Budget | None = None,
    ) -> DecisionResult:
        """The result of a decision, by id or name. Variables are FEEL or Python values.

        What goes wrong inside is null with a message, as the standard says. Raises `NotFound` when there is no such
        decision, `EvaluationError` when a budget is exceeded.
        """
        node = self._decisions.get(decision)
        if node is None:
            raise NotFound(f"There is no decision '{decision}'. Known: {', '.join(sorted(self._decisions)) or 'none'}.")
        return _result(variables, now, budget, lambda evaluation: node.value(evaluation))

    def evaluate_all(
        self, variables: Mapping[str, Any], now: datetime | None = None, *, budget: Budget | None = None
    ) -> DecisionResult:
        """Every decision of the first model; the value is the top-most one's. One that fails is null."""
        nodes = [node for node in self.models[0].by_id.values() if isinstance(node, DecisionNode)]

        def evaluate(evaluation: Evaluation) -> Any:
            for node in nodes:
                try:
                    node.value(evaluation)
                except (EvaluationError, RecursionError) as error:
                    evaluation.values[node] = None
                    evaluation.run.warn("{}", f"Decision '{node.element.name}': {error}")
            top = _top_most(nodes)
            return top.value(evaluation) if top else None

        return _result(variables, now, budget, evaluate)

    def call(
        self, name: str, variables: Mapping[str, Any], now: datetime | None = None, *, budget: Budget | None = None
    ) -> DecisionResult:
        """The result of a decision service or business knowledge model, by id or name, with variables by parameter."""
        node = self._functions.get(name)
        if node is None:
            known = ", ".join(sorted(self._functions)) or "none"
            raise NotFound(f"There is no decision service or knowledge model '{name}'. Known: {known}.")

        def invoke(evaluation: Evaluation) -> Any:
            function = node.function
            if isinstance(function, ServiceFunction):
                arguments = [_argument(each, evaluation) for each in function.nodes]
                return function.decide(evaluation.run, arguments, evaluation.values)
            arguments = [_given(parameter, evaluation.variables) for parameter in function.parameters]
            return function.invoke(evaluation.run, arguments)

        return _result(variables, now, budget, invoke)


def compile_decisions(definitions: Sequence[Definitions], *, strict: bool = True) -> Decisions:
    """Ready decisions of these models, which may import each other by namespace.

    Raises `InvalidModel` with findings when something in them cannot work (an expression that is no FEEL, a missing
    requirement, an unknown type); with `strict=False` such parts are null with a message instead.
    """
    findings: list[Finding] = [finding for each in definitions for finding in each.findings]
    models = _Linker(definitions, findings).models()
    findings = list(dict.fromkeys(findings))
    errors = [finding for finding in findings if finding.severity == "error"]
    if strict and errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise InvalidModel(f"The decisions cannot be used: {errors[0]}{more}", errors)
    return Decisions(models, findings)


class _Linker:
    """Compiles models after those that they import."""

    def __init__(self, definitions: Sequence[Definitions], findings: list[Finding]):
        self.definitions = definitions
        self.findings = findings
        self.done: dict[int, CompiledModel] = {}
        self.active: set[int] = set()
        self.instances = 0

    def models(self) -> list[CompiledModel]:
        return [self._root(index) for index in range(len(self.definitions))]

    def _root(self, index: int) -> CompiledModel:
        """The model by itself: its input data is seen plainly, or under any name that an import gives it."""
        if index not in self.done:
            namespace = self.definitions[index].namespace
            names = {each.name for model in self.definitions for each in model.imports if each.namespace == namespace}
            self.done[index] = self._compiled(index, (), [(name,) for name in sorted(names) if name])
        return self.done[index]

    def _instance(self, index: int, path: Path) -> CompiledModel:
        """The model as it is imported along a path: each path has input data of its own."""
        self.instances += 1
        return self._root(index) if self.instances > MOST_INSTANCES else self._compiled(index, path, [path])

    def _compiled(self, index: int, path: Path, seen_under: list[Path]) -> CompiledModel:
        self.active.add(index)
        model = self.definitions[index]
        compiled = CompiledModel(model, self._imported(model, path), self.findings, seen_under)
        self.active.discard(index)
        return compiled

    def _imported(self, model: Definitions, path: Path) -> dict[str, CompiledModel]:
        imported: dict[str, CompiledModel] = {}
        for each in model.imports:
            if "DMN" not in each.import_type.upper():
                continue
            found = next((i for i, other in enumerate(self.definitions) if other.namespace == each.namespace), None)
            if found is None or found in self.active:
                reason = "is not among the given models" if found is None else "imports this model in turn"
                message = f"the imported model '{each.namespace}' {reason}."
                self.findings.append(Finding("dmn-import", message, line=each.line or None))
                continue
            imported[each.name] = self._instance(found, (*path, each.name) if each.name else path)
        return imported


def _index(models: Sequence[CompiledModel], kind: type) -> dict[str, Any]:
    """Nodes by id and by name; ids win, and earlier models."""
    nodes = [node for model in models for node in model.by_id.values() if isinstance(node, kind)]
    found: dict[str, Any] = {}
    for key in (lambda node: node.element.id, lambda node: node.element.name):
        for node in nodes:
            found.setdefault(key(node), node)
    return found


def _result(variables: Mapping[str, Any], now: datetime | None, budget: Budget | None, evaluate: Any) -> DecisionResult:
    run = DmnRun(now, budget, [])
    evaluation = Evaluation(run, variables)
    try:
        value = evaluate(evaluation)
    except RecursionError as error:
        raise EvaluationError("The decision or its values are nested too deeply; simplify them.", "depth") from error
    taken = {node.element.name: each for node, each in evaluation.values.items() if isinstance(node, DecisionNode)}
    return DecisionResult(value, tuple(run.audit), tuple(run.warnings), taken)


def _top_most(nodes: list[DecisionNode]) -> DecisionNode | None:
    """The last decision that no other one requires."""
    required = {required for node in nodes for _, required in node.requirements}
    tops = [node for node in nodes if node not in required]
    return (tops or nodes or [None])[-1]


def _given(name: str, variables: Mapping[str, Any]) -> Any:
    return normalise(variables.get(name))


def _argument(node: Node, evaluation: Evaluation) -> Any:
    return normalise(node.model.variable_for(node, evaluation.variables))
