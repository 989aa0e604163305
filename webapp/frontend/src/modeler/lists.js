// The lists beside the diagram: problems and changes.
import { h, redraw } from "./dom.js";
import { ask } from "./outline.js";
import { button, iconButton } from "./fields.js";
import { t } from "./text.js";

export class Problems {
  constructor(box, desk) {
    Object.assign(this, { box, desk });
  }

  render() {
    const { findings } = this.desk.draft;
    const errors = findings.filter((each) => each.severity === "error").length;
    const summary = !findings.length
      ? t("Nothing is wrong. This practice can be deployed.")
      : errors
        ? t("{errors} errors and {warnings} warnings. Errors must be gone before this practice can be deployed.", { errors, warnings: findings.length - errors })
        : t("{warnings} warnings. This practice can be deployed.", { warnings: findings.length });
    redraw(this.box, [
      h("p", { class: "prop-note", role: "status" }, summary),
      h("ul", { class: "side-list" }, this.#sorted(findings).map((finding, number) => this.#item(finding, number))),
    ]);
  }

  // The file on screen first.
  #sorted(findings) {
    const rank = (each) => (each.severity === "error" ? 0 : 2) + (each.file === this.desk.fileName ? 0 : 1);
    return [...findings].sort((a, b) => rank(a) - rank(b));
  }

  #item(finding, number) {
    const place = finding.name || finding.element;
    return h(
      "li",
      { class: finding.severity === "error" ? "is-error" : "is-warning" },
      h(
        "button",
        { type: "button", class: "side-item", "data-keep": `finding-${number}`, onclick: () => this.desk.go(finding.file, finding.element) },
        h("span", { class: "side-kind" }, finding.severity === "error" ? t("Error") : t("Warning")),
        place ? h("strong", {}, place) : null,
        h("span", { class: "side-text" }, finding.message),
        h("span", { class: "side-more" }, `${finding.file} · ${finding.rule}`),
      ),
    );
  }
}

export class Changes {
  constructor(box, desk) {
    Object.assign(this, { box, desk });
  }

  render() {
    const { changes, mayEdit, hasDraft } = this.desk.draft;
    redraw(this.box, [
      h("p", { class: "prop-note", role: "status" }, changes.length === 1 ? t("One change against the origin.") : changes.length ? t("{number} changes against the origin. Each can be taken back alone.", { number: changes.length }) : t("No changes against the origin yet.")),
      mayEdit ? button(t("Make a version"), () => this.#makeVersion(), { symbol: "device-floppy", keep: "make-version", disabled: !hasDraft }) : null,
      h("ul", { class: "side-list" }, changes.map((change) => this.#item(change, mayEdit))),
    ]);
  }

  #item(change, mayEdit) {
    return h(
      "li",
      { class: `is-change kind-${change.kind}` },
      h(
        "button",
        { type: "button", class: "side-item", "data-keep": `change-${change.id}`, onclick: () => this.desk.go(change.file, change.element) },
        h("span", { class: "side-text" }, change.text),
        h("span", { class: "side-more" }, [change.file, ...change.tags].join(" · ")),
      ),
      mayEdit ? iconButton("arrow-back-up", t("Take back: {text}", { text: change.text }), () => this.#undo(change), { keep: `undo-${change.id}` }) : null,
    );
  }

  async #undo(change) {
    try {
      await this.desk.draft.undoChange(change.id);
      this.desk.notice(t("Taken back: {text}", { text: change.text }), "success");
    } catch (error) {
      this.desk.notice(error.message);
    }
  }

  #makeVersion() {
    const note = h("textarea", { class: "form-control", rows: "3", id: "version-note", required: true });
    ask(t("Make a version"), [h("label", { class: "form-label required", for: "version-note" }, t("What is new in it?")), note], t("Make a version"), async () => {
      try {
        await this.desk.draft.makeVersion(note.value.trim());
        this.desk.notice(t("The version is kept."), "success");
      } catch (error) {
        this.desk.notice(error.message);
      }
    });
  }
}
