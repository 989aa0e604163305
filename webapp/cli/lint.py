"""`praxis lint`: what is wrong or doubtful in a model."""

import json
import sys
from pathlib import Path

import click

from engine.bpmn import read_model
from engine.bpmn.lint import lint as lint_model
from engine.errors import Finding, InvalidModel


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def lint(models: tuple[Path, ...], as_json: bool) -> None:
    """Check BPMN models; exit code 1 when one has errors, 2 when one cannot be read."""
    results = {str(path): _findings(path) for path in models}
    findings = [finding for found in results.values() for finding in found]
    if as_json:
        click.echo(json.dumps({"files": {name: [_json(each) for each in found] for name, found in results.items()}}))
    else:
        for name, found in results.items():
            for finding in found:
                click.echo(f"{name}: {finding.severity}: {finding} [{finding.rule}]")
        click.echo(f"{len(findings)} findings in {len(models)} models.")
    if any(finding.rule == "unreadable" for finding in findings):
        sys.exit(2)
    sys.exit(1 if any(finding.severity == "error" for finding in findings) else 0)


def _findings(path: Path) -> list[Finding]:
    try:
        return lint_model(read_model(path.read_bytes()))
    except InvalidModel as error:
        return [*error.findings, Finding("unreadable", str(error))]
    except OSError as error:
        return [Finding("unreadable", f"The file cannot be read: {error.strerror}.")]


def _json(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "element": finding.element_id,
        "name": finding.element_name,
        "line": finding.line,
    }
