/**
 * Parameters and the trace: what Python must know.
 *
 * The browser keeps at most one edit in flight. Edits made meanwhile pile up in `pending`, where the
 * newest value of a parameter wins, and leave together when the answer comes. An answer older than
 * the last edit sent is dropped. An edit that stays without an answer may be lost, for instance by an
 * interrupt of the kernel: it is sent again, with what was edited since. Where the connection broke it
 * is ipywidgets' model that waits for ever, and holds back whatever is saved: from then on everything
 * goes as a message too, which it lets through.
 */
import { decode } from "./wire.js";

/**
 * The part of an anywidget model that a view uses; the harness and export_html bring their own.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {() => void} save_changes
 * @property {(content: any) => void} send
 * @property {(event: string, callback: () => void) => void} on
 * @property {(event: string, callback: () => void) => void} off
 * @property {() => { text: string, note: string } | undefined} [share]  what S copies instead of the state
 */
/** @typedef {import("./wire.js").Trace} Trace */
/** @typedef {"idle" | "sent" | "waiting" | "silent"} Waiting */

export const DIM_AFTER = 100; // ms: below it a wait is not felt
export const SILENT_AFTER = 10_000; // ms: by then the kernel is busy or gone
export const AGAIN_AFTER = 1_000; // ms from an edit until a silent kernel gets it
export const CURSOR_EVERY = 100; // ms between two reports of the cursor

// What nbconvert and ipywidgets' embed write at the end of a page: the view may move there, but no
// kernel hears it.
const SAVED = "body > [type*=widget-state]";
const NO_PYTHON =
  "This page is saved without Python: it shows one result and cannot compute a new one.";

export class Store {
  /**
   * @param {Model} model
   * @param {(why: "trace" | "edit" | "wait") => void} onChange  called after every change
   * @param {string[]} [keepOnError]  parameters that stay as typed when Python rejects them
   */
  constructor(model, onChange, keepOnError = []) {
    this.model = model;
    this.typed = keepOnError;
    this.changed = onChange;
    /** @type {Trace | null} */
    this.trace = null;
    /** @type {string | null} what went wrong, as one sentence */
    this.error = null;
    /** @type {Waiting} */
    this.waiting = "idle";
    /** @type {Record<string, any>} edits not sent yet */
    this.pending = {};
    /** @type {Record<string, any>} edits sent and not answered yet */
    this.inFlight = {};
    /** @type {Record<string, any>} what was typed and refused, shown until the next edit */
    this.rejected = {};
    this.sentSeq = -1;
    this.sentAt = 0;
    this.lost = false; // whether an edit ever was without an answer
    this.listen = () => this.receive();
    model.on("change:message", this.listen);
    this.receive();
  }

  /** The parameters as the controls show them: the newest known value of each. */
  get params() {
    return { ...this.trace?.header.params, ...this.rejected, ...this.inFlight, ...this.pending };
  }

  /**
   * Change parameters; the answer arrives as a new trace.
   * @param {Record<string, any>} patch
   */
  edit(patch) {
    if (globalThis.document?.querySelector(SAVED)) {
      this.error = NO_PYTHON;
      return this.changed("edit");
    }
    Object.assign(this.pending, patch);
    this.rejected = {};
    if (this.waiting === "idle") this.send();
    if (this.waiting === "silent") this.askAgain(AGAIN_AFTER);
    this.changed("edit");
  }

  /** Go back to the parameters that Python made this explorer with. */
  reset() {
    const { params, initial } = this.trace?.header ?? {};
    this.edit({ ...params, ...initial });
  }

  send() {
    Object.assign(this.inFlight, this.pending);
    this.pending = {};
    this.sentSeq = Math.max(this.model.get("_seq") ?? 0, this.sentSeq) + 1;
    this.sentAt = performance.now();
    if (this.waiting === "idle") this.setWaiting("sent");
    this.save({ ...this.inFlight, _seq: this.sentSeq });
  }

  /**
   * Set traits, and send them to Python.
   * @param {Record<string, any>} traits
   */
  save(traits) {
    for (const name in traits) this.model.set(name, traits[name]);
    this.model.save_changes();
    if (this.lost) this.model.send(traits);
  }

  receive() {
    const message = this.model.get("message");
    if (!message?.header) return;
    if (message.header.seq < this.sentSeq) return; // stale
    try {
      this.trace = decode(message);
      this.error = message.header.error ?? null;
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
    const typed = Object.entries(this.inFlight).filter(([name]) => this.typed.includes(name));
    this.rejected = this.error ? Object.fromEntries(typed) : {};
    this.inFlight = {};
    this.setWaiting("idle");
    if (Object.keys(this.pending).length) this.send();
    this.changed("trace");
  }

  /** @param {Waiting} state */
  setWaiting(state) {
    clearTimeout(this.dimTimer);
    clearTimeout(this.silentTimer);
    this.waiting = state;
    if (state !== "sent") return;
    this.dimTimer = setTimeout(() => this.warnLate("waiting"), DIM_AFTER);
    this.askAgain(SILENT_AFTER);
  }

  /**
   * Send the edit again when there is no answer, ever less often: the kernel may only be busy.
   * @param {number} after  ms
   */
  askAgain(after) {
    clearTimeout(this.silentTimer);
    this.silentTimer = setTimeout(() => {
      this.lost = true;
      this.warnLate("silent");
      this.send();
      this.askAgain(2 * after);
    }, after);
  }

  /** @param {Waiting} state */
  warnLate(state) {
    this.waiting = state;
    this.changed("wait");
  }

  /**
   * Send the cursor to Python, at most ten times a second, and always the last one. In marimo, which
   * runs the cells that read a view again for whatever it sends, it waits for the next edit.
   * @param {Record<string, any>} cursor
   */
  reportCursor(cursor) {
    this.cursor = cursor;
    this.cursorTimer ??= setTimeout(() => {
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      this.cursorTimer = undefined;
      if (JSON.stringify(this.cursor) === JSON.stringify(this.model.get("cursor"))) return;
      if (globalThis.customElements?.get("marimo-anywidget")) this.model.set("cursor", this.cursor);
      else this.save({ cursor: this.cursor });
    }, CURSOR_EVERY);
  }

  /**
   * Send a prediction to Python: the newest answer to a question replaces the older one.
   * @param {{ question: string, answer: any, correct: boolean }} answer
   */
  reportAnswer(answer) {
    /** @type {typeof answer[]} */
    const before = this.model.get("answers") ?? [];
    this.save({ answers: [...before.filter((a) => a.question !== answer.question), answer] });
  }

  close() {
    this.model.off("change:message", this.listen);
    this.setWaiting("idle");
    clearTimeout(this.cursorTimer);
  }
}
