// Names on the diagram in the reader's language. In the file the English name is the name and the Chinese one a property
// (name:zh); on a Chinese screen they change places, so that labels are read and edited in Chinese.
const BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const OURS = "urn:praxis:bpmn:1";
const KEEP = new Set(["message", "signal", "error", "escalation", "itemDefinition", "definitions"]); // their names mean something
const NAMED = ["task", "userTask", "serviceTask", "sendTask", "receiveTask", "manualTask", "scriptTask", "businessRuleTask",
  "callActivity", "subProcess", "transaction", "adHocSubProcess", "startEvent", "endEvent", "boundaryEvent",
  "intermediateCatchEvent", "intermediateThrowEvent", "exclusiveGateway", "parallelGateway", "inclusiveGateway",
  "eventBasedGateway", "complexGateway", "sequenceFlow", "lane", "participant"]; // prettier-ignore
const CHINESE = /[\u3400-\u9fff]/;

function swap(xml, from, to) {
  const parsed = new DOMParser().parseFromString(xml, "application/xml");
  if (parsed.getElementsByTagName("parsererror").length) return xml;
  for (const property of [...parsed.getElementsByTagNameNS(OURS, "property")]) {
    const element = property.parentElement?.parentElement;
    if (property.getAttribute("name") !== from || element?.namespaceURI !== BPMN || KEEP.has(element.localName)) continue;
    const shown = element.getAttribute("name") ?? "";
    const hidden = property.getAttribute("value") ?? "";
    if (hidden) element.setAttribute("name", hidden);
    else element.removeAttribute("name");
    property.setAttribute("name", to);
    property.setAttribute("value", shown);
  }
  return parsed;
}

const print = (parsed) => (typeof parsed === "string" ? parsed : new XMLSerializer().serializeToString(parsed));

export function toScreen(xml, language) {
  return language === "en" ? xml : print(swap(xml, "name:zh", "name:en"));
}

export function toFile(xml, language) {
  if (language === "en") return xml;
  const parsed = swap(xml, "name:en", "name:zh");
  if (typeof parsed !== "string") for (const local of NAMED) for (const element of parsed.getElementsByTagNameNS(BPMN, local)) nameInChinese(element);
  return print(parsed);
}

// What is named in Chinese for the first time has that name in both places until somebody translates it.
function nameInChinese(element) {
  const name = element.getAttribute("name");
  if (!name || !CHINESE.test(name)) return;
  let extensions = [...element.children].find((each) => each.localName === "extensionElements");
  const has = extensions && [...extensions.children].some((each) => each.getAttribute("name") === "name:zh");
  if (has) return;
  const parsed = element.ownerDocument;
  const prefix = element.prefix ? `${element.prefix}:` : "";
  if (!extensions) {
    extensions = parsed.createElementNS(BPMN, `${prefix}extensionElements`);
    const documentation = [...element.children].filter((each) => each.localName === "documentation").at(-1);
    if (documentation) documentation.after(extensions);
    else element.prepend(extensions);
  }
  const property = parsed.createElementNS(OURS, "praxis:property");
  property.setAttribute("name", "name:zh");
  property.setAttribute("value", name);
  extensions.append(property);
}
