// One BPMN file on the canvas: editing, marks for findings, changes and coverage, selection.
import Modeler from "bpmn-js/lib/Modeler";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import { h } from "./dom.js";
import { lineageModule } from "./lineage.js";
import { toFile, toScreen } from "./names.js";
import { praxisDescriptor } from "./praxis.js";
import { t, translateModule } from "./text.js";

const MIN_ZOOM = 0.5;
const PALETTE_PX = 115; // what the palette covers on the left
const MARGIN_PX = 20;

export class DiagramEditor extends EventTarget {
  constructor(name, { language, mayEdit }) {
    super();
    Object.assign(this, { name, language, mayEdit });
    this.box = h("div", { class: "modeler-canvas", role: "group", "aria-label": t("Diagram of {name}", { name }) });
    this.marks = { findings: [], changes: [], coverage: null };
    this.overlayIds = [];
    this.marked = [];
  }

  async open(xml) {
    const Editor = this.mayEdit ? Modeler : NavigatedViewer;
    this.modeler = new Editor({
      container: this.box,
      additionalModules: this.mayEdit ? [translateModule, lineageModule] : [translateModule],
      moddleExtensions: { praxis: praxisDescriptor },
    });
    await this.load(xml);
    const bus = this.get("eventBus");
    bus.on("commandStack.changed", ({ trigger }) => {
      if (trigger === "clear") return;
      this.dispatchEvent(new CustomEvent("changed"));
      this.#paint();
    });
    bus.on("selection.changed", () => this.dispatchEvent(new CustomEvent("selected")));
    bus.on("elements.changed", (event) => this.dispatchEvent(new CustomEvent("redrawn", { detail: event.elements })));
    bus.on("element.dblclick", 1500, (event) => this.#follow(event));
    new ResizeObserver(() => this.get("canvas").resized()).observe(this.box);
    this.box.querySelector("svg[data-element-id], .djs-container svg")?.setAttribute("aria-label", t("Diagram of {name}", { name: this.name }));
  }

  async load(xml) {
    await this.modeler.importXML(toScreen(xml, this.language));
    this.box.querySelector(".djs-container > svg")?.setAttribute("aria-label", t("Diagram of {name}", { name: this.name }));
    this.fit();
    this.#paint();
    this.dispatchEvent(new CustomEvent("selected"));
  }

  // Another state of the same file, from the server: the view stays where it is.
  async replace(xml) {
    const canvas = this.get("canvas");
    const view = canvas.viewbox();
    const selected = this.selected?.id;
    await this.modeler.importXML(toScreen(xml, this.language));
    if (this.box.clientWidth) canvas.viewbox({ x: view.x, y: view.y, width: view.width, height: view.height });
    else this.fitLater = true;
    this.#paint();
    if (selected) this.select(selected, { scroll: false });
    else this.dispatchEvent(new CustomEvent("selected"));
    this.dispatchEvent(new CustomEvent("redrawn"));
  }

  // A part of the editor; null for those that a reader does not have.
  get(service) {
    return this.modeler.get(service, false);
  }

  async content() {
    const { xml } = await this.modeler.saveXML({ format: true });
    return toFile(xml, this.language);
  }

  get selected() {
    const found = this.get("selection").get();
    return found.length === 1 ? found[0] : null;
  }

  // What the properties are about: the selected element, else the whole.
  get subject() {
    const element = this.selected ?? this.get("canvas").getRootElement();
    return element.labelTarget ?? element;
  }

  element(id) {
    return this.get("elementRegistry").get(id);
  }

  select(id, { scroll = true } = {}) {
    const element = this.element(id);
    if (!element) {
      this.get("selection").select([]);
      return false;
    }
    const root = this.get("canvas").findRoot(element);
    if (root && root !== this.get("canvas").getRootElement()) this.get("canvas").setRootElement(root);
    if (element === root) this.get("selection").select([]);
    else this.get("selection").select(element);
    if (scroll && element !== root && this.box.offsetParent) this.get("canvas").scrollToElement(element, 80);
    return true;
  }

  together(change) {
    this.get("commandStack").execute("praxis.together", { change });
  }

  undo() {
    this.get("commandStack").undo();
  }

  redo() {
    this.get("commandStack").redo();
  }

  get canUndo() {
    return this.get("commandStack")?.canUndo() ?? false;
  }

  get canRedo() {
    return this.get("commandStack")?.canRedo() ?? false;
  }

  fit() {
    if (!this.box.clientWidth) {
      this.fitLater = true;
      return;
    }
    this.fitLater = false;
    const canvas = this.get("canvas");
    const { inner, outer } = canvas.viewbox();
    const wanted = Math.min((outer.width - PALETTE_PX - MARGIN_PX) / inner.width, (outer.height - 2 * MARGIN_PX) / inner.height, 1);
    const scale = Math.max(wanted, MIN_ZOOM);
    canvas.viewbox({ x: inner.x - PALETTE_PX / scale, y: inner.y - MARGIN_PX / scale, width: outer.width / scale, height: outer.height / scale });
  }

  zoom(factor) {
    const canvas = this.get("canvas");
    canvas.zoom(canvas.zoom() * factor);
  }

  shown() {
    if (!this.modeler) return;
    this.get("canvas").resized();
    if (this.fitLater) this.fit();
    if (this.selected) this.get("contextPad")?.open(this.selected, true); // it was placed while nothing was to see
  }

  mark(marks) {
    Object.assign(this.marks, marks);
    if (this.modeler) this.#paint();
  }

  #paint() {
    const canvas = this.get("canvas");
    const overlays = this.get("overlays");
    for (const [id, marker] of this.marked) if (this.element(id)) canvas.removeMarker(id, marker);
    for (const id of this.overlayIds) overlays.remove(id);
    this.marked = [];
    this.overlayIds = [];
    const add = (id, marker) => {
      if (!this.element(id)) return;
      canvas.addMarker(id, marker);
      this.marked.push([id, marker]);
    };
    for (const { id, kind } of this.marks.changes) add(id, kind === "add" ? "is-added" : "is-changed");
    this.#paintFindings(add, overlays);
    if (this.marks.coverage) {
      for (const id of this.marks.coverage.covered) add(id, "is-covered");
      for (const id of this.marks.coverage.missed) add(id, "is-missed");
    }
  }

  #paintFindings(add, overlays) {
    const byElement = new Map();
    for (const finding of this.marks.findings) {
      if (finding.element) byElement.set(finding.element, [...(byElement.get(finding.element) ?? []), finding]);
    }
    for (const [id, findings] of byElement) {
      const element = this.element(id);
      if (!element || element === this.get("canvas").getRootElement()) continue;
      const isError = findings.some((each) => each.severity === "error");
      add(id, isError ? "has-error" : "has-warning");
      const badge = h(
        "span",
        { class: `finding-badge ${isError ? "is-error" : "is-warning"}`, title: findings.map((each) => each.message).join("\n") },
        String(findings.length),
      );
      this.overlayIds.push(overlays.add(id, { position: { top: -10, left: -10 }, html: badge }));
    }
  }

  // A double click on a call activity opens what it calls; everything else edits the label.
  #follow(event) {
    const called = event.element.type === "bpmn:CallActivity" && event.element.businessObject.calledElement;
    if (!called || !event.originalEvent?.ctrlKey) return;
    event.stopPropagation();
    this.dispatchEvent(new CustomEvent("follow", { detail: called }));
  }
}
