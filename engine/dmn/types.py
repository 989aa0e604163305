"""Item definitions → FEEL types with their allowed values; typeRefs → types."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.dmn.elements import Definitions, ItemDefinition, TypeRef
from engine.errors import Finding, InvalidInput
from engine.feel import FeelSyntaxError, UnaryTests, compile_unary_tests
from engine.feel.types import ANY, Type, parse_type

BUILT_IN: dict[str, Type] = {
    **{
        name: Type(name)
        for name in (
            "string",
            "number",
            "boolean",
            "date",
            "time",
            "date and time",
            "days and time duration",
            "years and months duration",
            "duration",
            "context",
            "list",
            "function",
        )
    },
    "Any": ANY,
    "any": ANY,
    "Null": Type("Null"),
    "dateTime": Type("date and time"),
    "dayTimeDuration": Type("days and time duration"),
    "yearMonthDuration": Type("years and months duration"),
    # what modelling tools write without saying it in an item definition
    "integer": Type("number"),
    "long": Type("number"),
    "double": Type("number"),
    "Undefined": ANY,
    "undefined": ANY,
}


class TypeTable:
    """The types that a model knows: FEEL's, its own, and those of imported models under their prefix.

    `names` is what FEEL's `instance of` sees. Unknown types are noted in `findings` and not checked.
    """

    def __init__(self, definitions: Definitions, imported: Mapping[str, "TypeTable"], findings: list[Finding]):
        self.definitions = definitions
        self.findings = findings
        self.names: dict[str, Type] = {}
        self.by_namespace = {
            each.namespace: imported[each.name] for each in definitions.imports if each.name in imported
        }
        for prefix, table in imported.items():
            self.names |= {f"{prefix}.{name}" if prefix else name: found for name, found in table.names.items()}
        self.items = {item.name: item for item in definitions.item_definitions}
        self.open: dict[str, Type] = {}
        for name in self.items:
            self._named(name)

    def resolve(self, reference: TypeRef | None, line: int = 0) -> Type | None:
        """The type of a typeRef; None for none, and for one that is not known."""
        if reference is None:
            return None
        table = self.by_namespace.get(reference.namespace or "")
        found = table.names.get(reference.name) if table is not None else self._find(reference.name)
        if found is None:
            self._note(f"there is no type '{reference.name}': define it as an item definition, or correct it.", line)
        return found

    def allowed_text(self, reference: TypeRef | None, component: str | None = None) -> str | None:
        """The allowed values of a type (or its component), of a collection's items, or of the type it names."""
        seen: set[str] = set()
        while reference is not None and reference.name in self.items and reference.name not in seen:
            seen.add(reference.name)
            item = self.items[reference.name]
            if component is not None and item.components:
                item = next((each for each in item.components if each.name == component), item)
                component = None
            if component is None and (item.allowed_values or (item.type_constraint and not item.is_collection)):
                return item.allowed_values or item.type_constraint
            reference = item.type_ref
        return None

    def component_names(self) -> frozenset[str]:
        """Names of all components of all types here, which FEEL texts may use in paths."""
        names: set[str] = set()

        def collect(item: ItemDefinition) -> None:
            for component in item.components:
                names.add(component.name)
                collect(component)

        for item in self.items.values():
            collect(item)
        for table in self.by_namespace.values():
            names |= table.component_names()
        return frozenset(names)

    def _find(self, name: str) -> Type | None:
        if name in self.items:
            return self._named(name)
        found = self.names.get(name) or BUILT_IN.get(name)
        if found is None and ":" in name:  # a prefix that the file does not declare
            return self._find(name.partition(":")[2])
        if found is None and "<" in name:
            try:
                found = parse_type(name, self.names)
            except InvalidInput:
                return None
        return found

    def _named(self, name: str) -> Type:
        if name in self.names:
            return self.names[name]
        if name in self.open:
            return self.open[name]
        item = self.items[name]
        if item.components and not item.is_collection:
            made = self.open[name] = Type("context", entries={}, allowed=self._allowed(item.allowed_values, item))
            self._fill(made, item)
            made = self._restricted(made, self._between_siblings(item))
            made = self._restricted(made, self._allowed(item.type_constraint, item))
        else:
            self.open[name] = ANY  # a type that needs itself to be built, other than in a component, says nothing
            made = self._made(item)
        del self.open[name]
        self.names[name] = made
        return made

    def _fill(self, made: Type, item: ItemDefinition) -> None:
        entries: Any = made.entries
        for component in item.components:
            entries[component.name] = self._made(component)

    def _between_siblings(self, item: ItemDefinition) -> Callable[[Any], bool] | None:
        """Allowed values of components that speak of their siblings, as a condition on the whole (7.3.3)."""
        names = [component.name for component in item.components]
        tests = [
            (component.name, test)
            for component in item.components
            for text in (component.allowed_values, component.type_constraint)
            if (test := self._tests(text, component, names)) is not None and test.names & set(names)
        ]
        if not tests:
            return None
        return lambda value: all(
            value.get(name) is None or test.matches(value[name], value) is True for name, test in tests
        )

    def _made(self, item: ItemDefinition) -> Type:
        if item.is_function:
            parameters = tuple(self.resolve(parameter.type_ref, item.line) or ANY for parameter in item.parameters)
            result = self.resolve(item.type_ref, item.line) or ANY
            base = Type("function", parameters=parameters, result=result)
        elif item.components:
            base = Type("context", entries={})
            self._fill(base, item)
            base = self._restricted(base, self._between_siblings(item))
        else:
            base = self.resolve(item.type_ref, item.line) or ANY
        allowed = self._allowed(item.allowed_values, item)
        if allowed is not None and base.kind == "list":
            allowed = _for_list(allowed)
        base = self._restricted(base, allowed)
        if item.is_collection:
            base = Type("list", item=base)
        return self._restricted(base, self._allowed(item.type_constraint, item))

    def _restricted(self, base: Type, allowed: Callable[[Any], bool] | None) -> Type:
        if allowed is None:
            return base
        outer = base.allowed
        if outer is None:
            return replace(base, allowed=allowed)
        return replace(base, allowed=lambda value: outer(value) and allowed(value))

    def _allowed(self, text: str | None, item: ItemDefinition) -> Callable[[Any], bool] | None:
        tests = self._tests(text, item)
        if tests is None or tests.names - {"?"}:
            return None  # a test that speaks of siblings: see `_between_siblings`
        return lambda value: tests.matches(value, {}) is True

    def _tests(self, text: str | None, item: ItemDefinition, names: Sequence[str] = ()) -> UnaryTests | None:
        if text is None or not text.strip():
            return None
        try:
            return compile_unary_tests(text, names)
        except FeelSyntaxError as error:
            self._note(f"the allowed values of type '{item.name}' are not FEEL: {error}", item.line)
            return None

    def _note(self, message: str, line: int) -> None:
        finding = Finding("dmn-type", message, line=line or None)
        if finding not in self.findings:
            self.findings.append(finding)


def _for_list(allowed: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Restrictions of a list speak of the list, or of each of its items."""
    return lambda value: allowed(value) or (type(value) is list and bool(value) and all(map(allowed, value)))
