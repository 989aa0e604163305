"""Deploy models, decisions and forms together: the gate checks them, only what changed becomes a new version."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine import bpmn
from engine.bpmn.elements import CallActivity, CatchOrThrow, Model, Process, Task
from engine.commands.user_tasks import audit
from engine.errors import Finding, InvalidInput, InvalidModel
from engine.forms import read_form
from engine.queries.compiled import Compiled, cache, compile_bundle, resources
from engine.runtime import StartEvent
from engine.runtime.timers import start_due
from engine.store.actor import Actor
from engine.store.tables import Deployment, ProcessDefinition, Resource, StartSubscription
from engine.store.types import new_id
from engine.store.unit_of_work import Work


@dataclass(frozen=True)
class DeployedProcess:
    """`is_new` is false when exactly this is deployed already: then the id is the existing version's."""

    definition_id: str
    process_id: str
    version: int
    is_new: bool


@dataclass(frozen=True)
class Deployed:
    deployment_id: str | None  # none when nothing changed
    definitions: tuple[DeployedProcess, ...]
    findings: tuple[Finding, ...]  # warnings


@dataclass
class _Bundle:
    """Files by digest, in the order given."""

    models: dict[str, bytes] = field(default_factory=dict)
    decisions: dict[str, bytes] = field(default_factory=dict)
    forms: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # key → digest, content
    pins: dict[str, str] = field(default_factory=dict)  # called process id → definition id

    @property
    def executed(self) -> str:
        return _digest([*(f"model:{d}" for d in self.models), *(f"decision:{d}" for d in self.decisions)])

    @property
    def digest(self) -> str:
        return _digest([self.executed, *(f"form:{key}:{d}" for key, (d, _) in sorted(self.forms.items()))])

    def described(self) -> dict[str, Any]:
        return {
            "models": list(self.models),
            "decisions": list(self.decisions),
            "forms": {key: digest for key, (digest, _) in self.forms.items()},
            "pins": self.pins,
        }


def deploy(
    work: Work,
    *,
    enterprise_id: str,
    name: str,
    models: Sequence[bytes],
    decisions: Sequence[bytes] = (),
    forms: Mapping[str, bytes] | None = None,
    actor: Actor,
    now: datetime,
) -> Deployed:
    """Make the processes of these files startable. `forms` are JSON by form key.

    Processes that call activities name and that are not among the files are pinned to the version deployed now.
    Raises InvalidModel, with findings, for what the engine is not proven to run correctly.
    """
    if not models:
        raise InvalidInput("At least one BPMN model was expected, found none.")
    actor.must_see(enterprise_id, f"The enterprise '{enterprise_id}'")
    read = [bpmn.read_model(source) for source in models]
    own = [process for model in read for process in model.processes]
    if not own:
        raise InvalidModel("The models hold no process: draw one, or deploy another file.")
    bundle = _Bundle(
        models={_sha256(source): source for source in models},
        decisions={_sha256(source): source for source in decisions},
        forms={key: (_sha256(source), source) for key, source in (forms or {}).items()},
    )
    _check_forms(bundle)
    findings = _pin_called_processes(work, enterprise_id, read, bundle) + _missing_forms(read, bundle)
    compiled = compile_bundle(list(bundle.models.values()), list(bundle.decisions.values()))
    _check_starts(own, compiled)
    cache.keep(bundle.executed, compiled)
    warnings = (*compiled.definition.warnings, *findings)
    return _keep(work, enterprise_id, name, own, bundle, compiled, warnings, actor, now)


# Checking ----------------------------------------------------------------------------------------------------


def _check_forms(bundle: _Bundle) -> None:
    """Read every form; InvalidModel says which cannot be used."""
    for key, (_, source) in bundle.forms.items():
        try:
            read_form(source)
        except InvalidModel as error:
            raise InvalidModel(f"The form '{key}' cannot be used: {error}", error.findings) from error


def _check_starts(processes: Sequence[Process], compiled: Compiled) -> None:
    """Refuse a conditional start of a process: before an instance exists, nobody evaluates its condition."""
    findings = [
        Finding(
            "conditional-start",
            "Before the process runs, nothing evaluates its conditional start event, so it would never start:"
            " start it by a message, a signal or a timer, and test the condition behind it.",
            start.element_id,
            process.elements[start.element_id].name,
        )
        for process in processes
        for start in compiled.definition.start_events(process.id)
        if start.kind == "conditional"
    ]
    if findings:
        raise InvalidModel(f"The model cannot be deployed: {findings[0]}", findings)


def _missing_forms(models: Sequence[Model], bundle: _Bundle) -> list[Finding]:
    """Warn of form keys that name no form, where forms are deployed at all."""
    if not bundle.forms:
        return []
    return [
        Finding(
            "missing-form",
            f"The form '{key}' is not among the deployed forms: add forms/{key}.json or correct the form key.",
            element_id,
            element_name,
            severity="warning",
        )
        for element_id, element_name, key in _form_keys(models)
        if key not in bundle.forms
    ]


def _form_keys(models: Sequence[Model]) -> Iterable[tuple[str, str, str]]:
    for process in (process for model in models for process in model.processes):
        for element in process.walk():
            if isinstance(element, CatchOrThrow) and element.form_key:
                yield element.id, element.name, element.form_key
            wanted = element.assignment.form_key if isinstance(element, Task) and element.assignment else None
            if wanted is not None and wanted.text:
                yield element.id, element.name, wanted.text


def _pin_called_processes(work: Work, enterprise_id: str, models: Sequence[Model], bundle: _Bundle) -> list[Finding]:
    """Add the files of called processes that are deployed already: later versions do not change this deployment.

    Our own form counts where a called process has another one under the same key; a warning says so.
    """
    here = {process.id for model in models for process in model.processes}
    called = {
        element.called_element.text: element
        for model in models
        for process in model.processes
        for element in process.walk()
        if isinstance(element, CallActivity) and element.called_element and element.called_element.text
    }
    missing = {process_id for process_id in called if process_id not in here and called[process_id].binding == "latest"}
    if not missing:
        return []
    rows = work.execute(
        select(ProcessDefinition.id, ProcessDefinition.process_id, ProcessDefinition.bundle).where(
            ProcessDefinition.enterprise_id == enterprise_id,
            ProcessDefinition.process_id.in_(missing),
            ProcessDefinition.is_latest,
        )
    ).all()
    findings: list[Finding] = []
    for row in rows:
        bundle.pins[row.process_id] = row.id
        findings += _add_files(work, bundle, row.process_id, row.bundle, here)
    return findings


def _add_files(
    work: Work, bundle: _Bundle, process_id: str, pinned: Mapping[str, Any], here: set[str]
) -> list[Finding]:
    content = resources(work, [*pinned["models"], *pinned["decisions"], *pinned["forms"].values()])
    for digest in pinned["models"]:
        ids = {process.id for process in bpmn.read_model(content[digest]).processes}
        if digest in bundle.models or (ids and ids <= here):  # our own version of these processes counts
            continue
        here |= ids
        bundle.models[digest] = content[digest]
    for digest in pinned["decisions"]:
        bundle.decisions.setdefault(digest, content[digest])
    findings = []
    for key, digest in pinned["forms"].items():
        if bundle.forms.setdefault(key, (digest, content[digest]))[0] != digest:
            text = f"The called process '{process_id}' has another form '{key}': rename one, or the caller's is shown."
            findings.append(Finding("same-form-key", text, severity="warning"))
    return findings


# Keeping ----------------------------------------------------------------------------------------------------


def _keep(
    work: Work,
    enterprise_id: str,
    name: str,
    processes: Sequence[Process],
    bundle: _Bundle,
    compiled: Compiled,
    findings: Sequence[Finding],
    actor: Actor,
    now: datetime,
) -> Deployed:
    latest = _latest_versions(work, enterprise_id, [process.id for process in processes])
    changed = [
        process for process in processes if process.id not in latest or latest[process.id].digest != bundle.digest
    ]
    deployment_id = None
    if changed:
        _keep_files(work, bundle)
        deployment_id = _keep_deployment(work, enterprise_id, name, bundle, findings, actor, now)
    called = _called_ids(compiled)
    definitions = []
    for process in processes:
        former = latest.get(process.id)
        if process not in changed:
            definitions.append(DeployedProcess(former.id, process.id, former.version, is_new=False))
            continue
        version = former.version + 1 if former else 1
        definition_id = _keep_definition(
            work, enterprise_id, deployment_id, process, version, bundle, compiled, process.id in called, now
        )
        register_starts(work, enterprise_id, definition_id, process.id, compiled, now, is_first=former is None)
        definitions.append(DeployedProcess(definition_id, process.id, version, is_new=True))
    if changed:
        audit(
            work,
            actor,
            "deploy",
            now,
            enterprise_id=enterprise_id,
            detail={"name": name, "processes": {each.process_id: each.version for each in definitions}},
        )
    return Deployed(deployment_id, tuple(definitions), tuple(findings))


def _latest_versions(work: Work, enterprise_id: str, process_ids: Sequence[str]) -> dict[str, Any]:
    rows = work.execute(
        select(ProcessDefinition.id, ProcessDefinition.process_id, ProcessDefinition.version, ProcessDefinition.digest)
        .where(
            ProcessDefinition.enterprise_id == enterprise_id,
            ProcessDefinition.process_id.in_(process_ids),
            ProcessDefinition.is_latest,
        )
        .with_for_update()
    ).all()
    return {row.process_id: row for row in rows}


def _keep_files(work: Work, bundle: _Bundle) -> None:
    rows = [{"digest": digest, "kind": "model", "content": source} for digest, source in bundle.models.items()]
    rows += [{"digest": digest, "kind": "decision", "content": source} for digest, source in bundle.decisions.items()]
    rows += [{"digest": digest, "kind": "form", "content": source} for digest, source in bundle.forms.values()]
    dialect = postgresql if work.on_postgresql else sqlite
    work.execute(dialect.insert(Resource).on_conflict_do_nothing(), rows)


def _keep_deployment(
    work: Work,
    enterprise_id: str,
    name: str,
    bundle: _Bundle,
    findings: Sequence[Finding],
    actor: Actor,
    now: datetime,
) -> str:
    deployment_id = new_id()
    work.execute(
        insert(Deployment),
        {
            "id": deployment_id,
            "enterprise_id": enterprise_id,
            "name": name,
            "digest": bundle.digest,
            "deployed_at": now,
            "deployed_by": actor.id,
            "findings": [
                {"rule": each.rule, "message": each.message, "element_id": each.element_id} for each in findings
            ],
        },
    )
    return deployment_id


def _keep_definition(
    work: Work,
    enterprise_id: str,
    deployment_id: str | None,
    process: Process,
    version: int,
    bundle: _Bundle,
    compiled: Compiled,
    is_called: bool,
    now: datetime,
) -> str:
    starts = compiled.definition.start_events(process.id)
    starters = _names(process)
    definition_id = new_id()
    work.execute(
        update(ProcessDefinition)
        .where(
            ProcessDefinition.enterprise_id == enterprise_id,
            ProcessDefinition.process_id == process.id,
            ProcessDefinition.is_latest,
        )
        .values(is_latest=False)
    )
    work.execute(
        insert(ProcessDefinition),
        {
            "id": definition_id,
            "enterprise_id": enterprise_id,
            "process_id": process.id,
            "version": version,
            "name": process.name or process.id,
            "name_zh": process.properties.get("name:zh"),
            "description": process.documentation,
            "deployment_id": deployment_id,
            "digest": bundle.digest,
            "bundle_digest": bundle.executed,
            "bundle": bundle.described(),
            "candidate_starters": starters,
            "start_form_key": next((start.form_key for start in starts if start.kind == "none"), None),
            "startable": any(start.kind == "none" for start in starts) and (bool(starters) or not is_called),
            "is_latest": True,
            "is_suspended": False,
            "deployed_at": now,
        },
    )
    return definition_id


def _names(process: Process) -> list[str]:
    wanted = process.candidate_starters
    return [name.strip() for name in (wanted.text or "").split(",") if name.strip()] if wanted else []


def _called_ids(compiled: Compiled) -> set[str]:
    return {
        element.called_element.text
        for element in compiled.elements.values()
        if isinstance(element, CallActivity) and element.called_element and element.called_element.text
    }


# Start events ----------------------------------------------------------------------------------------------------


def register_starts(
    work: Work,
    enterprise_id: str,
    definition_id: str,
    process_id: str,
    compiled: Compiled,
    now: datetime,
    *,
    is_first: bool,
) -> None:
    """Let messages, signals and timers start the new version, and only the new one."""
    work.execute(
        delete(StartSubscription).where(
            StartSubscription.enterprise_id == enterprise_id, StartSubscription.process_id == process_id
        )
    )
    rows = []
    for start in compiled.definition.start_events(process_id):
        due_at = _first_due(start, now, is_first)
        if start.kind in ("message", "signal") or due_at is not None:
            rows.append(
                {
                    "id": new_id(),
                    "enterprise_id": enterprise_id,
                    "definition_id": definition_id,
                    "process_id": process_id,
                    "element_id": start.element_id,
                    "kind": start.kind,
                    "name": start.name or None,
                    "armed_at": now if due_at else None,
                    "repetition": 0,
                    "due_at": due_at,
                    "attempts": 0,
                    "try_at": due_at,
                    "last_error": None,
                }
            )
    if rows:
        work.execute(insert(StartSubscription), rows)


def _first_due(start: StartEvent, now: datetime, is_first: bool) -> datetime | None:
    """When a timer start event is due first; a date that has passed starts only the first version."""
    if start.kind != "timer" or start.timer is None:
        return None
    due_at = start_due(start.timer, now, 0)
    return None if due_at is not None and due_at < now and not is_first else due_at


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest(parts: Sequence[str]) -> str:
    return _sha256("\n".join(parts).encode())
