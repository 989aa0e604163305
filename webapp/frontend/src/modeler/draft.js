// The files of the variant: what is saved, what is not yet, findings and words. Saves by itself, checks as you type.
import { later } from "./dom.js";

const SAVE_AFTER_MS = 1200;
const CHECK_AFTER_MS = 350;
const RETRY_AFTER_MS = 8000;

export class Draft extends EventTarget {
  constructor(server) {
    super();
    this.server = server;
    this.files = new Map(); // name → { kind, digest, content?, unsaved?, isChanged }
    this.changes = [];
    this.findings = [];
    this.words = { variables: {}, forms: [], decisions: [], processes: [], roles: [], topics: [], touchpoints: [], messages: [], signals: [], errors: [], functions: [], built_in: [], trusted: [] };
    this.saveState = "saved";
    this.saveSoon = later(SAVE_AFTER_MS, () => this.save());
    this.checkSoon = later(CHECK_AFTER_MS, () => this.check());
    this.pending = new Map(); // name → function that gives its content when needed
    this.checks = 0;
    addEventListener("beforeunload", (event) => {
      if (this.hasUnsaved()) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.hasUnsaved()) this.saveSoon.now();
    });
  }

  tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  async open() {
    const state = await this.server.get("state");
    Object.assign(this, { title: state.title, main: state.main, mayEdit: state.may_edit, scenarios: state.scenarios, paths: state.paths });
    this.take(state);
    return state;
  }

  take(answer) {
    if (answer.files) {
      const known = new Set(answer.files.map((each) => each.name));
      for (const row of answer.files) {
        const file = this.files.get(row.name) ?? {};
        this.files.set(row.name, { ...file, kind: row.kind, digest: row.digest, isChanged: row.is_changed });
      }
      for (const name of this.files.keys()) if (!known.has(name) && !this.pending.has(name)) this.files.delete(name);
      this.tell("files");
    }
    if (answer.has_draft !== undefined) this.hasDraft = answer.has_draft;
    if (answer.changes) {
      this.changes = answer.changes;
      this.tell("changes");
    }
    if (answer.findings) {
      this.findings = answer.findings;
      this.words = answer.words;
      this.tell("findings");
    }
  }

  names(kind) {
    return [...this.files].filter(([, file]) => file.kind === kind).map(([name]) => name).sort();
  }

  async content(name) {
    const file = this.files.get(name);
    if (file.unsaved !== undefined) return file.unsaved;
    if (file.content === undefined) {
      const answer = await this.server.get(`files/${encodeURI(name)}`);
      file.content = answer.content;
      file.digest = answer.digest;
    }
    return file.content;
  }

  hasUnsaved() {
    return this.pending.size > 0 || this.saveState === "saving";
  }

  // `read` gives the file's content; it is called when it is time to check or save.
  changed(name, read) {
    if (!this.mayEdit) return;
    if (!this.files.has(name)) this.files.set(name, { kind: read.kind ?? "form", digest: null, content: "", isChanged: true });
    this.pending.set(name, read);
    this.setState("unsaved");
    this.saveSoon();
    this.checkSoon();
  }

  setState(state, message = "") {
    this.saveState = state;
    this.saveMessage = message;
    this.tell("state");
  }

  async unsaved() {
    const files = {};
    for (const [name, read] of this.pending) {
      files[name] = await read();
      const file = this.files.get(name);
      if (file) file.unsaved = files[name];
    }
    return files;
  }

  async check() {
    const number = ++this.checks;
    try {
      const answer = await this.server.post("check", { files: await this.unsaved() });
      if (number === this.checks) this.take(answer);
    } catch (error) {
      if (number === this.checks) this.tell("notice", { text: error.message });
    }
  }

  async save() {
    if (this.saving) return this.saving;
    this.saving = this.#saveAll().finally(() => (this.saving = null));
    return this.saving;
  }

  async #saveAll() {
    let isSaved = false;
    while (this.pending.size) {
      const [name, read] = this.pending.entries().next().value;
      const file = this.files.get(name);
      if (file.conflict) return;
      this.setState("saving");
      try {
        const content = await read();
        this.pending.delete(name);
        file.unsaved = content;
        const answer = await this.server.post(`files/${encodeURI(name)}`, { content, expected_digest: file.digest });
        Object.assign(file, { digest: answer.digest, content, unsaved: this.pending.has(name) ? file.unsaved : undefined });
        isSaved = true;
      } catch (error) {
        if (!this.pending.has(name)) this.pending.set(name, read);
        return this.#notSaved(name, file, error);
      }
    }
    this.setState("saved");
    if (isSaved) await this.#askForChanges();
  }

  async #askForChanges() {
    try {
      this.take(await this.server.get("changes"));
    } catch (error) {
      this.tell("notice", { text: error.message });
    }
  }

  #notSaved(name, file, error) {
    if (error.status === 409) {
      file.conflict = error.answer?.current_digest ?? true;
      this.setState("conflict", error.message);
      this.tell("conflict", { name, text: error.message });
    } else {
      this.setState("offline", error.message);
      if (error.status === 0 || error.status === 401 || error.status >= 500) setTimeout(() => this.save(), RETRY_AFTER_MS);
    }
  }

  // After a conflict: keep what is on this screen (over the other person's) or take theirs.
  async keepMine(name) {
    const file = this.files.get(name);
    const answer = await this.server.get(`files/${encodeURI(name)}`);
    Object.assign(file, { digest: answer.digest, conflict: undefined });
    await this.save();
  }

  async takeTheirs(name) {
    const file = this.files.get(name);
    this.pending.delete(name);
    Object.assign(file, { conflict: undefined, unsaved: undefined, content: undefined });
    this.setState("saved");
    this.tell("replaced", { names: [name] });
    this.checkSoon();
  }

  async undoChange(id) {
    await this.save();
    const answer = await this.server.post("undo", { id });
    for (const [name, each] of Object.entries(answer.contents)) {
      this.files.set(name, { ...this.files.get(name), content: each.content, digest: each.digest, unsaved: undefined });
    }
    for (const name of answer.removed) this.files.delete(name);
    this.take(answer);
    this.tell("replaced", { names: [...Object.keys(answer.contents), ...answer.removed] });
  }

  async removeFile(name) {
    const file = this.files.get(name);
    this.pending.delete(name);
    if (file.digest) this.take(await this.server.delete(`files/${encodeURI(name)}?expected_digest=${file.digest}`));
    this.files.delete(name);
    this.tell("files");
    this.checkSoon();
  }

  async makeVersion(message) {
    await this.save();
    this.take(await this.server.post("versions", { message }));
  }
}
