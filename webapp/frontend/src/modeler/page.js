// The modeler's page: tabs, files, the canvas and what stands beside it.
import "./modeler.css";
import { DiagramEditor } from "./diagram.js";
import { afterDrawing, h, icon, redraw, tabs, useIcons } from "./dom.js";
import { Draft } from "./draft.js";
import { button, iconButton } from "./fields.js";
import { keepInlineStyles } from "./inline_styles.js";
import { Changes, Problems } from "./lists.js";
import { NEW_FILES } from "./new_files.js";
import { Outline, ask } from "./outline.js";
import { Play } from "./play.js";
import { PropertiesPanel } from "./properties.js";
import { REPORT, importReport } from "./report.js";
import { Server } from "./server.js";
import { speak, t } from "./text.js";

const FIRST_PHONE_PX = 768;
const SLOTS = { bpmn: "processName", dmn: "decisionName", form: "formName" };

export async function startModeler(root) {
  if (!root) return;
  keepInlineStyles(document.body);
  useIcons(root.dataset.icons);
  await speak(root.dataset.language);
  const desk = new Desk(root);
  root.desk = desk; // for the browser's console and the tests
  try {
    await desk.start();
  } catch (error) {
    root.querySelector("[data-place]").replaceChildren(h("p", { class: "alert alert-danger m-3", role: "alert" }, error.message));
  }
}

class Desk {
  constructor(root) {
    this.root = root;
    this.language = root.dataset.language;
    this.server = new Server(root.dataset.base);
    this.draft = new Draft(this.server);
    this.editors = new Map(); // name → editor, kept with its undo history
    this.fileName = null;
  }

  // The diagram on screen; null while a decision or a form is.
  get editor() {
    const editor = this.editors.get(this.processName);
    return editor instanceof DiagramEditor ? editor : null;
  }

  get current() {
    return this.editors.get(this.fileName);
  }

  async start() {
    const state = await this.draft.open();
    this.#build();
    this.#listen();
    await this.openFile(this.#wanted() ?? state.main);
    this.root.dataset.ready = "yes";
  }

  #wanted() {
    const name = new URLSearchParams(location.search).get("file");
    return this.draft.files.has(name) ? name : null;
  }

  #build() {
    this.#buildSide();
    this.outline = new Outline(this);
    this.canvasPlace = h("div", { class: "canvas-place" });
    this.processSelect = this.#fileSelect("bpmn", t("Process"));
    this.diagramView = h("div", { class: "modeler-diagram" }, this.canvasPlace, this.#zoomButtons());
    this.outlineView = h("div", { class: "modeler-outline", hidden: true }, this.outline.box);
    this.processPanel = h(
      "div",
      { class: "modeler-panel" },
      h("div", { class: "modeler-tools" }, this.processSelect.box, this.#viewButtons(), this.#historyButtons()),
      h("div", { class: "modeler-main" }, this.diagramView, this.outlineView),
    );
    this.decisionSelect = this.#fileSelect("dmn", t("Decision file"));
    this.decisionPlace = h("div", { class: "modeler-scroll", tabindex: "0", role: "group", "aria-label": t("Decision") });
    this.decisionPanel = h("div", { class: "modeler-panel" }, h("div", { class: "modeler-tools" }, this.decisionSelect.box, ...this.#fileButtons("dmn", t("New decision")), this.#historyButtons()), this.decisionPlace);
    this.formSelect = this.#fileSelect("form", t("Form"));
    this.formPlace = h("div", { class: "modeler-scroll", tabindex: "0", role: "group", "aria-label": t("Form") });
    this.formPanel = h("div", { class: "modeler-panel" }, h("div", { class: "modeler-tools" }, this.formSelect.box, ...this.#fileButtons("form", t("New form")), this.#historyButtons()), this.formPlace);
    this.cardPanel = h("div", { class: "modeler-panel modeler-scroll p-3" });
    this.reportPanel = h("div", { class: "modeler-panel modeler-scroll p-3", tabindex: "0" });
    this.tabs = tabs(t("Parts of the practice"), [
      { key: "bpmn", label: t("Processes"), panel: this.processPanel },
      { key: "dmn", label: t("Decisions"), panel: this.decisionPanel },
      { key: "form", label: t("Forms"), panel: this.formPanel },
      { key: "card", label: t("Card"), panel: this.cardPanel },
      ...(this.draft.files.has(REPORT) ? [{ key: "report", label: t("Import report"), panel: this.reportPanel }] : []),
    ], { onShow: (key) => this.#showTab(key) }); // prettier-ignore
    this.notices = h("div", { class: "modeler-notices", "aria-live": "polite" });
    this.root.querySelector("[data-place]").replaceWith(
      h(
        "div",
        { class: "modeler-place" },
        this.notices,
        this.tabs.list,
        h("div", { class: "modeler-desk" }, h("div", { class: "modeler-panels" }, this.processPanel, this.decisionPanel, this.formPanel, this.cardPanel, this.draft.files.has(REPORT) ? this.reportPanel : null), this.side),
      ),
    );
    this.saveBox = this.root.querySelector("[data-save-state]");
  }

  #buildSide() {
    const part = (key) => h("div", { class: "side-panel", "data-side": key, tabindex: "-1" });
    const panels = { properties: part("properties"), problems: part("problems"), changes: part("changes"), play: part("play") };
    this.panel = new PropertiesPanel(panels.properties, this);
    this.problems = new Problems(panels.problems, this);
    this.changeList = new Changes(panels.changes, this);
    this.play = new Play(panels.play, this);
    this.problemCount = h("span", { class: "count" });
    this.changeCount = h("span", { class: "count" });
    this.sideTabs = tabs(t("Beside the diagram"), [
      { key: "properties", label: t("Properties"), panel: panels.properties },
      { key: "problems", label: [t("Problems"), this.problemCount], panel: panels.problems },
      { key: "changes", label: [t("Changes"), this.changeCount], panel: panels.changes },
      { key: "play", label: t("Play"), panel: panels.play },
    ], { onShow: (key) => (this.sideKey = key) }); // prettier-ignore
    this.side = h("aside", { class: "modeler-side", "aria-label": t("Beside the diagram") }, this.sideTabs.list, ...Object.values(panels));
    this.sideTabs.show("properties");
  }

  #fileSelect(kind, label) {
    const select = h("select", { class: "form-select form-select-sm", "aria-label": label, onchange: () => this.openFile(select.value) });
    return { box: select, kind, fill: (chosen) => redraw(select, this.draft.names(kind).map((name) => h("option", { value: name, selected: name === chosen }, this.#title(name)))) };
  }

  #title(name) {
    const file = this.draft.files.get(name);
    const mark = this.draft.changes.some((each) => each.file === name) ? " •" : "";
    const { words } = this.draft;
    if (file.kind === "form") {
      const form = words.forms.find((each) => each.file === name);
      return `${(this.language === "zh" && form?.zh) || form?.en || name}${mark}`;
    }
    if (file.kind === "bpmn") {
      const process = words.processes.find((each) => each.file === name);
      return `${(this.language === "zh" && process?.zh) || process?.name || name}${mark}`;
    }
    return `${name.replace(/\.dmn$/, "").replaceAll("_", " ")}${mark}`;
  }

  #viewButtons() {
    const both = { diagram: h("button", { type: "button", class: "btn btn-sm", "aria-pressed": "true", onclick: () => this.showView("diagram") }, icon("sitemap"), t("Diagram")), outline: h("button", { type: "button", class: "btn btn-sm", "aria-pressed": "false", onclick: () => this.showView("outline") }, icon("list"), t("Outline")) };
    this.viewButtons = both;
    return [
      h("div", { class: "btn-group", role: "group", "aria-label": t("View") }, both.diagram, both.outline),
      h("button", { type: "button", class: "btn btn-sm only-diagram", onclick: () => this.#simulate() }, icon("player-play"), t("Simulate")),
    ];
  }

  #historyButtons() {
    const undo = iconButton("arrow-back-up", t("Undo"), () => this.current?.undo());
    const redo = iconButton("arrow-forward-up", t("Redo"), () => this.current?.redo());
    this.historyButtons = [...(this.historyButtons ?? []), { undo, redo }];
    return h("div", { class: "btn-group ms-auto", role: "group", "aria-label": t("History") }, undo, redo);
  }

  #zoomButtons() {
    return h(
      "div",
      { class: "btn-group-vertical zoom", role: "group", "aria-label": t("Zoom") },
      iconButton("plus", t("Larger"), () => this.editor?.zoom(1.25)),
      h("button", { type: "button", class: "btn btn-icon btn-sm btn-ghost-secondary", "aria-label": t("Smaller"), title: t("Smaller"), onclick: () => this.editor?.zoom(0.8) }, "−"),
      iconButton("sitemap", t("Whole diagram"), () => this.editor?.get("canvas").zoom("fit-viewport", "auto")),
    );
  }

  #listen() {
    const { draft } = this;
    draft.addEventListener("findings", () => this.#findingsChanged());
    draft.addEventListener("changes", () => this.#changesChanged());
    draft.addEventListener("files", () => this.#fillSelects());
    draft.addEventListener("state", () => this.#showSaveState());
    draft.addEventListener("notice", ({ detail }) => this.notice(detail.text));
    draft.addEventListener("conflict", ({ detail }) => this.#showConflict(detail));
    draft.addEventListener("replaced", ({ detail }) => this.#replaced(detail.names));
    document.addEventListener("keydown", (event) => this.#key(event));
    this.#findingsChanged();
    this.#changesChanged();
    this.#showSaveState();
    this.play.render();
    if (innerWidth < FIRST_PHONE_PX) this.showView("outline");
  }

  #key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key === "s") this.draft.save();
    else if (key === "z" && !event.target.closest(".djs-container")) event.shiftKey ? this.current?.redo() : this.current?.undo();
    else if (key === "y" && !event.target.closest(".djs-container")) this.current?.redo();
    else return;
    event.preventDefault();
  }

  #findingsChanged() {
    const errors = this.draft.findings.filter((each) => each.severity === "error").length;
    this.problemCount.textContent = this.draft.findings.length || "";
    this.problemCount.className = `count ${errors ? "is-error" : "is-warning"}`;
    this.problems.render();
    this.paint();
    this.outline.render();
    this.#fillSelects();
    this.panel.render();
  }

  #changesChanged() {
    this.changeCount.textContent = this.draft.changes.length || "";
    this.changeList.render();
    this.paint();
  }

  #fillSelects() {
    this.processSelect.fill(this.processName);
    this.decisionSelect.fill(this.decisionName);
    this.formSelect.fill(this.formName);
  }

  paint() {
    for (const [name, editor] of this.editors) {
      if (!(editor instanceof DiagramEditor)) continue;
      editor.mark({
        findings: this.draft.findings.filter((each) => each.file === name),
        changes: this.draft.changes.filter((each) => each.file === name).flatMap((each) => each.elements),
        coverage: this.play.coverage(name),
      });
    }
  }

  #showSaveState() {
    const { saveState, saveMessage, mayEdit } = this.draft;
    const words = { saved: t("All changes are saved"), unsaved: t("Changes are not saved yet"), saving: t("Saving …"), offline: t("Not saved: {reason}", { reason: saveMessage }), conflict: t("Not saved: somebody else changed the file") };
    this.saveBox.textContent = mayEdit ? words[saveState] : t("Only to read: tailoring needs the role of a process analyst.");
    this.saveBox.dataset.state = saveState;
    for (const { undo, redo } of this.historyButtons) {
      undo.disabled = !this.current?.canUndo;
      redo.disabled = !this.current?.canRedo;
    }
  }

  notice(text, kind = "warning") {
    const box = h("div", { class: `alert alert-${kind} alert-dismissible m-2 mb-0`, role: "status" }, text, h("button", { type: "button", class: "btn-close", "aria-label": t("Close"), onclick: () => box.remove() }));
    this.notices.replaceChildren(box);
    if (kind === "success") setTimeout(() => box.remove(), 6000);
  }

  #showConflict({ name, text }) {
    const act = (choice) => async () => {
      box.remove();
      await this.draft[choice](name);
    };
    const box = h(
      "div",
      { class: "alert alert-warning m-2 mb-0", role: "alert" },
      h("p", { class: "mb-2" }, text),
      h("div", { class: "btn-list" }, button(t("Keep what is on my screen"), act("keepMine"), { kind: "btn-primary btn-sm" }), button(t("Take theirs and lose mine"), act("takeTheirs"))),
    );
    this.notices.replaceChildren(box);
  }

  async #replaced(names) {
    for (const name of names) {
      const editor = this.editors.get(name);
      if (!editor) continue;
      if (this.draft.files.has(name)) await editor.replace(await this.draft.content(name));
      else this.#forget(name);
    }
    if (!this.fileName || !this.draft.files.has(this.fileName)) await this.openFile(this.draft.main);
    this.#afterEdit();
  }

  async openFile(name) {
    const file = this.draft.files.get(name);
    if (!file) return this.notice(t("The practice has no file {name}.", { name }));
    this.wanted = name;
    this.#showPanel(file.kind);
    if (!this.editors.has(name)) this.editors.set(name, this.#load(name, file.kind));
    try {
      this.editors.set(name, await this.editors.get(name));
    } catch (error) {
      this.editors.delete(name);
      return this.notice(t("{name} cannot be opened: {reason}", { name, reason: error.message }));
    }
    if (this.wanted !== name) return; // the person has moved on meanwhile
    this.fileName = name;
    this[SLOTS[file.kind]] = name;
    this.#place(file.kind, name);
  }

  #showPanel(kind) {
    this.showing = true;
    this.tabs.show(kind);
    this.showing = false;
  }

  async #load(name, kind) {
    const content = await this.draft.content(name);
    let editor;
    if (kind === "bpmn") editor = this.#newDiagram(name);
    else if (kind === "dmn") editor = new (await import("./decisions.js")).DecisionEditor(name);
    else editor = new (await import("./forms.js")).FormEditor(name, this);
    const place = { bpmn: this.canvasPlace, dmn: this.decisionPlace, form: this.formPlace }[kind];
    for (const each of place.children) each.hidden = true;
    place.append(editor.box);
    try {
      await editor.open(content);
    } catch (error) {
      editor.box.remove();
      throw error;
    }
    editor.addEventListener("changed", () => {
      this.draft.changed(name, () => editor.content());
      this.#afterEdit();
    });
    return editor;
  }

  #newDiagram(name) {
    const editor = new DiagramEditor(name, { language: this.language, mayEdit: this.draft.mayEdit });
    editor.addEventListener("selected", () => {
      if (editor !== this.editor) return;
      this.panel.render();
      this.#markRow();
    });
    editor.addEventListener("redrawn", () => editor === this.editor && this.panel.render());
    editor.addEventListener("follow", ({ detail }) => this.openFile(this.draft.words.processes.find((each) => each.key === detail)?.file));
    return editor;
  }

  #place(kind, name) {
    const place = { bpmn: this.canvasPlace, dmn: this.decisionPlace, form: this.formPlace }[kind];
    const { box } = this.editors.get(name);
    for (const each of place.children) each.hidden = each !== box;
    this.current.shown();
    this.#afterEdit();
    this.paint();
    this.problems.render();
    this.#fillSelects();
    const address = new URL(location.href);
    address.searchParams.set("file", name);
    history.replaceState(null, "", address);
  }

  #afterEdit() {
    this.#showSaveState();
    this.panel.render();
    this.outline.render();
  }

  #markRow() {
    const id = this.editor?.selected?.id;
    for (const row of this.outline.body.querySelectorAll("tr")) row.classList.toggle("is-selected", row.dataset.row === id);
  }

  async #showTab(key) {
    if (this.side) {
      this.sideTabs.button("properties").hidden = key !== "bpmn";
      if (key !== "bpmn" && this.sideKey === "properties") this.sideTabs.show("problems");
    }
    if (key === "card") return this.#showCard();
    if (key === "report") return this.reportPanel.replaceChildren(...importReport(await this.draft.content(REPORT), this));
    if (this.showing) return;
    const name = this[SLOTS[key]] ?? this.draft.names(key)[0];
    const place = { dmn: this.decisionPlace, form: this.formPlace }[key];
    if (name && this.fileName !== name) await this.openFile(name);
    else if (!name && place) place.replaceChildren(h("p", { class: "p-3 text-secondary" }, t("This practice has none yet.")));
  }

  async #showCard() {
    try {
      const parsed = new DOMParser().parseFromString(await this.server.text("card"), "text/html");
      this.cardPanel.replaceChildren(...parsed.body.childNodes);
    } catch (error) {
      this.cardPanel.replaceChildren(h("p", { class: "alert alert-warning" }, error.message));
    }
  }

  #fileButtons(kind, addLabel) {
    if (!this.draft.mayEdit) return [];
    return [button(addLabel, () => this.#newFile(kind), { symbol: "plus" }), button(t("Remove"), () => this.#removeFile({ dmn: this.decisionSelect, form: this.formSelect }[kind].box.value), { symbol: "trash" })];
  }

  #newFile(kind) {
    const { name: nameOf, content } = NEW_FILES[kind];
    let number = 1;
    while (this.draft.files.has(nameOf(number))) number += 1;
    const name = nameOf(number);
    const read = () => content(number);
    read.kind = kind;
    this.draft.changed(name, read);
    this.draft.files.get(name).unsaved = read();
    this.openFile(name);
  }

  #removeFile(name) {
    if (!name) return;
    ask(t("Remove {name}?", { name }), [h("p", { class: "mb-0" }, t("What refers to it is shown as a problem then. The list of changes can bring it back."))], t("Remove"), async () => {
      const kind = this.draft.files.get(name).kind;
      try {
        await this.draft.removeFile(name);
      } catch (error) {
        return this.notice(error.message);
      }
      this.#forget(name);
      const next = this.draft.names(kind)[0] ?? this.draft.main;
      await this.openFile(next);
    });
  }

  #forget(name) {
    this.editors.get(name)?.box?.remove();
    this.editors.delete(name);
    for (const slot of Object.values(SLOTS)) if (this[slot] === name) this[slot] = null;
    if (this.fileName === name) this.fileName = null;
  }

  showView(view) {
    const isOutline = view === "outline";
    this.diagramView.hidden = isOutline;
    this.outlineView.hidden = !isOutline;
    for (const [key, each] of Object.entries(this.viewButtons)) each.setAttribute("aria-pressed", String(key === view));
    if (isOutline) this.outline.render();
    else this.editor?.shown();
  }

  showProperties(id) {
    this.editor.select(id);
    this.sideTabs.show("properties");
    this.panel.render();
    afterDrawing(() => this.panel.box.querySelector("input, textarea, select")?.focus());
  }

  // To a file and, there, to an element (or to what a changed table or form is about).
  async go(file, element) {
    if (this.draft.files.has(file) && ["bpmn", "dmn", "form"].includes(this.draft.files.get(file).kind)) {
      if (this.fileName !== file) await this.openFile(file);
      if (element && this.editor?.name === file) {
        this.editor.select(element);
        if (!this.outlineView.hidden) this.outline.focusRow(element);
      }
    } else if (file === "practice.toml") this.tabs.show("card");
  }

  async goToElement(id) {
    const possible = Object.values(this.draft.paths).find((each) => each.elements.includes(id) || each.flows.includes(id));
    if (this.editor === this.current && this.editor?.element(id)) this.editor.select(id);
    else await this.go(possible?.file ?? this.draft.main, id);
  }

  async #simulate() {
    if (this.closeSimulation) return;
    const { simulate } = await import("./simulation.js");
    this.showView("diagram");
    this.closeSimulation = await simulate(this.diagramView, await this.editor.modeler.saveXML().then(({ xml }) => xml), "en", () => (this.closeSimulation = null));
  }
}
