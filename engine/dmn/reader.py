"""DMN XML (1.1 to 1.5) → Definitions. Reads past what is doubtful and notes it; refuses what is no DMN."""

import hashlib
from collections.abc import Callable, Iterator

from lxml import etree

from engine.dmn.elements import (
    Binding,
    BoxedExpression,
    BusinessKnowledgeModel,
    Conditional,
    Context,
    ContextEntry,
    Decision,
    DecisionService,
    DecisionTable,
    Definitions,
    DrgElement,
    Filter,
    For,
    FunctionDefinition,
    Import,
    InputClause,
    InputData,
    Invocation,
    ItemDefinition,
    ListExpression,
    LiteralExpression,
    OutputClause,
    Parameter,
    Quantified,
    Reference,
    Relation,
    Rule,
    TypeRef,
    Unsupported,
)
from engine.dmn.xml import VERSIONS, parse_xml, refused
from engine.errors import Finding

Xml = etree._Element
HIT_POLICIES = {"UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"}
AGGREGATIONS = {"SUM", "MIN", "MAX", "COUNT"}


def read_dmn(source: bytes) -> Definitions:
    """What the DMN file says.

    Raises `InvalidModel` when it is no XML that is safe to read, or no DMN 1.1 to 1.5. What is wrong inside is in
    `Definitions.findings`.
    """
    root = parse_xml(source)
    name = etree.QName(root)
    version = VERSIONS.get(name.namespace or "")
    if name.localname != "definitions" or version is None:
        raise refused(
            f"has the root <{name.localname}> in the namespace '{name.namespace}', expected DMN <definitions>"
        )
    digest = hashlib.sha256(source if isinstance(source, bytes) else source.encode()).hexdigest()
    return _Reader(root, name.namespace, version).definitions(digest)


def squeezed(text: str | None) -> str:
    """A name with its white space collapsed."""
    return " ".join((text or "").split())


class _Reader:
    """Reads one file; collects findings."""

    def __init__(self, root: Xml, dmn: str, version: str):
        self.root = root
        self.dmn = dmn
        self.version = version
        self.findings: list[Finding] = []

    # -- helpers ------------------------------------------------------------------------------------------------------

    def children(self, parent: Xml | None, *names: str) -> Iterator[Xml]:
        """The DMN child elements with one of these local names (any, when none is given)."""
        for child in parent if parent is not None else ():
            if isinstance(child.tag, str) and child.tag.startswith("{" + self.dmn + "}"):
                local = child.tag[len(self.dmn) + 2 :]
                if not names or local in names:
                    yield child

    def child(self, parent: Xml | None, name: str) -> Xml | None:
        return next(self.children(parent, name), None)

    def text(self, parent: Xml | None, name: str = "text") -> str | None:
        """The text of the child element, or None where there is no such child."""
        found = self.child(parent, name)
        return None if found is None else "".join(found.itertext())

    def local(self, element: Xml) -> str:
        return element.tag[len(self.dmn) + 2 :]

    def note(self, rule: str, message: str, element: Xml, name: str | None = None) -> None:
        self.findings.append(Finding(rule, message, element.get("id"), name or element.get("name"), element.sourceline))

    def type_ref(self, element: Xml | None) -> TypeRef | None:
        """The attribute typeRef (in DMN 1.1 item definitions: the child element)."""
        if element is None:
            return None
        text = squeezed(element.get("typeRef"))
        return self.type_of(text, element) if text else None

    def type_of(self, text: str, element: Xml) -> TypeRef:
        prefix, colon, local = text.partition(":")
        if colon and prefix in element.nsmap:
            return TypeRef(local, element.nsmap[prefix])
        return TypeRef(text)

    def reference(self, element: Xml) -> Reference:
        namespace, _, identifier = element.get("href", "").rpartition("#")
        return Reference(identifier, namespace)

    # -- the graph ----------------------------------------------------------------------------------------------------

    def definitions(self, digest: str) -> Definitions:
        elements: dict[str, DrgElement] = {}
        for child in self.children(self.root):
            read = DRG_READERS.get(self.local(child))
            if read is None:
                continue
            element = read(self, child)
            if element.id in elements:
                self.note("dmn-duplicate-id", f"the id '{element.id}' stands twice: give each element its own.", child)
                continue
            elements[element.id] = element
        self._refuse_equal_names(elements)
        return Definitions(
            id=self.root.get("id", ""),
            name=squeezed(self.root.get("name")),
            namespace=self.root.get("namespace", ""),
            dmn_version=self.version,
            language=self.root.get("expressionLanguage"),
            imports=tuple(
                Import(
                    squeezed(each.get("name")),
                    each.get("namespace", ""),
                    each.get("importType", ""),
                    each.sourceline or 0,
                )
                for each in self.children(self.root, "import")
            ),
            item_definitions=tuple(self.item_definition(each) for each in self.children(self.root, "itemDefinition")),
            elements=elements,
            findings=tuple(self.findings),
            digest=digest,
        )

    def _refuse_equal_names(self, elements: dict[str, DrgElement]) -> None:
        seen: dict[str, DrgElement] = {}
        for element in elements.values():
            other = seen.setdefault(element.name, element)
            if other is not element:
                self.findings.append(
                    Finding(
                        "dmn-duplicate-name",
                        f"the name '{element.name}' is also used by {other.label}: names must differ.",
                        element.id,
                        element.name,
                        element.line,
                    )
                )

    def drg(self, element: Xml) -> dict:
        """What all DRG elements have."""
        identifier, name = element.get("id", ""), squeezed(element.get("name"))
        if not identifier or not name:
            self.note("dmn-name", f"the <{self.local(element)}> needs an id and a name.", element)
        variable = self.child(element, "variable")
        return {
            "id": identifier or name or f"line-{element.sourceline}",
            "name": name or identifier,
            "line": element.sourceline or 0,
            "variable": squeezed(variable.get("name")) if variable is not None and variable.get("name") else name,
            "type_ref": self.type_ref(variable),
        }

    def input_data(self, element: Xml) -> InputData:
        return InputData(**self.drg(element))

    def decision(self, element: Xml) -> Decision:
        information = []
        for requirement in self.children(element, "informationRequirement"):
            information += [
                self.reference(each) for each in self.children(requirement, "requiredDecision", "requiredInput")
            ]
        return Decision(
            **self.drg(element),
            expression=self.expression_in(element, skip=NOT_LOGIC),
            information=tuple(information),
            knowledge=self.knowledge(element),
            question=self.text(element, "question") or "",
            allowed_answers=self.text(element, "allowedAnswers") or "",
        )

    def knowledge(self, element: Xml) -> tuple[Reference, ...]:
        return tuple(
            self.reference(each)
            for requirement in self.children(element, "knowledgeRequirement")
            for each in self.children(requirement, "requiredKnowledge")
        )

    def business_knowledge_model(self, element: Xml) -> BusinessKnowledgeModel:
        logic = self.child(element, "encapsulatedLogic")
        return BusinessKnowledgeModel(
            **self.drg(element),
            logic=None if logic is None else self.function_definition(logic),
            knowledge=self.knowledge(element),
        )

    def decision_service(self, element: Xml) -> DecisionService:
        def references(name: str) -> tuple[Reference, ...]:
            return tuple(self.reference(each) for each in self.children(element, name))

        return DecisionService(
            **self.drg(element),
            outputs=references("outputDecision"),
            encapsulated=references("encapsulatedDecision"),
            input_decisions=references("inputDecision"),
            input_data=references("inputData"),
        )

    # -- types --------------------------------------------------------------------------------------------------------

    def item_definition(self, element: Xml) -> ItemDefinition:
        function = self.child(element, "functionItem")
        return ItemDefinition(
            id=element.get("id", ""),
            name=squeezed(element.get("name")),
            line=element.sourceline or 0,
            type_ref=self._item_type(element, function),
            is_collection=element.get("isCollection") in ("true", "1"),
            components=tuple(self.item_definition(each) for each in self.children(element, "itemComponent")),
            allowed_values=self.text(self.child(element, "allowedValues")),
            type_constraint=self.text(self.child(element, "typeConstraint")),
            is_function=function is not None,
            parameters=tuple(self.parameter(each) for each in self.children(function, "parameters")),
        )

    def _item_type(self, element: Xml, function: Xml | None) -> TypeRef | None:
        if function is not None:
            text = squeezed(function.get("outputTypeRef"))
            return self.type_of(text, function) if text else None
        child = self.child(element, "typeRef")
        text = squeezed(self.text(element, "typeRef"))
        return self.type_of(text, child) if text else None

    def parameter(self, element: Xml) -> Parameter:
        return Parameter(squeezed(element.get("name")), self.type_ref(element))

    # -- boxed expressions --------------------------------------------------------------------------------------------

    def expression_in(self, parent: Xml | None, skip: frozenset[str] = frozenset()) -> BoxedExpression | None:
        """The one expression among the children."""
        for child in self.children(parent):
            if self.local(child) not in skip and self.local(child) not in NOT_EXPRESSIONS:
                return self.expression(child)
        return None

    def expression(self, element: Xml) -> BoxedExpression:
        read = EXPRESSION_READERS.get(self.local(element))
        if read is None:
            self.note("dmn-expression", f"<{self.local(element)}> is no boxed expression of DMN 1.5.", element)
            return Unsupported(**self.head(element), tag=self.local(element))
        return read(self, element)

    def head(self, element: Xml) -> dict:
        return {"id": element.get("id", ""), "line": element.sourceline or 0, "type_ref": self.type_ref(element)}

    def literal(self, element: Xml) -> LiteralExpression:
        language = element.get("expressionLanguage")
        if self.child(element, "importedValues") is not None:
            language = language or "imported values"
        return LiteralExpression(**self.head(element), text=self.text(element), language=language)

    def decision_table(self, element: Xml) -> DecisionTable:
        policy = element.get("hitPolicy", "UNIQUE").replace("_", " ")
        aggregation = element.get("aggregation")
        if policy not in HIT_POLICIES:
            self.note(
                "dmn-hit-policy", f"the hit policy '{policy}' is none of {', '.join(sorted(HIT_POLICIES))}.", element
            )
        if aggregation is not None and aggregation not in AGGREGATIONS:
            self.note("dmn-hit-policy", f"the aggregation '{aggregation}' is none of SUM, MIN, MAX, COUNT.", element)
        inputs = tuple(self.input_clause(each) for each in self.children(element, "input"))
        outputs = tuple(self.output_clause(each) for each in self.children(element, "output"))
        rules = tuple(self.rule(each, len(inputs), len(outputs)) for each in self.children(element, "rule"))
        if not outputs:
            self.note("dmn-table", "the decision table has no output column.", element)
        if len(outputs) > 1 and not all(output.name for output in outputs):
            self.note("dmn-table", "each of several output columns needs a name.", element)
        return DecisionTable(
            **self.head(element),
            hit_policy=policy,
            aggregation=aggregation,
            inputs=inputs,
            outputs=outputs,
            rules=rules,
            annotations=tuple(squeezed(each.get("name")) for each in self.children(element, "annotation")),
        )

    def input_clause(self, element: Xml) -> InputClause:
        expression = self.child(element, "inputExpression")
        if expression is None:
            self.note("dmn-table", "the input column has no inputExpression.", element)
            literal = LiteralExpression(text=None, line=element.sourceline or 0)
        else:
            literal = self.literal(expression)
        return InputClause(
            element.get("id", ""),
            element.get("label", "") or squeezed(literal.text),
            literal,
            self.text(self.child(element, "inputValues")),
        )

    def output_clause(self, element: Xml) -> OutputClause:
        default = self.child(element, "defaultOutputEntry")
        return OutputClause(
            element.get("id", ""),
            squeezed(element.get("name")),
            element.get("label", ""),
            self.type_ref(element),
            self.text(self.child(element, "outputValues")),
            None if default is None else self.literal(default),
        )

    def rule(self, element: Xml, inputs: int, outputs: int) -> Rule:
        tests = tuple(self.text(each) or "" for each in self.children(element, "inputEntry"))
        results = tuple(self.literal(each) for each in self.children(element, "outputEntry"))
        if len(tests) != inputs or len(results) != outputs:
            self.note(
                "dmn-table",
                f"the rule has {len(tests)} input and {len(results)} output cells, expected {inputs} and {outputs}.",
                element,
            )
            tests = (*tests, *[""] * inputs)[:inputs]
            results = (*results, *[LiteralExpression(text=None)] * outputs)[:outputs]
        return Rule(
            element.get("id", ""),
            tests,
            results,
            element.sourceline or 0,
            self.text(element, "description") or "",
            tuple(self.text(each) or "" for each in self.children(element, "annotationEntry")),
        )

    def context(self, element: Xml) -> Context:
        return Context(
            **self.head(element), entries=tuple(self.entry(each) for each in self.children(element, "contextEntry"))
        )

    def entry(self, element: Xml) -> ContextEntry:
        variable = self.child(element, "variable")
        name = None if variable is None else squeezed(variable.get("name"))
        return ContextEntry(name, self.type_ref(variable), self.expression_in(element, skip=VARIABLE))

    def invocation(self, element: Xml) -> Invocation:
        bindings = []
        for each in self.children(element, "binding"):
            parameter = self.child(each, "parameter")
            if parameter is None:
                self.note("dmn-invocation", "the binding has no parameter.", each)
                continue
            bindings.append(Binding(self.parameter(parameter), self.expression_in(each, skip=frozenset({"parameter"}))))
        return Invocation(
            **self.head(element),
            called=self.expression_in(element, skip=frozenset({"binding"})),
            bindings=tuple(bindings),
        )

    def relation(self, element: Xml) -> Relation:
        columns = tuple(self.parameter(each) for each in self.children(element, "column"))
        rows = []
        for row in self.children(element, "row"):
            cells = tuple(
                self.expression(each) for each in self.children(row) if self.local(each) not in NOT_EXPRESSIONS
            )
            if len(cells) != len(columns):
                self.note("dmn-relation", f"the row has {len(cells)} cells, expected {len(columns)}.", row)
            rows.append(cells)
        return Relation(**self.head(element), columns=columns, rows=tuple(rows))

    def list_expression(self, element: Xml) -> ListExpression:
        items = tuple(
            self.expression(each) for each in self.children(element) if self.local(each) not in NOT_EXPRESSIONS
        )
        return ListExpression(**self.head(element), items=items)

    def function_definition(self, element: Xml) -> FunctionDefinition:
        return FunctionDefinition(
            **self.head(element),
            parameters=tuple(self.parameter(each) for each in self.children(element, "formalParameter")),
            body=self.expression_in(element, skip=frozenset({"formalParameter"})),
            kind=element.get("kind", "FEEL"),
        )

    def inner(self, element: Xml, name: str) -> BoxedExpression | None:
        return self.expression_in(self.child(element, name))

    def conditional(self, element: Xml) -> Conditional:
        return Conditional(
            **self.head(element),
            condition=self.inner(element, "if"),
            then=self.inner(element, "then"),
            otherwise=self.inner(element, "else"),
        )

    def filter(self, element: Xml) -> Filter:
        return Filter(**self.head(element), source=self.inner(element, "in"), match=self.inner(element, "match"))

    def loop(self, element: Xml) -> For:
        return For(
            **self.head(element),
            variable=squeezed(element.get("iteratorVariable")),
            source=self.inner(element, "in"),
            body=self.inner(element, "return"),
        )

    def quantified(self, element: Xml) -> Quantified:
        return Quantified(
            **self.head(element),
            quantifier=self.local(element),
            variable=squeezed(element.get("iteratorVariable")),
            source=self.inner(element, "in"),
            satisfies=self.inner(element, "satisfies"),
        )


NOT_EXPRESSIONS = frozenset({"description", "extensionElements"})
VARIABLE = frozenset({"variable"})
NOT_LOGIC = frozenset(
    {
        "variable",
        "question",
        "allowedAnswers",
        "informationRequirement",
        "knowledgeRequirement",
        "authorityRequirement",
        "supportedObjective",
        "impactedPerformanceIndicator",
        "decisionMaker",
        "decisionOwner",
        "usingProcess",
        "usingTask",
    }
)
DRG_READERS: dict[str, Callable[[_Reader, Xml], DrgElement]] = {
    "inputData": _Reader.input_data,
    "decision": _Reader.decision,
    "businessKnowledgeModel": _Reader.business_knowledge_model,
    "decisionService": _Reader.decision_service,
}
EXPRESSION_READERS: dict[str, Callable[[_Reader, Xml], BoxedExpression]] = {
    "literalExpression": _Reader.literal,
    "decisionTable": _Reader.decision_table,
    "context": _Reader.context,
    "invocation": _Reader.invocation,
    "relation": _Reader.relation,
    "list": _Reader.list_expression,
    "functionDefinition": _Reader.function_definition,
    "conditional": _Reader.conditional,
    "filter": _Reader.filter,
    "for": _Reader.loop,
    "every": _Reader.quantified,
    "some": _Reader.quantified,
}
