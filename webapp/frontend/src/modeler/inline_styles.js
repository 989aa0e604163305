// The page's policy refuses style="…" in markup. vite.config.js renames it to data-style in the diagram libraries;
// what they put into the page is styled here, through the object model, which the policy allows.
function apply(element) {
  for (const text of element.dataset.style.split(";")) {
    const [name, value] = [text.slice(0, text.indexOf(":")).trim(), text.slice(text.indexOf(":") + 1).trim()];
    if (name) element.style.setProperty(name, value.replace(/\s*!important$/, ""));
  }
  delete element.dataset.style;
}

function applyWithin(node) {
  if (node.nodeType !== 1) return;
  if (node.dataset?.style) apply(node);
  for (const element of node.querySelectorAll("[data-style]")) apply(element);
}

export function keepInlineStyles(root) {
  applyWithin(root);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) applyWithin(node);
  }).observe(root, { childList: true, subtree: true });
}
