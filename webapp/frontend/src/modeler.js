// The analyst's modeler: one practice variant, its processes, decisions and forms.
import { startModeler } from "./modeler/page.js";

document.addEventListener("DOMContentLoaded", () => startModeler(document.querySelector("[data-modeler]")));
