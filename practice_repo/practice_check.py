"""Does everything in a practice fit together? Pure: the practice's files in, findings out."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn import read_model
from engine.bpmn.elements import CallActivity, CatchOrThrow, Element, Gateway, Model, Task, Value
from engine.bpmn.lint import lint
from engine.dmn import Definitions, analyse, read_dmn
from engine.errors import Finding, InvalidModel
from engine.feel import FeelSyntaxError, compile_expression
from engine.forms import Form, read_form
from practice_repo.card import Fact
from practice_repo.outcomes.facts import collections_of, figures_of
from practice_repo.outcomes.formulas import GIVEN, used
from practice_repo.practice import Practice

PLAYED = ("process", "scenario")  # kinds that promise scenarios one can play


@dataclass(frozen=True)
class _Opened:
    """The practice with its files read, as far as they can be."""

    practice: Practice
    models: tuple[Model, ...]
    decisions: tuple[Definitions, ...]
    forms: dict[str, Form]

    @property
    def is_part(self) -> bool:
        return self.practice.card.kind == "component"

    def elements(self) -> Iterator[Element]:
        for model in self.models:
            for process in model.processes:
                yield from process.walk()

    def user_tasks(self) -> Iterator[Task]:
        for element in self.elements():
            if isinstance(element, Task) and element.type == "userTask":
                yield element


def check_practice(practice: Practice) -> list[Finding]:
    """What is wrong (errors) or doubtful (warnings) in a practice; the files' own findings come first.

    Checked: files can be read, and what lint and table analysis say of them; the main process is named like the
    practice; user tasks and forms belong together; forms satisfy the information standard of their touchpoint; roles
    of lanes and groups are declared; decisions exist and are used; the elements of variation points exist;
    options belong to them; formulas are FEEL; what KPIs read is a fact; names
    stand in both languages; there are words and scenarios, and the
    sample data of a situation; what simulation.toml names exists.
    A component is a part: nothing in it needs to be used by a process of its own.
    """
    findings: list[Finding] = []
    opened = _open(practice, findings)
    for check in CHECKS:
        findings += check(opened)
    return findings


def _open(practice: Practice, findings: list[Finding]) -> _Opened:
    models = [_read(name, source, read_model, findings) for name, source in practice.models.items()]
    decisions = [_read(name, source, read_dmn, findings) for name, source in practice.decisions.items()]
    forms = {key: _read(f"forms/{key}.json", source, read_form, findings) for key, source in practice.forms.items()}
    return _Opened(
        practice,
        tuple(model for model in models if model),
        tuple(definitions for definitions in decisions if definitions),
        {key: form for key, form in forms.items() if form},
    )


def _read(name, source, read, findings):
    try:
        return read(source)
    except InvalidModel as error:
        findings += [_error("unreadable", f"{name}: {each}") for each in error.findings or [error]]
        return None


def _error(rule: str, message: str, element: Element | None = None) -> Finding:
    return Finding(
        f"practice-{rule}",
        message,
        element.id if element else None,
        element.name if element else None,
        element.line if element else None,
    )


def _warning(rule: str, message: str, element: Element | None = None) -> Finding:
    found = _error(rule, message, element)
    return Finding(found.rule, message, found.element_id, found.element_name, found.line, severity="warning")


def _own_findings(opened: _Opened) -> Iterator[Finding]:
    """What the models, decisions and forms say of themselves."""
    for model in opened.models:
        yield from lint(model)
    for definitions in opened.decisions:
        yield from analyse(definitions, [other for other in opened.decisions if other is not definitions])
    for form in opened.forms.values():
        yield from form.lint()


def _main_process(opened: _Opened) -> Iterator[Finding]:
    ids = [process.id for model in opened.models for process in model.processes]
    if opened.models and opened.practice.id not in ids:
        yield _error(
            "process-id", f"no process has the id '{opened.practice.id}' of the practice; found {', '.join(ids)}."
        )
    for twice in sorted({each for each in ids if ids.count(each) > 1}):
        yield _error("process-id", f"the process id '{twice}' stands twice: name one of them differently.")


def _forms(opened: _Opened) -> Iterator[Finding]:
    used: set[str] = set()
    chosen_at_runtime = False
    for element in opened.elements():
        key = _form_key(element)
        if key is None:
            if element.type == "userTask":
                yield _error("form", "a user task needs a form: add praxis:formKey and forms/<key>.json.", element)
            continue
        if key.text is None:
            chosen_at_runtime = True
            continue
        used.add(key.text)
        if key.text not in opened.practice.forms:
            yield _error("form", f"its form forms/{key.text}.json is missing.", element)
    for key, form in opened.forms.items():
        if form.id != key:
            yield _warning("form-id", f"forms/{key}.json has the id '{form.id}': name both alike.")
    if not chosen_at_runtime and not opened.is_part:
        for key in sorted(set(opened.practice.forms) - used):
            yield _error("form-unused", f"forms/{key}.json is used by no user task and no start event: remove it.")


def _form_key(element: Element) -> Value | None:
    if isinstance(element, Task) and element.assignment and element.type == "userTask":
        return element.assignment.form_key
    if isinstance(element, CatchOrThrow) and element.type == "startEvent" and element.form_key:
        return Value(text=element.form_key)
    return None


def _touchpoints(opened: _Opened) -> Iterator[Finding]:
    standards = {touchpoint.key: touchpoint for touchpoint in opened.practice.card.touchpoints}
    asked: dict[str, set[str]] = {}
    for task in opened.user_tasks():
        key = task.assignment.touchpoint if task.assignment else None
        if key is None:
            continue
        if key not in standards:
            yield _error("touchpoint", f"its touchpoint '{key}' is not among the card's [[touchpoint]].", task)
            continue
        form = _form_of(task, opened)
        fields = _field_names(form) if form else set()
        asked.setdefault(key, set()).update(fields)
        for item in standards[key].forbidden:
            if item in fields:
                yield _error(
                    "touchpoint", f"its form asks for '{item}', which '{key}' forbids: remove the field.", task
                )
    for key, standard in standards.items():
        if key not in asked:
            yield _warning("touchpoint", f"no user task has the touchpoint '{key}'.")
            continue
        for item in standard.required:
            if item not in asked[key]:
                yield _error("touchpoint", f"'{key}' requires '{item}', but no form of its user tasks has that field.")


def _form_of(task: Task, opened: _Opened) -> Form | None:
    key = _form_key(task)
    return opened.forms.get(key.text) if key and key.text else None


def _field_names(form: Form) -> set[str]:
    """Keys of the form, and `list.entry` and `entry` for the rows of its dynamic lists."""
    names = set(form.keys)
    for key in form.keys:
        field = form.field(key)
        names |= {f"{key}.{inner.key}" for inner in field.fields if inner.key}
        names |= {inner.key for inner in field.fields if inner.key}
    return names


def _roles(opened: _Opened) -> Iterator[Finding]:
    declared = {role.key for role in opened.practice.card.roles}
    used: set[str] = set()
    for model in opened.models:
        for process in model.processes:
            parents = {lane.parent_id for lane in process.lanes}
            for lane in process.lanes:
                if not lane.role or lane.id in parents:
                    continue
                used.add(lane.role)
                if lane.role not in declared:
                    yield _error(
                        "role", f"lane '{lane.name}' ({lane.id}) has the role '{lane.role}': declare it as [[role]]."
                    )
            starters = process.candidate_starters.text if process.candidate_starters else None
            for group in _listed(starters):
                used.add(group)
                if group not in declared:
                    yield _error("role", f"process '{process.id}' is started by '{group}': declare it as [[role]].")
    for task in opened.user_tasks():
        groups = task.assignment.candidate_groups if task.assignment else None
        for group in _listed(groups.text if groups else None):
            used.add(group)
            if group not in declared:
                yield _error("role", f"its candidate group '{group}' is not declared as [[role]].", task)
    for key in sorted(declared - used) if opened.practice.has_process else ():
        yield _warning("role", f"the role '{key}' is declared but no lane and no user task uses it.")


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _decisions(opened: _Opened) -> Iterator[Finding]:
    known = {decision_id for definitions in opened.decisions for decision_id in definitions.decision_ids}
    needed = {decision_id for definitions in opened.decisions for decision_id in definitions.required_decision_ids}
    chosen_at_runtime = False
    for element in opened.elements():
        value = element.decision if isinstance(element, Task) else None
        if value is None:
            continue
        if value.text is None:
            chosen_at_runtime = True
            continue
        needed.add(value.text)
        if value.text not in known:
            yield _error("decision", f"its decision '{value.text}' is in no .dmn file of the practice.", element)
    if not chosen_at_runtime and not opened.is_part:
        for decision_id in sorted(known - needed):
            yield _error("decision-unused", f"no task and no other decision uses the decision '{decision_id}'.")


def _variation_points(opened: _Opened) -> Iterator[Finding]:
    known = {element.id for element in opened.elements()}
    for model in opened.models:
        for process in model.processes:
            known |= {process.id, *(lane.id for lane in process.lanes), *process.flows}
    for definitions in opened.decisions:
        known |= set(definitions.decision_ids)
    for point in opened.practice.card.variation_points:
        if not point.elements and opened.models:
            yield _error("variation-point", f"'{point.key}' names no elements that it changes.")
        for element_id in point.elements:
            if opened.models and element_id not in known:
                yield _error("variation-point", f"'{point.key}' names the element '{element_id}', which no model has.")


def _options(opened: _Opened) -> Iterator[Finding]:
    points = {point.key: point for point in opened.practice.card.variation_points}
    for name, content in opened.practice.options.items():
        point_key, _, option_key = name.partition(".")
        point = points.get(point_key)
        if point is None:
            yield _error("option", f"options/{name}.json: there is no variation point '{point_key}'.")
        elif option_key not in {option.key for option in point.options}:
            known = ", ".join(option.key for option in point.options)
            yield _error("option", f"options/{name}.json: '{point_key}' has no option '{option_key}' (it has {known}).")
        try:
            json.loads(content)
        except ValueError as error:
            yield _error("option", f"options/{name}.json is not JSON: {error}.")


def _samples(opened: _Opened) -> Iterator[Finding]:
    situation = opened.practice.card.situation
    named = {sample.file for sample in situation.samples} if situation else set()
    there = {f"data/{name}" for name in opened.practice.data}
    for missing in sorted(named - there):
        yield _error("sample", f"the sample '{missing}' is not among the files: add it below data/.")
    for unused in sorted(there - named):
        yield _warning("sample", f"'{unused}' is no [[situation.sample]]: describe or remove it.")


def _stubs(opened: _Opened) -> Iterator[Finding]:
    """A stub answers for every topic of the contract, so that what uses the technology can be tried."""
    technology = opened.practice.card.technology
    if technology is None:
        return
    topics = {contract.topic for contract in technology.contract}
    for adapter in (each for each in technology.adapters if each.kind == "stub"):
        for missing in sorted(topics - set(adapter.simulate)):
            yield _error("stub", f"the stub '{adapter.key}' says nothing about '{missing}': add it to 'simulate'.")
        for topic, text in adapter.simulate.items():
            try:
                compile_expression(str(text).removeprefix("="))
            except FeelSyntaxError as error:
                yield _error("stub", f"what the stub '{adapter.key}' answers to '{topic}' is not FEEL: {error}")


def _formulas(opened: _Opened) -> Iterator[Finding]:
    card = opened.practice.card
    formulas = [(f"KPI '{kpi.key}'", kpi.formula) for kpi in card.kpis]
    formulas += [(f"effect driver '{driver.kpi}'", driver.formula) for driver in card.estimate.effect_drivers]
    for owner, formula in formulas:
        try:
            compile_expression(formula.removeprefix("="))
        except FeelSyntaxError as error:
            yield _error("formula", f"the formula of {owner} is not FEEL: {error}")


def _facts(opened: _Opened) -> Iterator[Finding]:
    """What KPIs read has to be a fact. A card without any fact is one whose KPIs nobody computes from cases."""
    card = opened.practice.card
    if not card.facts:
        return
    collections, figures = collections_of(card), figures_of(card)
    for fact in card.facts:
        yield from _fact_findings(fact)
    for kpi in card.kpis:
        try:
            reads = used(kpi.formula, frozenset(collections))
        except FeelSyntaxError:
            continue  # said by _formulas
        for name in sorted(reads.names - set(collections) - figures - GIVEN):
            yield _error("fact", f"the KPI '{kpi.key}' reads '{name}', which is no [[fact]]: add it.")
        for rows, name in sorted(reads.fields):
            if name not in collections[rows] and name not in figures:
                yield _error("fact", f"the KPI '{kpi.key}' reads {rows}.{name}, which is no [[fact]]: add it.")


def _fact_findings(fact: Fact) -> Iterator[Finding]:
    if fact.key in GIVEN:
        yield _error("fact", f"'{fact.key}' is known to every formula: name the fact differently.")
    try:
        compile_expression(fact.formula.removeprefix("=") or "null")
    except FeelSyntaxError as error:
        yield _error("formula", f"the formula of the fact '{fact.key}' is not FEEL: {error}")


def _names(opened: _Opened) -> Iterator[Finding]:
    """A practice for everybody speaks both languages; an enterprise's own variant or import may speak one."""
    origin = opened.practice.card.origin
    note = _warning if origin and origin.relation in {"variant", "import"} else _error
    for element in opened.elements():
        joins_only = isinstance(element, Gateway) and len(element.outgoing) < 2
        if not element.name:
            if not joins_only:
                yield note("name", f"the {element.type} needs an English name.", element)
        elif not element.properties.get("name:zh"):
            yield note("name", 'has no Chinese name: add <praxis:property name="name:zh" value="…"/>.', element)


def _lanes(opened: _Opened) -> Iterator[Finding]:
    """Work at the top level of a process needs somebody who does it."""
    for model in opened.models:
        for process in model.processes:
            for element in process.elements.values():
                if process.lanes and element.lane_id is None and not isinstance(element, CallActivity):
                    yield _warning("lane", "sits in no lane.", element)


def _words(opened: _Opened) -> Iterator[Finding]:
    if not opened.practice.readme.strip():
        yield _error("readme", "README.md is missing or empty: say what the practice is for.")
    try:
        scenarios = tomllib.loads(opened.practice.scenarios)
    except tomllib.TOMLDecodeError as error:
        yield _error("scenarios", f"scenarios.toml is not TOML: {error}.")
        return
    if not scenarios.get("scenario") and opened.practice.card.kind in PLAYED:
        yield _error("scenarios", "scenarios.toml is missing or has no [[scenario]]: add the happy path at least.")


def _simulation(opened: _Opened) -> Iterator[Finding]:
    """Everything that simulation.toml names is there; `processes.simulation` reads the figures."""
    if not opened.practice.simulation:
        return
    try:
        profile = tomllib.loads(opened.practice.simulation)
        scenarios = tomllib.loads(opened.practice.scenarios).get("scenario", [])
    except tomllib.TOMLDecodeError as error:
        yield _error("simulation", f"simulation.toml or scenarios.toml is not TOML: {error}.")
        return
    known = {
        "task": {task.id for task in opened.user_tasks()},
        "scenario": {str(scenario.get("name")) for scenario in scenarios},
        "role": {role.key for role in opened.practice.card.roles},
        "message": {name for element in opened.elements() for name in _messages_of(element)},
    }
    for kind, name in _simulated_names(profile):
        if name not in known[kind]:
            # A variant that has lost a task is simulated without it; without its story nothing can be.
            found = _error if kind == "scenario" else _warning
            yield found("simulation", f"simulation.toml names the {kind} '{name}', which the practice does not have.")


SIMULATED = (("task", "element", "task"), ("story", "scenario", "scenario"), ("team", "role", "role"))
CHANGED = (("tasks", "task"), ("stories", "scenario"), ("replies", "message"))  # by an effect


def _simulated_names(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(what it is, name) of everything that the profile names."""
    for table, key, kind in (*SIMULATED, ("reply", "message", "message")):
        for row in _rows(profile.get(table)):
            yield kind, str(row.get(key))
    for effect in _rows(profile.get("effect")):
        for key, kind in CHANGED:
            for name in effect.get(key) or ():
                yield kind, name


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (row for row in value if isinstance(row, Mapping)) if isinstance(value, list) else ()


def _messages_of(element: Element) -> Iterator[str]:
    definitions = element.definitions if isinstance(element, CatchOrThrow) else ()
    own = element.message if isinstance(element, Task) else None
    for definition in (*definitions, *([own] if own else [])):
        if definition.kind == "message" and definition.name:
            yield definition.name


CHECKS = (
    _own_findings,
    _main_process,
    _forms,
    _touchpoints,
    _roles,
    _decisions,
    _variation_points,
    _options,
    _samples,
    _stubs,
    _formulas,
    _facts,
    _names,
    _lanes,
    _words,
    _simulation,
)
