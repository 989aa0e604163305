// A BPMN diagram with the token, the done path and badges; reachable by keyboard.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

const BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const OURS = "urn:praxis:bpmn:1";

// The model carries Chinese names as properties; show them to Chinese readers.
function inLanguage(xml, language) {
  if (language === "en") return xml;
  const parsed = new DOMParser().parseFromString(xml, "application/xml");
  for (const property of parsed.getElementsByTagNameNS(OURS, "property")) {
    if (property.getAttribute("name") !== `name:${language}`) continue;
    const element = property.parentElement?.parentElement;
    if (element?.namespaceURI === BPMN) element.setAttribute("name", property.getAttribute("value"));
  }
  return new XMLSerializer().serializeToString(parsed);
}

function badge(text, kind, label) {
  const element = document.createElement("span");
  element.className = `diagram-badge diagram-badge-${kind}`;
  element.textContent = text;
  element.title = label;
  return element;
}

export async function showDiagram(box) {
  box.dataset.ready = "yes";
  const state = JSON.parse(box.dataset.diagram || "{}");
  const words = JSON.parse(box.dataset.words || "{}");
  const canvasBox = box.querySelector("[data-canvas]");
  const note = box.querySelector("[data-diagram-note]");
  const viewer = new NavigatedViewer({ container: canvasBox });
  try {
    const answer = await fetch(box.dataset.model);
    if (!answer.ok) throw new Error(answer.statusText);
    await viewer.importXML(inLanguage(await answer.text(), box.dataset.language));
  } catch (error) {
    if (note) note.textContent = `${words.failed} ${error.message}`;
    return;
  }
  if (note) note.remove();
  mark(viewer, state, words);
  const canvas = viewer.get("canvas");
  fit(canvas, viewer, state.focus);
  makeReachable(canvasBox, viewer, state, box);
  wireButtons(box, canvas, viewer);
  new ResizeObserver(() => canvas.resized()).observe(canvasBox);
}

// Colour alone says nothing to some readers: every mark has a sign, too.
const SIGNS = { added: "+", removed: "−", changed: "~", moved: "↔", conflict: "!" };

function mark(viewer, state, words) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  const known = (id) => registry.get(id);
  for (const id of state.done ?? []) if (known(id)) canvas.addMarker(id, "is-done");
  for (const id of state.flows ?? []) if (known(id)) canvas.addMarker(id, "is-taken");
  for (const [id, count] of Object.entries(state.active ?? {})) {
    if (!known(id)) continue;
    canvas.addMarker(id, "is-active");
    overlays.add(id, { position: { top: -12, left: -12 }, html: badge(count, "active", words.active) });
  }
  for (const [id, counts] of Object.entries(state.badges ?? {})) {
    if (!known(id)) continue;
    if (counts.incidents)
      overlays.add(id, { position: { top: -12, right: 14 }, html: badge(counts.incidents, "incident", words.incidents) });
    if (counts.overdue)
      overlays.add(id, { position: { bottom: 10, right: 14 }, html: badge(counts.overdue, "overdue", words.overdue) });
  }
  for (const [id, kind] of Object.entries(state.marks ?? {})) {
    const element = known(id);
    if (!element) continue;
    canvas.addMarker(id, `is-${kind}`);
    const side = state.active?.[id] ? { right: 14 } : { left: -12 }; // the count of tokens stands on the left
    if (SIGNS[kind] && !element.waypoints && !element.children?.length)
      overlays.add(id, { position: { top: -12, ...side }, html: badge(SIGNS[kind], kind, words[kind]) });
  }
  for (const id of state.incidents ?? []) {
    if (!known(id)) continue;
    canvas.addMarker(id, "is-stopped");
    overlays.add(id, { position: { top: -12, right: 14 }, html: badge("!", "incident", words.incidents) });
  }
}

const MIN_ZOOM = 0.55;

// The whole diagram where it stays readable, else the part around the token.
function fit(canvas, viewer, focus) {
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() >= MIN_ZOOM) return;
  const element = focus && viewer.get("elementRegistry").get(focus);
  canvas.zoom(MIN_ZOOM);
  if (element) canvas.scrollToElement(element, { top: 120, left: 160, bottom: 120, right: 160 });
  else {
    const { inner, outer } = canvas.viewbox();
    canvas.viewbox({ x: inner.x - 20, y: inner.y - 20, width: outer.width / MIN_ZOOM, height: outer.height / MIN_ZOOM });
  }
}

function makeReachable(canvasBox, viewer, state, box) {
  const link = box.dataset.elementLink;
  const svg = canvasBox.querySelector("svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", box.getAttribute("aria-label") || "");
  canvasBox.addEventListener("keydown", (event) => {
    const canvas = viewer.get("canvas");
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) canvas.scroll({ dx: step[0], dy: step[1] });
    else if (event.key === "+" || event.key === "=") canvas.zoom(canvas.zoom() * 1.2);
    else if (event.key === "-") canvas.zoom(canvas.zoom() / 1.2);
    else if (event.key === "0") canvas.zoom("fit-viewport", "auto");
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  if (link) {
    viewer.get("eventBus").on("element.click", ({ element }) => {
      if (state.badges?.[element.id]) window.location = link.replace("__element__", encodeURIComponent(element.id));
    });
  }
}

function wireButtons(box, canvas, viewer) {
  const actions = {
    in: () => canvas.zoom(canvas.zoom() * 1.25),
    out: () => canvas.zoom(canvas.zoom() / 1.25),
    fit: () => canvas.zoom("fit-viewport", "auto"),
    token: () => fit(canvas, viewer, JSON.parse(box.dataset.diagram).focus),
  };
  for (const button of box.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => actions[button.dataset.zoom]());
  }
}
