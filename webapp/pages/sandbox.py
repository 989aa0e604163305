"""Try a practice: walk a case through it in memory, before it is acquired or made available."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from flask_login import login_required

from engine.errors import InvalidInput, NotFound
from engine.feel import normalise
from practice_repo.queries import library, workspace
from processes.handlers.resources import Resources
from webapp.access import actor, read, wiring
from webapp.form_view import FormView, read_submission
from webapp.languages import model_language
from webapp.modeling.files import Files
from webapp.presentation import zone
from webapp.sandbox import Situation, Story, advancing_to, continued, followed, scenario_names, situation

blueprint = Blueprint("sandbox", __name__, url_prefix="/sandbox")
SOURCES = ("item_id", "version", "candidate")


@blueprint.route("", methods=["GET", "POST"])
@login_required
def show():
    """GET begins; each POST does one thing and shows where the case stands then."""
    files, title = _practice()
    story = Story.load(request.form["story"]) if request.form.get("story") else Story(request.args.get("scenario", ""))
    errors: Mapping[str, Any] = {}
    if request.method == "POST":
        story, errors = _act(files, story)
    now = _play(files, story)
    forms = {task.element_id: _form(now, task, errors.get(task.element_id)) for task in now.tasks}
    return render_template(
        "sandbox/page.html",
        now=now,
        title=title,
        forms=forms,
        scenarios=scenario_names(files),
        source={name: request.args[name] for name in SOURCES if request.args.get(name)},
        processes={each: found.name or each for each, found in _processes(now).items()},
        shown_process=_shown_process(now),
    )


@blueprint.get("/model.bpmn")
@login_required
def model():
    files, _title = _practice()
    wanted = request.args.get("process", "")
    marker = f'id="{wanted}"'.encode()
    for name, content in files.items():
        if name.endswith(".bpmn") and marker in content:
            return Response(content, mimetype="application/xml")
    raise NotFound(_("The practice has no such model."))


def _practice() -> tuple[Files, str]:
    """The files to try, of a library version or of a practice of ours."""
    candidate_id, item_id = request.args.get("candidate"), request.args.get("item_id")

    def question(work):
        if candidate_id:
            row = workspace.candidate(work, candidate_id=candidate_id, actor=actor()).row
            return workspace.draft_package(work, candidate_id=candidate_id, actor=actor()).files, row
        if not item_id:
            raise NotFound(_("Choose a practice of the library to try."))
        version = library.version_id(work, item_id=item_id, version=request.args.get("version") or None)
        return library.version_package(work, version_id=version).files, library.item(work, item_id=item_id).row

    files, row = read(question)
    chinese = getattr(row, "title_zh", None) or getattr(row, "name_zh", None)
    english = getattr(row, "title", None) or getattr(row, "name", "")
    return files, (chinese or english) if model_language() == "zh" else english


def _play(files: Files, story: Story) -> Situation:
    return situation(files, story, handlers=lambda: wiring().handlers, resources=Resources.in_memory)


def _act(files: Files, story: Story) -> tuple[Story, dict[str, Any]]:
    """The story after what was asked for, or what is wrong with the form (by element id)."""
    match request.form.get("action"):
        case "next":
            return followed(files, story), {}
        case "end":
            return followed(files, story, to_the_end=True), {}
        case "back":
            return Story(story.scenario, max(story.position - 1, 0), story.steps[:-1]), {}
        case "look":
            return story, {}
        case "again":
            return Story(request.form.get("scenario", "")), {}
    return _answered(files, _play(files, story))


def _answered(files: Files, now: Situation) -> tuple[Story, dict[str, Any]]:
    """The same for what depends on where the case stands."""
    match request.form.get("action"):
        case "complete":
            return _completed(files, now)
        case "advance" if now.next_timer:
            due_at, present = now.next_timer.due_at, now.player.clock.now()
            return continued(files, now.story, advancing_to(due_at, present)), {}
        case "message":
            return continued(files, now.story, _message(now)), {}
    raise InvalidInput(_("This step is no longer possible: go on from what the page shows."))


def _completed(files: Files, now: Situation) -> tuple[Story, dict[str, Any]]:
    element_id = request.form.get("element", "")
    task = next((each for each in now.tasks if each.element_id == element_id), None)
    if task is None:
        raise InvalidInput(_("This task does not wait any more: go on from what the page shows."))
    values: Mapping[str, Any] = {}
    if task.form:
        entered = read_submission(task.form, request.form)
        values, errors = task.form.accept(entered, task.variables, now.player.clock.now())
        if errors:
            return now.story, {element_id: (entered, errors)}
    return continued(files, now.story, {"complete": element_id, "variables": dict(normalise(dict(values)))}), {}


def _message(now: Situation) -> dict[str, Any]:
    """The message that was chosen, saying what the example says."""
    wanted = request.form.get("element", "")
    for waiting, example in now.messages:
        if waiting.element_id == wanted:
            correlation = dict(waiting.correlation or {}) or example.get("correlation", {})
            return {"message": waiting.name, "correlation": correlation, "variables": example.get("variables", {})}
    raise InvalidInput(_("Nothing waits for this message any more: go on from what the page shows."))


def _form(now: Situation, task: Any, refused: tuple[Any, Any] | None) -> FormView | None:
    """The task's form, filled in as the scenario would."""
    if task.form is None:
        return None
    entered, errors = refused or (task.example, None)
    return FormView(
        task.form,
        task.variables,
        now=now.player.clock.now(),
        zone=zone(),
        language=model_language(),
        entered=entered,
        errors=errors,
    )


def _processes(now: Situation) -> dict[str, Any]:
    """The processes that the case has come through, the practice's own first."""
    definition = now.player.definition
    visited = [now.player.process_id, *now.done, *now.active]
    return {each: definition.process(each) for each in dict.fromkeys(visited) if definition.process(each).elements}


def _shown_process(now: Situation) -> str:
    wanted = request.values.get("diagram", "")
    inner = next((each for each in reversed(list(now.active))), now.player.process_id)
    return wanted if wanted in _processes(now) else inner
