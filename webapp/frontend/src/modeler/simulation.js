// Token simulation: the model as drawn, with tokens that the person moves on. A second canvas over the first one.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import TokenSimulation from "bpmn-js-token-simulation/lib/viewer";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import { h } from "./dom.js";
import { button } from "./fields.js";
import { toScreen } from "./names.js";
import { t, translateModule } from "./text.js";

export async function simulate(place, xml, language, onClose) {
  const canvasBox = h("div", { class: "modeler-canvas" });
  const close = () => {
    viewer.destroy();
    box.remove();
    onClose();
  };
  const box = h(
    "div",
    { class: "simulation", role: "region", "aria-label": t("Token simulation") },
    h("div", { class: "simulation-bar" }, h("span", {}, t("Click the start event to send a token; click the marks to choose ways and to go on.")), button(t("Close the simulation"), close, { symbol: "x" })),
    canvasBox,
  );
  place.append(box);
  const viewer = new NavigatedViewer({ container: canvasBox, additionalModules: [translateModule, TokenSimulation] });
  await viewer.importXML(toScreen(xml, language));
  viewer.get("canvas").zoom("fit-viewport", "auto");
  viewer.get("toggleMode").toggleMode(true);
  box.querySelector("button").focus();
  return close;
}
