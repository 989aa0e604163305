// On every page: look, htmx, forms, diagrams (loaded when one is there), keyboard.
import "@tabler/core/dist/css/tabler.min.css";
import "./app.css";
import "./charts.css";
import "./migration.css";
import "./method.css";
import "./print.css";
import "@tabler/core/dist/js/tabler.esm.min.js";
import "htmx.org";
import { enhanceForms } from "./forms.js";
import { startKeyboard } from "./keyboard.js";
import { startTheme } from "./theme.js";

async function enhance(root) {
  enhanceForms(root);
  for (const control of root.querySelectorAll("[data-submit-on-change]:not([data-ready])")) {
    control.dataset.ready = "yes";
    control.addEventListener("change", () => control.form.requestSubmit());
  }
  for (const button of root.querySelectorAll("[data-print]:not([data-ready])")) {
    button.dataset.ready = "yes";
    button.addEventListener("click", () => window.print());
  }
  for (const box of root.querySelectorAll("[data-check-all]:not([data-ready])")) {
    box.dataset.ready = "yes";
    box.addEventListener("change", () => {
      for (const each of box.closest("form, table").querySelectorAll('input[type="checkbox"][name="ids"]')) {
        each.checked = box.checked;
        each.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }
  // What is folded away is drawn when somebody unfolds it: a diagram needs a size, and most are never looked at.
  const diagrams = [...root.querySelectorAll("[data-diagram]:not([data-ready])")].filter(
    (each) => !each.closest("details:not([open])"),
  );
  const charts = [...root.querySelectorAll("[data-chart]:not([data-ready])")].filter(
    (each) => !each.closest("details:not([open])"),
  );
  if (charts.length) {
    const { showChart } = await import("./charts.js");
    charts.filter((each) => !each.dataset.ready).forEach(showChart);
  }
  if (diagrams.length) {
    const { showDiagram } = await import("./diagram.js");
    diagrams.filter((each) => !each.dataset.ready).forEach(showDiagram);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  startKeyboard();
  enhance(document.body);
  document.body.addEventListener("toggle", (event) => event.target.open && enhance(event.target), true);
  // Whatever htmx puts into the page gets the same treatment.
  new MutationObserver((changes) => {
    if (changes.some((change) => [...change.addedNodes].some((node) => node.nodeType === 1))) enhance(document.body);
  }).observe(document.body, { childList: true, subtree: true });
});
