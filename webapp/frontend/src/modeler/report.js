// What an import from another tool mapped, dropped, and left to be decided.
import { h } from "./dom.js";
import { t } from "./text.js";

export const REPORT = "import_report.json";

export function importReport(text, desk) {
  const report = JSON.parse(text);
  return [
    h("p", { class: "prop-note" }, t("Imported from {tool}.", { tool: report.exporter || report.tool })),
    section(t("To be decided before it can run"), report.decisions, desk),
    section(t("Left out"), report.dropped, desk),
    section(t("Taken over"), report.mapped, desk),
  ];
}

function section(title, items, desk) {
  return h(
    "section",
    { class: "card mb-3" },
    h("div", { class: "card-header" }, h("h2", { class: "card-title" }, `${title} (${items.length})`)),
    items.length ? h("ul", { class: "side-list" }, items.map((item) => line(item, desk))) : h("p", { class: "card-body text-secondary mb-0" }, t("nothing")),
  );
}

function line(item, desk) {
  const place = item.element_id && h("button", { type: "button", class: "btn-as-link", onclick: () => desk.goToElement(item.element_id) }, item.element_name || item.element_id);
  const times = item.count > 1 ? ` (${t("{count} times", { count: item.count })})` : "";
  return h("li", {}, h("div", { class: "side-item" }, place, h("span", { class: "side-text" }, item.what + times), item.remedy ? h("span", { class: "side-more" }, `→ ${item.remedy}`) : null));
}
