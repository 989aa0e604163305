// The saved scenarios: play them on the server, see what failed, what was taken on the diagram, and edit them.
import { afterDrawing, h, redraw } from "./dom.js";
import { button } from "./fields.js";
import { t } from "./text.js";

const BLOCK = /^\[\[scenario\]\][^\S\n]*$/m;
const TEMPLATES = [
  ["complete", '[[scenario.step]]\ncomplete = "ELEMENT"\nvariables = {}\n'],
  ["message", '[[scenario.step]]\nmessage = "NAME"\ncorrelation = {}\nvariables = {}\n'],
  ["advance", '[[scenario.step]]\nadvance = "PT4H"\n'],
  ["job", '[[scenario.step]]\njob = "ELEMENT"\nresult = {}\n'],
  ["set", "[[scenario.step]]\nset = {}\n"],
  ["expect", '[[scenario.step]]\nexpect = {waiting = ["ELEMENT"], trace = [], never = []}\n'],
];

export class Play {
  constructor(box, desk) {
    Object.assign(this, { box, desk, results: new Map(), showPaths: true, running: null });
  }

  get scenarios() {
    return this.desk.draft.scenarios ?? [];
  }

  render() {
    const results = [...this.results.values()];
    const passed = results.filter((each) => each.passed).length;
    redraw(this.box, [
      this.running
        ? button(t("Stop after this one"), () => (this.stopped = true), { symbol: "player-pause", keep: "play-all", kind: "" })
        : button(t("Play all {number} scenarios", { number: this.scenarios.length }), () => this.playAll(), { symbol: "player-play", keep: "play-all", kind: "btn-primary", disabled: !this.scenarios.length }),
      this.desk.draft.mayEdit ? button(t("New scenario"), () => this.#edit(null), { symbol: "plus", keep: "new-scenario", kind: "" }) : null,
      h("p", { class: "prop-note", role: "status" }, this.running ? t("Playing {name} …", { name: this.running }) : results.length ? t("{passed} of {number} passed.", { passed, number: results.length }) : t("A scenario is a case with what people, customers and time do to it, and what must come out.")),
      results.length ? this.#coverage() : null,
      this.editing ? this.#editor() : null,
      h("ul", { class: "side-list" }, this.scenarios.map((scenario, number) => this.#item(scenario, number))),
    ]);
  }

  #item(scenario, number) {
    const result = this.results.get(scenario.name);
    const state = !result ? "" : result.passed ? "is-passed" : "is-error";
    return h(
      "li",
      { class: `is-scenario ${state}` },
      h(
        "details",
        { "data-keep": `scenario-${number}`, open: Boolean(result && !result.passed) },
        h("summary", {}, result ? h("span", { class: `play-mark ${state}` }, result.passed ? "✓" : "✗", h("span", { class: "visually-hidden" }, result.passed ? t("passed") : t("failed"))) : null, scenario.name),
        scenario.description ? h("p", { class: "side-text" }, scenario.description) : null,
        h(
          "div",
          { class: "btn-list mb-2" },
          button(t("Play"), () => this.play([scenario]), { symbol: "player-play", keep: `play-${number}`, disabled: Boolean(this.running) }),
          this.desk.draft.mayEdit ? button(t("Edit"), () => this.#edit(number), { symbol: "pencil", keep: `edit-${number}` }) : null,
          result ? button(t("Show only this way"), () => this.#showOnly(scenario.name), { symbol: "route", keep: `only-${number}` }) : null,
        ),
        result ? this.#outcome(result) : null,
      ),
    );
  }

  #outcome(result) {
    const place = (id) => h("button", { type: "button", class: "btn-as-link", onclick: () => this.desk.goToElement(id) }, id);
    return [
      result.problem ? h("p", { class: "alert alert-danger py-2 mb-2" }, result.problem) : null,
      ...(result.findings ?? []).filter((each) => result.state === "refused" && each.severity !== "warning").map((each) => h("p", { class: "alert alert-danger py-2 mb-2" }, each.message)),
      ...(result.incidents ?? []).map((each) => h("p", { class: "alert alert-warning py-2 mb-2" }, place(each.element), `: ${each.message}`)),
      h("p", { class: "side-more" }, t("Ends as"), ": ", { completed: t("completed"), waiting: t("waiting"), failed: t("failed"), refused: t("refused") }[result.state] ?? result.state),
      result.waiting?.length ? h("p", { class: "side-more" }, t("Waits at"), ": ", result.waiting.flatMap((each) => [place(each.element), " "])) : null,
      h("details", {}, h("summary", {}, t("Way taken, {number} steps", { number: result.trace.length })), h("ol", { class: "trace" }, result.trace.map((id) => h("li", {}, place(id))))),
      h("details", {}, h("summary", {}, t("Variables at the end")), h("pre", { class: "variables", tabindex: "0" }, JSON.stringify(result.variables, null, 1))),
    ];
  }

  async playAll() {
    this.results.clear();
    await this.play(this.scenarios);
  }

  async play(scenarios) {
    this.stopped = false;
    this.only = null;
    for (const scenario of scenarios) {
      if (this.stopped) break;
      this.running = scenario.name;
      this.render();
      try {
        const answer = await this.desk.server.post("play", { scenario: scenario.name, files: await this.desk.draft.unsaved() });
        this.desk.draft.paths = answer.paths;
        this.results.set(scenario.name, answer.result);
      } catch (error) {
        this.desk.notice(error.message);
        break;
      }
      this.desk.paint();
    }
    this.running = null;
    this.render();
  }

  #showOnly(name) {
    this.only = this.only === name ? null : name;
    this.showPaths = true;
    this.desk.paint();
    this.render();
  }

  // What the plays took, by process: { elements: Set, flows: Set }.
  taken() {
    const taken = new Map();
    for (const [name, result] of this.results) {
      if (this.only && name !== this.only) continue;
      for (const [process, paths] of Object.entries(result.paths ?? {})) {
        const known = taken.get(process) ?? { elements: new Set(), flows: new Set() };
        paths.elements.forEach((id) => known.elements.add(id));
        paths.flows.forEach((id) => known.flows.add(id));
        taken.set(process, known);
      }
    }
    return taken;
  }

  // For the diagram of this file: what is covered and what is not; null when nothing was played.
  coverage(file) {
    if (!this.results.size || !this.showPaths) return null;
    const taken = this.taken();
    const covered = [];
    const missed = [];
    for (const [process, possible] of Object.entries(this.desk.draft.paths)) {
      if (possible.file !== file) continue;
      for (const id of possible.elements) (taken.get(process)?.elements.has(id) ? covered : missed).push(id);
      for (const id of possible.flows) (taken.get(process)?.flows.has(id) ? covered : missed).push(id);
    }
    return { covered, missed };
  }

  #coverage() {
    const taken = this.taken();
    const rows = Object.entries(this.desk.draft.paths).map(([process, possible]) => {
      const all = possible.elements.length + possible.flows.length;
      const known = taken.get(process);
      const hit = known ? possible.elements.filter((id) => known.elements.has(id)).length + possible.flows.filter((id) => known.flows.has(id)).length : 0;
      return { process, file: possible.file, all, hit };
    });
    const all = rows.reduce((sum, row) => sum + row.all, 0);
    const hit = rows.reduce((sum, row) => sum + row.hit, 0);
    const toggle = h("input", { type: "checkbox", class: "form-check-input", id: "show-paths", "data-keep": "show-paths", checked: this.showPaths, onchange: () => ((this.showPaths = toggle.checked), this.desk.paint()) });
    return h(
      "div",
      { class: "coverage" },
      h("p", { class: "mb-1" }, h("strong", {}, t("{percent} % of the ways are covered", { percent: share(hit, all) })), this.only ? ` (${this.only})` : ""),
      h("div", { class: "form-check" }, toggle, h("label", { class: "form-check-label", for: "show-paths" }, t("Show covered and missed ways on the diagram"))),
      h("details", { "data-keep": "coverage-processes" }, h("summary", {}, t("By process")), h("table", { class: "table table-sm mb-0" }, h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row", class: "fw-normal" }, h("button", { type: "button", class: "btn-as-link", onclick: () => this.desk.openFile(row.file) }, row.process)), h("td", { class: "text-end" }, `${share(row.hit, row.all)} %`)))))),
    );
  }

  async #edit(number) {
    const text = this.desk.draft.files.has("scenarios.toml") ? await this.desk.draft.content("scenarios.toml") : "";
    const { head, blocks } = split(text);
    const fresh = `[[scenario]]\nname = "${t("New scenario")} ${blocks.length + 1}"\ndescription = ""\nvariables = {}\n[[scenario.step]]\nexpect = {state = "completed"}\n`;
    this.editing = { head, blocks: number === null ? [...blocks, fresh] : blocks, number: number ?? blocks.length, problem: "" };
    this.editing.text = this.editing.blocks[this.editing.number];
    this.render();
    afterDrawing(() => this.box.querySelector('[data-keep="scenario-text"]')?.focus());
  }

  #editor() {
    const { editing } = this;
    const area = h("textarea", { class: "form-control feel", rows: "14", "data-keep": "scenario-text", value: editing.text, spellcheck: "false", "aria-label": t("Scenario"), oninput: () => (editing.text = area.value) });
    const step = h("select", { class: "form-select form-select-sm", "aria-label": t("Kind of step"), "data-keep": "step-kind" }, TEMPLATES.map(([verb]) => h("option", { value: verb }, verb)));
    return h(
      "div",
      { class: "scenario-editor" },
      area,
      h("div", { class: "prop-line my-1" }, step, button(t("Add a step"), () => ((editing.text = `${area.value.trimEnd()}\n${TEMPLATES.find(([verb]) => verb === step.value)[1]}`), this.render()), { symbol: "plus", keep: "add-step" })),
      editing.problem ? h("p", { class: "alert alert-danger py-2", role: "alert" }, editing.problem) : null,
      h("div", { class: "btn-list" }, button(t("Save the scenario"), () => this.#saveScenario(), { kind: "btn-primary btn-sm", keep: "save-scenario" }), button(t("Cancel"), () => ((this.editing = null), this.render()), { keep: "cancel-scenario" })),
    );
  }

  async #saveScenario() {
    const { editing } = this;
    const blocks = editing.blocks.map((block, at) => (at === editing.number ? `${editing.text.trim()}\n\n` : block));
    const text = editing.head + blocks.join("");
    try {
      const answer = await this.desk.server.post("scenarios", { text });
      if (answer.problem) {
        editing.problem = answer.problem;
        return this.render();
      }
      this.desk.draft.scenarios = answer.scenarios;
      this.desk.draft.changed("scenarios.toml", () => text);
      this.editing = null;
      this.render();
    } catch (error) {
      this.desk.notice(error.message);
    }
  }
}

const share = (part, whole) => (whole ? Math.round((100 * part) / whole) : 0);

// A scenario file in pieces, each [[scenario]] with what belongs to it; text and comments stay as they are.
function split(text) {
  const starts = [...text.matchAll(new RegExp(BLOCK, "gm"))].map((match) => match.index);
  if (!starts.length) return { head: "", blocks: text.trim() ? [text] : [] };
  return { head: text.slice(0, starts[0]), blocks: starts.map((start, at) => text.slice(start, starts[at + 1])) };
}
