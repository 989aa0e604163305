"""How each family of BPMN elements behaves: SpiffWorkflow task specifications, one class per family.

Life of a visit (`Token.phase`): ENTER reports it, maps inputs and arms boundary events; BEHAVE does what the element
is for, at once or by waiting; COMPLETE merges results, maps outputs and chooses the outgoing flows. SpiffWorkflow's
`run` → `complete` → `_on_complete` carries a token through; a failure in any phase becomes an incident and the same
phase runs again when it is resolved.
"""

from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.specs.base import TaskSpec

from engine.bpmn import elements as bpmn
from engine.events import ElementActivated, ElementCompleted
from engine.runtime import variables as scopes
from engine.runtime.expressions import Compiler, ElementFailure, Evaluator
from engine.runtime.tokens import BEHAVE, COMPLETE, ENTER, TRIGGERED, Token


@dataclass(slots=True)
class Flow:
    """A sequence flow, linked to the node it leads to."""

    id: str
    source_id: str
    target: "NodeSpec"
    condition: Evaluator | None


class NodeSpec(TaskSpec):
    """What every flow node does; on its own: a task, manual task or none event, which passes at once."""

    waits_for_all = False  # joins: arriving tokens are counted per flow before the node is visited

    def __init__(self, scope, element: bpmn.Element, compiler: Compiler):
        super().__init__(scope, element.id)
        self.element = element
        self.scope = scope
        self.flows: tuple[Flow, ...] = ()
        self.default: Flow | None = None
        self.boundaries: tuple[NodeSpec, ...] = ()
        self.compensation: NodeSpec | None = None  # the handler of this activity's compensation boundary event
        self.role: str | None = None
        self.inputs_map = compiler.mappings(element, element.inputs)
        self.outputs_map = compiler.mappings(element, element.outputs)
        self.compile(compiler)

    def compile(self, compiler: Compiler) -> None:
        """Compile what this kind of element needs."""

    def link(self, definition) -> None:
        """Called once after every node of every process exists."""

    @property
    def label(self) -> str:
        return self.element.label

    def inner_of(self, token: Token):
        """The content of a scope; only scopes have one."""

    # ------------------------------------------------------------------ the life of a visit

    def _run_hook(self, token: Token) -> bool | None:
        try:
            if token.phase in (ENTER, TRIGGERED) and not self.enter(token):
                return None
            if token.phase == BEHAVE and not self.behave(token):
                return None
            token.phase = COMPLETE
            self.finish(token)
        except ElementFailure as failure:
            token.workflow.raise_incident(token, failure)
            return None
        return True

    def enter(self, token: Token) -> bool:
        """Report the visit and prepare it. False: something else (a loop body) takes over."""
        instance = token.workflow
        if not token.entered:
            token.entered = True
            instance.report(
                ElementActivated(
                    instance.now, token.id, self.element.id, self.element.type, token.scope.id, self.scope.process_id
                )
            )
        triggered = token.phase == TRIGGERED
        self.map_inputs(token)
        if not token.iteration and self.boundaries:
            instance.arm_boundaries(token)
        token.phase = COMPLETE if triggered else BEHAVE
        return True

    def map_inputs(self, token: Token) -> None:
        if self.inputs_map:
            local = dict(token.local or {})
            token.local = scopes.map_into(self.inputs_map, token.visible(), local, token.workflow.now)

    def behave(self, token: Token) -> bool:
        """Do what the element is for. True: done; None or False: it waits."""
        return True

    def finish(self, token: Token) -> None:
        """Merge what came in, map outputs, choose where to go; may fail and be run again."""
        if token.payload is not None:
            self.merge(token, token.payload)
            token.payload = None
        if self.outputs_map:
            mapped = scopes.map_into(self.outputs_map, token.visible(), {}, token.workflow.now)
            token.workflow.set_variables(token.scope, mapped, self.element.id)
        if not token.iteration:
            token.taking = self.choose(token)

    def merge(self, token: Token, values: dict[str, Any]) -> None:
        """Take over results: with output mappings they stay local and only the mapped ones leave."""
        if self.outputs_map and self.element.outputs_only:
            token.local = {**(token.local or {}), **values}
        elif self.outputs_map:
            token.workflow.set_variables(token, values, self.element.id)
        else:
            token.workflow.set_variables(token if token.iteration else token.scope, values, self.element.id)

    def choose(self, token: Token) -> tuple[Flow, ...]:
        """The outgoing flows to take: BPMN's conditional flows of an activity, or all of them."""
        if not any(flow.condition for flow in self.flows) and self.default is None:
            return self.flows
        return self.choose_inclusive(token)

    def choose_inclusive(self, token: Token) -> tuple[Flow, ...]:
        seen, now = token.visible(), token.workflow.now
        taken = tuple(
            flow
            for flow in self.flows
            if flow is not self.default and (flow.condition is None or flow.condition.truth(seen, now))
        )
        return taken or self.default_or_fail()

    def default_or_fail(self) -> tuple[Flow, ...]:
        if self.default is not None:
            return (self.default,)
        conditions = "; ".join(flow.condition.source for flow in self.flows if flow.condition)
        raise ElementFailure(
            "condition",
            f"No outgoing flow of {self.label} can be taken: no condition is true ({conditions}) and there is no"
            " default flow. Correct the variables and retry, or add a default flow to the model.",
        )

    def _on_complete(self, token: Token) -> None:
        instance = token.workflow
        instance.disarm(token)
        instance.report(ElementCompleted(instance.now, token.id, self.element.id))
        self.remember_for_compensation(token)
        instance.leave(token)

    def remember_for_compensation(self, token: Token) -> None:
        if self.compensation is None:
            return
        scope = token.scope.scope if token.iteration else token.scope
        if scope.done is None:
            scope.done = []
        scope.done.append({"e": self.element.id, "h": self.compensation.element.id, "v": dict(token.local or {})})

    def _on_cancel(self, token: Token) -> None:
        """Withdraw what waits outside; the instance reports the cancellation itself."""


class ActivityNode(NodeSpec):
    """An activity, which may repeat: the token is then the loop's body and each iteration a token inside."""

    def compile(self, compiler: Compiler) -> None:
        loop = self.element.loop
        self.loop = None
        if loop is not None:
            self.loop = CompiledLoop(
                loop,
                *(
                    compiler.expression(self.element, part)
                    for part in (
                        loop.cardinality,
                        loop.collection,
                        loop.output_element,
                        loop.completion_condition,
                        loop.condition,
                    )
                ),
            )

    def enter(self, token: Token) -> bool:
        if self.loop is None or token.iteration:
            return super().enter(token)
        instance = token.workflow
        if not token.entered:
            token.entered = True
            instance.report(
                ElementActivated(
                    instance.now, token.id, self.element.id, "multiInstanceBody", token.scope.id, self.scope.process_id
                )
            )
        instance.arm_boundaries(token)
        if instance.loops.start(token):
            token.phase = COMPLETE
            return True
        return False

    def finish(self, token: Token) -> None:
        if token.loop is not None:
            token.workflow.loops.collect(token)
            token.taking = self.choose(token)
            return
        super().finish(token)
        if token.iteration:
            token.ends_loop = token.workflow.loops.judge(token)

    def remember_for_compensation(self, token: Token) -> None:
        if token.loop is None:  # each iteration is compensated, not the body around them
            super().remember_for_compensation(token)


@dataclass(slots=True)
class CompiledLoop:
    definition: bpmn.Loop
    cardinality: Evaluator | None
    collection: Evaluator | None
    output_element: Evaluator | None
    completion_condition: Evaluator | None
    condition: Evaluator | None

    @property
    def own_variables(self) -> tuple[str, ...]:
        """What each iteration has for itself: its counter, its item and the result that is collected."""
        kept = self.definition.output_element
        result = kept.feel.strip() if kept is not None and kept.feel.strip().isidentifier() else None
        return tuple(filter(None, ("loopCounter", self.definition.element_variable, result)))
