"""Who catches an error or an escalation: the nearest enclosing catch, the exact code before the catch-all."""

from typing import Any

from engine.runtime.tokens import Token


class Catching:
    """Searches outward from the thrower: its own boundary events, its scope's event sub-processes, the next scope."""

    def __init__(self, instance):
        self.instance = instance

    def error(self, thrower: Token, code: str | None, message: str, variables: dict[str, Any]) -> bool:
        """Hand an error to its catch. False: nothing catches it."""
        found = self._find(thrower, "error", code)
        if found is None:
            return False
        scope, node, definition = found
        self.instance.trigger(scope, node, self._payload(definition, code, message, variables))
        return True

    def escalation(self, thrower: Token, code: str | None) -> bool:
        found = self._find(thrower, "escalation", code)
        if found is None:
            return False
        scope, node, definition = found
        self.instance.trigger(scope, node, self._payload(definition, code, "", {}))
        return True

    def _payload(self, definition, code, message, variables) -> dict[str, Any]:
        payload = dict(variables)
        if definition.code_variable:
            payload[definition.code_variable] = code
        if definition.message_variable:
            payload[definition.message_variable] = message
        return payload

    def _find(self, thrower: Token, kind: str, code: str | None):
        token: Token | None = thrower
        while token is not None and token.scope is not None:
            if not token.iteration and token.compensates != token.id:  # boundary events belong to the loop's body
                found = self._match(token, token.task_spec.boundaries, kind, code)
                if found:
                    return found
            scope = token.scope
            if scope.inner is not None and not scope.interrupted:
                others = [start for start in scope.inner.event_starts if start.scope.owner is not token.task_spec]
                found = self._match(scope, others, kind, code)
                if found:
                    return found
            token = scope
        return None

    def _match(self, owner: Token, nodes, kind: str, code: str | None):
        catch_all = None
        for node in nodes:
            for definition in node.element.definitions:
                if definition.kind != kind:
                    continue
                if definition.code is not None and definition.code == code:
                    return owner, node, definition
                if definition.code is None and catch_all is None:
                    catch_all = (owner, node, definition)
        return catch_all
