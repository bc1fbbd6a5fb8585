/**
 * The part of a widget's model that a view uses, with no kernel behind it.
 *
 * `core` (js/core) answers edits where the page carries it. Elsewhere a parameter of `inMessage` may change,
 * since the message shows all its values; for the rest a kernel would be needed.
 */
import { nextTask } from "../kit/frame_timing.js";
import { same, shortJson } from "./link.js";

/** @typedef {Record<string, any>} Params */
/** @typedef {{ header: Record<string, any>, buffer: ArrayBuffer | ArrayBufferView }} Message */
/**
 * @typedef {object} Core
 * @property {(edits: Params, seq: number) => Message} answer
 * @property {(changes: Params, seq: number) => Message} restore
 * @property {(query: { n: number, text: string }) => any} [search]  the words that match what is typed
 * @property {(members: { n: number, rows: number[] }, selection: number[]) => any} [kept]  neighbors that the map keeps
 */
/**
 * What `html_export.py` writes into the page.
 * @typedef {object} Page
 * @property {string} script
 * @property {string} style
 * @property {Params} traits
 * @property {string[]} inMessage
 * @property {string[]} names  of the controls that can be hidden
 * @property {string} core
 * @property {any} coreData
 * @property {string} noPython
 */

export class Model {
  /**
   * @param {Pick<Page, "traits" | "inMessage" | "noPython">} page
   * @param {Core | null} core
   */
  constructor(page, core) {
    this.page = page;
    this.core = core;
    this.traits = page.traits;
    /** @type {Params} the parameters with which the page was saved */
    this.saved = page.traits.message.header.params;
    /** @type {Map<string, Function[]>} */
    this.heard = new Map();
    this.dirty = new Set();
    /** @type {import("../kit/store.js").Model["share"]} */
    this.share = undefined;
  }

  /** @param {string} name */
  get(name) {
    return this.traits[name];
  }

  /** @param {string | Params} name @param {any} [value] */
  set(name, value) {
    const values = typeof name === "object" ? name : { [name]: value };
    const changed = Object.keys(values).filter((key) => !same(values[key], this.traits[key]));
    Object.assign(this.traits, values);
    for (const key of changed) {
      this.dirty.add(key);
      this.tell(`change:${key}`, values[key]);
    }
    if (changed.length) this.tell("change");
  }

  /** @param {string} event @param {Function} callback */
  on(event, callback) {
    this.heard.set(event, [...(this.heard.get(event) ?? []), callback]);
  }

  /** @param {string} event @param {Function} [callback] */
  off(event, callback) {
    const kept = (this.heard.get(event) ?? []).filter((c) => callback && c !== callback);
    this.heard.set(event, kept);
  }

  /** @param {string} event @param {any[]} values */
  tell(event, ...values) {
    for (const call of this.heard.get(event) ?? []) call(this, ...values);
  }

  send() {}

  save_changes() {
    const asked = this.dirty.has("_seq");
    if (this.dirty.has("_query")) nextTask(() => this.search());
    if (this.dirty.has("_members")) nextTask(() => this.measure());
    this.dirty.clear();
    if (asked) nextTask(() => this.answer());
  }

  search() {
    const matches = this.core?.search?.(this.traits._query);
    if (matches) this.set("_matches", matches);
  }

  measure() {
    const { _members, selection } = this.traits;
    const kept = this.core?.kept?.(_members, selection);
    if (kept) this.set("_member_facts", kept);
  }

  answer() {
    const { message, _seq } = this.traits;
    const { params } = message.header;
    const edits = Object.fromEntries(
      Object.keys(params)
        .filter((name) => !same(this.traits[name], params[name]))
        .map((name) => [name, this.traits[name]]),
    );
    this.take(this.core ? this.core.answer(edits, _seq) : this.answerFromMessage(edits));
  }

  /** @param {Message} message */
  take(message) {
    Object.assign(this.traits, message.header.params, { message });
    this.tell("change:message", message);
    this.tell("change");
  }

  /** @param {Params} edits @returns {Message} */
  answerFromMessage(edits) {
    const { header, buffer } = this.traits.message;
    const params = { ...header.params };
    let error = null;
    for (const [name, value] of Object.entries(edits)) {
      if (this.page.inMessage.includes(name)) params[name] = value;
      else error = this.page.noPython;
    }
    return { header: { ...header, params, error, seq: this.traits._seq }, buffer };
  }

  /**
   * Show the state of a link: whole, or not at all and a sentence.
   * @param {Params} changes  relative to the page as it was saved
   */
  restore(changes) {
    const { message, _seq } = this.traits;
    if (!message.header.error && same({ ...this.saved, ...changes }, message.header.params)) return;
    const restored = this.core?.restore(changes, _seq) ?? this.restoreFromMessage(changes);
    const { error } = restored.header;
    if (error) this.refuse(`This link was not used: ${error}`);
    else this.take(restored);
  }

  /** @param {Params} changes @returns {Message} */
  restoreFromMessage(changes) {
    const { header, buffer } = this.traits.message;
    let error = null;
    for (const [name, value] of Object.entries(changes)) {
      if (same(value, this.saved[name])) continue;
      if (!this.page.inMessage.includes(name)) error = this.page.noPython;
      else if (!isWithin(value, header.limits[name]))
        error = `${name} must lie in its limits. Received ${shortJson(value)}. Copy the link again.`;
    }
    return { header: { ...header, params: { ...this.saved, ...changes }, error }, buffer };
  }

  /** Show a sentence, and change nothing. @param {string} error */
  refuse(error) {
    const { header, buffer } = this.traits.message;
    this.take({ header: { ...header, error }, buffer });
  }
}

/** @param {any} value @param {{ min?: number, max?: number, choices?: any[] }} limit */
function isWithin(value, { min, max, choices }) {
  if (choices) return choices.includes(value);
  return Number.isInteger(value) && value >= (min ?? value) && value <= (max ?? value);
}
