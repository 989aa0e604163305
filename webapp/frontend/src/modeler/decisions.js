// Decision files: tables, literal expressions and the requirements diagram, by dmn-js.
import DmnModeler from "dmn-js/lib/Modeler";
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-drd.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-decision-table-controls.css";
import "dmn-js/dist/assets/dmn-js-literal-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression-controls.css";
import "dmn-js/dist/assets/dmn-font/css/dmn.css";
import { h } from "./dom.js";
import { t, translateModule } from "./text.js";

export class DecisionEditor extends EventTarget {
  constructor(name) {
    super();
    this.name = name;
    this.views = h("div", { class: "btn-group mb-2", role: "group", "aria-label": t("Decisions of the file") });
    this.canvas = h("div", { class: "decision-canvas" });
    this.box = h("div", { class: "decision-editor" }, this.views, this.canvas);
    this.watched = new WeakSet();
  }

  async open(xml) {
    const parts = { additionalModules: [translateModule] };
    this.modeler = new DmnModeler({ container: this.canvas, drd: parts, decisionTable: parts, literalExpression: parts, boxedExpression: parts });
    this.modeler.on("views.changed", () => this.#viewsChanged());
    await this.load(xml);
  }

  async load(xml) {
    this.isLoading = true;
    await this.modeler.importXML(xml);
    const views = this.modeler.getViews();
    const table = views.find((view) => view.type === "decisionTable") ?? views.find((view) => view.type === "literalExpression");
    if (table) await this.modeler.open(table);
    this.isLoading = false;
  }

  replace(xml) {
    return this.load(xml);
  }

  async content() {
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  shown() {
    const viewer = this.modeler?.getActiveViewer();
    if (this.modeler?.getActiveView()?.type === "drd") viewer.get("canvas").zoom("fit-viewport");
  }

  #viewsChanged() {
    const active = this.modeler.getActiveView();
    this.views.replaceChildren(
      ...this.modeler.getViews().map((view) => {
        const name = view.type === "drd" ? t("Overview") : view.name || view.id;
        return h("button", { type: "button", class: `btn btn-sm ${view === active ? "active" : ""}`, "aria-pressed": String(view.element === active?.element), onclick: () => this.modeler.open(view).then(() => this.shown()) }, name);
      }),
    );
    const viewer = this.modeler.getActiveViewer();
    if (!viewer || this.watched.has(viewer)) return;
    this.watched.add(viewer);
    viewer.get("eventBus").on("commandStack.changed", ({ trigger }) => {
      if (!this.isLoading && trigger !== "clear") this.dispatchEvent(new CustomEvent("changed"));
    });
  }

  #stack() {
    return this.modeler?.getActiveViewer()?.get("commandStack", false);
  }

  undo() {
    this.#stack()?.undo();
  }

  redo() {
    this.#stack()?.redo();
  }

  get canUndo() {
    return Boolean(this.#stack()?.canUndo());
  }

  get canRedo() {
    return Boolean(this.#stack()?.canRedo());
  }
}
