"""Short ways to write DMN models in tests."""

from xml.sax.saxutils import escape, quoteattr

from engine.dmn import compile_decisions, read_dmn

DMN_15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def model(*parts, namespace="urn:test", name="test", dmn=DMN_15):
    return (
        f'<definitions xmlns="{dmn}" id="model" name="{name}" namespace="{namespace}" xmlns:own="{namespace}">'
        + "".join(parts)
        + "</definitions>"
    ).encode()


def input_data(name, type_ref=None):
    return f"<inputData id={quoteattr('in_' + name)} name={quoteattr(name)}>{variable(name, type_ref)}</inputData>"


def variable(name, type_ref=None):
    typed = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    return f"<variable name={quoteattr(name)}{typed}/>"


def decision(name, logic, type_ref=None, inputs=(), decisions=(), knowledge=()):
    return (
        f"<decision id={quoteattr('d_' + name)} name={quoteattr(name)}>{variable(name, type_ref)}"
        + "".join(requirement("information", "requiredInput", "in_" + each) for each in inputs)
        + "".join(requirement("information", "requiredDecision", "d_" + each) for each in decisions)
        + "".join(requirement("knowledge", "requiredKnowledge", "k_" + each) for each in knowledge)
        + logic
        + "</decision>"
    )


def requirement(kind, tag, target):
    href = target if "#" in target else "#" + target
    href = href.replace("in_#", "#").replace("d_#", "#")
    return f"<{kind}Requirement><{tag} href={quoteattr(href)}/></{kind}Requirement>"


def literal(text, type_ref=None):
    typed = f" typeRef={quoteattr(type_ref)}" if type_ref else ""
    return f"<literalExpression{typed}><text>{escape(text)}</text></literalExpression>"


def knowledge_model(name, parameters, logic, type_ref=None, knowledge=()):
    return (
        f"<businessKnowledgeModel id={quoteattr('k_' + name)} name={quoteattr(name)}>{variable(name, type_ref)}"
        f"<encapsulatedLogic>{formal(parameters)}{logic}</encapsulatedLogic>"
        + "".join(requirement("knowledge", "requiredKnowledge", "k_" + each) for each in knowledge)
        + "</businessKnowledgeModel>"
    )


def formal(parameters):
    pairs = [each if isinstance(each, tuple) else (each, None) for each in parameters]
    return "".join(
        f"<formalParameter name={quoteattr(name)}" + (f" typeRef={quoteattr(kind)}" if kind else "") + "/>"
        for name, kind in pairs
    )


def item(name, type_ref=None, components=(), collection=False, allowed=None, constraint=None, tag="itemDefinition"):
    many = ' isCollection="true"' if collection else ""
    return (
        f"<{tag} name={quoteattr(name)}{many}>"
        + (f"<typeRef>{escape(type_ref)}</typeRef>" if type_ref else "")
        + (f"<allowedValues><text>{escape(allowed)}</text></allowedValues>" if allowed else "")
        + (f"<typeConstraint><text>{escape(constraint)}</text></typeConstraint>" if constraint else "")
        + "".join(components)
        + f"</{tag}>"
    )


def component(name, type_ref=None, **more):
    return item(name, type_ref, tag="itemComponent", **more)


def table(inputs, outputs, rules, policy="UNIQUE", aggregation=None, **attributes):
    """`inputs`: texts or (text, input values); `outputs`: "" | name | (name, output values, default)."""
    more = f' aggregation="{aggregation}"' if aggregation else ""
    return (
        f'<decisionTable hitPolicy="{policy}"{more}>'
        + "".join(input_clause(*(each if isinstance(each, tuple) else (each,))) for each in inputs)
        + "".join(output_clause(*(each if isinstance(each, tuple) else (each,))) for each in outputs)
        + "".join(rule(row, len(inputs)) for row in rules)
        + "</decisionTable>"
    )


def input_clause(text, values=None):
    allowed = f"<inputValues><text>{escape(values)}</text></inputValues>" if values else ""
    expression = f"<inputExpression><text>{escape(text)}</text></inputExpression>"
    return f"<input label={quoteattr(text)}>{expression}{allowed}</input>"


def output_clause(name, values=None, default=None):
    named = f" name={quoteattr(name)}" if name else ""
    return (
        f"<output{named}>"
        + (f"<outputValues><text>{escape(values)}</text></outputValues>" if values else "")
        + (f"<defaultOutputEntry><text>{escape(default)}</text></defaultOutputEntry>" if default else "")
        + "</output>"
    )


def rule(cells, inputs):
    return (
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(text)}</text></inputEntry>" for text in cells[:inputs])
        + "".join(f"<outputEntry><text>{escape(text)}</text></outputEntry>" for text in cells[inputs:])
        + "</rule>"
    )


def entry(name, logic, type_ref=None):
    return f"<contextEntry>{variable(name, type_ref) if name else ''}{logic}</contextEntry>"


def context(*entries):
    return f"<context>{''.join(entries)}</context>"


def compiled(*parts, strict=True, imports=()):
    return compile_decisions([read_dmn(model(*parts)), *map(read_dmn, imports)], strict=strict)


def value_of(logic, variables=None, *parts, **more):
    """The value of one decision named `x` with this logic."""
    return result_of(logic, variables, *parts, **more).value


def result_of(logic, variables=None, *parts, strict=True, **more):
    return compiled(decision("x", logic, **more), *parts, strict=strict).evaluate("x", variables or {})
