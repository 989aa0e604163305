// What the modeler says: English stands in the code, Chinese in chinese.js. Placeholders look like {name}.
let words = {};

export async function speak(language) {
  if (language !== "en") words = (await import("./chinese.js")).chinese;
}

export function t(text, values = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// The diagram libraries ask here for their words.
export const translateModule = { translate: ["value", t] };
