export function startModeler() {}
