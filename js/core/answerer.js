/**
 * Answers to edits on a page without Python: the protocol of `embedlab.explorers.sync`.
 *
 * An edit names parameters and a sequence number; the answer is the message that Python would send.
 * An invalid or refused edit leaves the parameters as they were, and the message says why.
 */
import { encode } from "./encode.js";
import { Refusal, refuse } from "./parameters.js";
import { toJson } from "./python_text.js";

/** @typedef {import("./encode.js").Message} Message */
/** @typedef {import("./encode.js").NdArray} NdArray */
/** @typedef {import("./parameters.js").Parameter} Parameter */
/** @typedef {Record<string, any>} Params */
/** @typedef {Record<string, Record<string, any>>} Limits */
/** @typedef {{ header: Record<string, any>, buffer: ArrayBuffer | ArrayBufferView }} FirstMessage */
/**
 * What travels with a page.
 * @typedef {object} PageData
 * @property {Params} initial  the parameters to which Reset returns
 * @property {Record<string, any>} inputs  what the idea needs besides parameters
 */
/**
 * @typedef {object} Answer
 * @property {string} summary
 * @property {string} alt
 * @property {Record<string, any>} fields  of the header
 * @property {Record<string, NdArray>} arrays
 */
/**
 * An idea: pure functions of parameters, and what it keeps for one page.
 * @typedef {object} Idea
 * @property {Record<string, Parameter>} parameters
 * @property {(params: Params) => Limits} limits
 * @property {(name: string, value: any, params: Params) => void} check  of one parameter among the others
 * @property {(params: Params, last: Params) => Params} normalize  those that follow from others
 * @property {(params: Params) => Answer} compute
 * @property {() => Record<string, any>} headerEvenIfRefused
 * @property {number} [messageBytes]  most bytes of a message
 */

export class Answerer {
  /**
   * @param {Idea} idea
   * @param {PageData} page
   * @param {FirstMessage} message  the one that came with the page
   */
  constructor(idea, page, { header, buffer }) {
    this.idea = idea;
    this.initial = page.initial;
    this.params = { ...header.params };
    this.saved = this.params;
    this.header = header;
    this.buffer = buffer;
  }

  /**
   * @param {Params} edits  values as they came from the controls
   * @param {number} seq
   * @returns {FirstMessage}
   */
  answer(edits, seq) {
    /** @type {string | null} */
    let invalid = null;
    const params = { ...this.params };
    for (const [name, parameter] of Object.entries(this.idea.parameters)) {
      if (!(name in edits)) continue;
      try {
        const value = parameter.check(edits[name], name);
        this.idea.check(name, value, this.params);
        params[name] = value;
      } catch (error) {
        invalid = sentence(error);
      }
    }
    /** @type {string | null} */
    let refused = null;
    if (toJson(params) !== toJson(this.params)) {
      try {
        this.recompute(params);
      } catch (error) {
        refused = sentence(error);
      }
    }
    return this.message(seq, invalid ?? refused);
  }

  /**
   * The message of an explorer made with other parameters than those that the page was saved with. They are
   * taken whole or not at all: the error then says why.
   * @param {Params} changes
   * @param {number} seq
   * @returns {FirstMessage}
   */
  restore(changes, seq) {
    const { idea, saved } = this;
    try {
      const params = { ...saved };
      for (const [name, value] of Object.entries(changes))
        params[name] = idea.parameters[name].check(value, name);
      for (const name of Object.keys(changes)) idea.check(name, params[name], params);
      const fitted = idea.normalize(params, {});
      const other = Object.keys(changes).find((n) => toJson(fitted[n]) !== toJson(params[n]));
      if (other)
        refuse(`${other} must fit the rest of the state`, toJson(params[other]), "Copy it again");
      this.recompute(params, {});
    } catch (error) {
      return this.message(seq, sentence(error));
    }
    return this.message(seq, null);
  }

  /** @param {number} seq @param {string | null} error @returns {FirstMessage} */
  message(seq, error) {
    const now = { ...this.idea.headerEvenIfRefused(), seq, error };
    return { header: { ...this.header, ...now }, buffer: this.buffer };
  }

  /** @param {Params} edited @param {Params} [last]  the parameters before */
  recompute(edited, last = this.params) {
    const { idea, initial } = this;
    const params = idea.normalize(edited, last);
    const { summary, alt, fields, arrays } = idea.compute(params);
    const { view, version, question, needs } = this.header;
    const changed = Object.entries(initial).filter(([n, v]) => toJson(v) !== toJson(params[n]));
    const common = {
      view,
      version,
      seq: 0,
      error: null,
      question,
      params,
      initial: Object.fromEntries(changed),
      limits: idea.limits(params),
      needs,
      note: null,
      summary: `${question}\n${summary}`,
      alt,
    };
    const message = encode({ ...common, ...fields }, arrays, idea.messageBytes);
    Object.assign(this, { params, header: message.header, buffer: message.buffer });
  }
}

/** The sentence of an error: of a refusal its own, of a mistake in this program what it was. @param {any} error */
function sentence(error) {
  if (error instanceof Refusal) return error.message;
  return `embedlab failed with ${error.name}: ${error.message}. Reset, and report this.`;
}
