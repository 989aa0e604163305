"""The gate: what is wrong or doubtful in a model. Errors are refused at deployment, warnings are told.

Each rule is a module of `engine.bpmn.rules`; see its README part in engine/README.md for how to add one.
"""

from collections.abc import Collection, Sequence

from engine.bpmn.context import Context
from engine.bpmn.elements import Model
from engine.bpmn.rules import RULES
from engine.errors import Finding

SEVERITIES = {"error": 0, "warning": 1}


def lint(
    model: Model,
    *,
    decisions: Collection[str] | None = None,
    forms: Collection[str] | None = None,
    called: Collection[str] | None = None,
    topics: Collection[str] | None = None,
    rules: Sequence[str] | None = None,
) -> list[Finding]:
    """The findings of all rules (or of those named), errors first, then in the order of the file.

    `decisions`, `forms`, `called` (process ids) and `topics` are what is deployed with the model; None means that
    nobody knows, so that references to them are not checked.
    """
    context = Context(model, decisions=decisions, forms=forms, called=called, topics=topics)
    findings = [
        finding for name, rule in RULES.items() if rules is None or name in rules for finding in rule.check(context)
    ]
    return sorted(findings, key=lambda finding: (SEVERITIES[finding.severity], finding.line or 0))
