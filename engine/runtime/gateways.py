"""Gateways: where tokens part and meet."""

from engine.runtime.expressions import Compiler
from engine.runtime.nodes import Flow, NodeSpec
from engine.runtime.tokens import Token


class ExclusiveGateway(NodeSpec):
    """Takes the first outgoing flow, in document order, whose condition is true."""

    def choose(self, token: Token) -> tuple[Flow, ...]:
        if len(self.flows) < 2 and not any(flow.condition for flow in self.flows):
            return self.flows
        seen, now = token.visible(), token.workflow.now
        for flow in self.flows:
            if flow is not self.default and (flow.condition is None or flow.condition.truth(seen, now)):
                return (flow,)
        return self.default_or_fail()


class ParallelGateway(NodeSpec):
    """Waits for one token on each incoming flow, then takes every outgoing flow."""

    @property
    def waits_for_all(self) -> bool:
        return len(self.element.incoming) > 1

    def choose(self, token: Token) -> tuple[Flow, ...]:
        return self.flows


class InclusiveGateway(NodeSpec):
    """Takes every flow whose condition is true; as a join waits for all tokens that can still arrive."""

    def choose(self, token: Token) -> tuple[Flow, ...]:
        if len(self.flows) < 2 and not any(flow.condition for flow in self.flows):
            return self.flows
        return self.choose_inclusive(token)


class ComplexGateway(InclusiveGateway):
    """Splits as an inclusive gateway; joins when its activation condition over the arrived tokens is true.

    The condition sees `activationCount` (tokens that have arrived) and each incoming flow's id as its count; without
    one, all incoming flows are needed. After activation, the tokens still to come are absorbed (BPMN 2.0.2, 13.4.5).
    """

    def compile(self, compiler: Compiler) -> None:
        self.activation = compiler.expression(self.element, self.element.activation_condition)

    def is_activated(self, token: Token, arrived: dict[str, int]) -> bool:
        if self.activation is None:
            return all(arrived.get(flow_id) for flow_id in self.element.incoming)
        counts = {flow_id: arrived.get(flow_id, 0) for flow_id in self.element.incoming}
        seen = {**token.visible(), **counts, "activationCount": sum(counts.values())}
        return self.activation.truth(seen, token.workflow.now)


class EventBasedGateway(NodeSpec):
    """Waits for the first of the events behind it."""

    def behave(self, token: Token) -> None:
        for flow in self.flows:
            token.workflow.arm(token, flow.target)

    def choose(self, token: Token) -> tuple[Flow, ...]:
        return ()
