// A copied element remembers what it was copied from: its praxis:uid is the original's uid, else the original's id.
function Lineage(eventBus) {
  eventBus.on("copyPaste.copyElement", ({ descriptor, element }) => {
    descriptor.lineage = element.businessObject.get("praxis:uid") || element.businessObject.id;
  });
  eventBus.on("copyPaste.pasteElement", 400, ({ descriptor }) => {
    const copied = descriptor.businessObject;
    if (copied && descriptor.lineage && !descriptor.labelTarget) copied.set("praxis:uid", descriptor.lineage);
  });
}
Lineage.$inject = ["eventBus"];

// Several changes that are one step for undo: commandStack.execute("praxis.together", { change: () => { … } }).
function Together(commandStack) {
  commandStack.registerHandler("praxis.together", function handler() {
    this.preExecute = (context) => context.change();
  });
}
Together.$inject = ["commandStack"];

export const lineageModule = { __init__: ["praxisLineage", "praxisTogether"], praxisLineage: ["type", Lineage], praxisTogether: ["type", Together] };
