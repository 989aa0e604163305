// Talks to webapp/pages/modeler.py. Errors are sentences for the person.
import { t } from "./text.js";

export class Refused extends Error {
  constructor(status, message, answer) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

export class Server {
  constructor(base) {
    this.base = base;
  }

  get(path) {
    return this.#send("GET", path);
  }

  post(path, body = {}) {
    return this.#send("POST", path, body);
  }

  delete(path) {
    return this.#send("DELETE", path);
  }

  async text(path, body) {
    return (await this.#fetch(body ? "POST" : "GET", path, body, "text/html")).text();
  }

  async #send(method, path, body) {
    return (await this.#fetch(method, path, body, "application/json")).json();
  }

  async #fetch(method, path, body, accept) {
    let answer;
    try {
      answer = await fetch(this.base + path, {
        method,
        headers: {
          Accept: accept,
          "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.content ?? "",
          ...(body ? { "Content-Type": "application/json" } : {}),
        },
        body: body ? JSON.stringify(body) : undefined,
      });
    } catch {
      throw new Refused(0, t("The server cannot be reached. Your changes stay here; they are saved when it answers again."));
    }
    if (answer.ok && !answer.redirected) return answer;
    if (answer.redirected || answer.status === 401) throw new Refused(401, t("You are signed out. Sign in in another tab; your changes stay here."));
    const problem = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, problem.detail || t("Something went wrong on our side"), problem);
  }
}
