/** Tables: random ones, and the one that travels with the page: `embedlab.explorers.table_explorer`. */
import { refuse } from "./parameters.js";
import { parseSentence, readVocabulary } from "./sentence.js";
import { Generator, twoDecimals } from "./random.js";

/** @typedef {import("./answerer.js").Params} Params */
/** @typedef {import("./answerer.js").Limits} Limits */
/** @typedef {import("./answerer.js").PageData} PageData */
/** @typedef {import("./sentence.js").Sentence} Sentence */
/** @typedef {import("./sentence.js").VocabularyData} VocabularyData */
/** @typedef {{ data: Float32Array | Float64Array, rows: number, columns: number }} Table */
/** @typedef {{ dtype: string, shape: [number, number], base64: string }} TableData */

export const ROWS_MAX = 2048;
export const COLUMNS_MAX = 32;

/** @type {Map<string, { generator: Generator, data: Float32Array, rows: number }>} the rows drawn so far */
const drawn = new Map();

/**
 * The first rows and columns of the random table of a seed, `width` columns wide as it is drawn.
 * @param {number} seed @param {number} rows @param {number} columns @param {number} [width]
 * @returns {Table}
 */
export function randomTable(seed, rows, columns, width = COLUMNS_MAX) {
  const key = `${seed} ${width}`;
  const whole = drawn.get(key) ?? {
    generator: new Generator(seed),
    data: new Float32Array(),
    rows: 0,
  };
  if (!drawn.has(key) && drawn.size >= 8) drawn.clear();
  drawn.set(key, whole);
  if (whole.rows < rows) {
    const more = whole.generator.uniform(-0.9, 0.9, (rows - whole.rows) * width);
    const data = new Float32Array(rows * width);
    data.set(whole.data);
    data.set(more.map(twoDecimals), whole.data.length);
    Object.assign(whole, { data, rows });
  }
  return part({ data: whole.data, rows: whole.rows, columns: width }, rows, columns);
}

/** A copy of the first rows and columns. @param {Table} table @param {number} rows @param {number} columns @returns {Table} */
export function part(table, rows, columns) {
  const Kind = /** @type {Float32ArrayConstructor} */ (table.data.constructor);
  const data = new Kind(rows * columns);
  for (let row = 0; row < rows; row++) {
    const start = row * table.columns;
    data.set(table.data.subarray(start, start + columns), row * columns);
  }
  return { data, rows, columns };
}

/** @param {TableData | null} data @returns {Table | null} */
export function readTable(data) {
  if (!data) return null;
  const bytes = Uint8Array.from(atob(data.base64), (sign) => sign.charCodeAt(0));
  const Kind = data.dtype === "float64" ? Float64Array : Float32Array;
  return { data: new Kind(bytes.buffer), rows: data.shape[0], columns: data.shape[1] };
}

/** The dtype of a table. @param {Table} table */
export const dtypeOf = (table) => (table.data instanceof Float64Array ? "float64" : "float32");

/** What the explorers of one table share. */
export class TableInputs {
  /**
   * @param {PageData} page
   * @param {Record<string, any>} header  of the message that came with the page
   * @param {[number, number]} sizes  the largest random table
   */
  constructor({ initial, inputs }, header, sizes) {
    this.sizes = sizes;
    this.initial = initial;
    this.user = readTable(inputs.table);
    /** @type {{ rows: number, columns: number } | null} what fixes V and D */
    this.fixed = this.user;
    this.vocabulary = readVocabulary(inputs.vocabulary);
    /** @type {number} V that all words of the text need */
    this.rowsNeeded = header.rows_needed ?? 0;
  }

  /** The table without edits. @param {Params} params @returns {Table} */
  table({ seed, input_dim, output_dim }) {
    return this.user
      ? part(this.user, this.user.rows, this.user.columns)
      : randomTable(seed, input_dim, output_dim);
  }

  /** @param {string} text @param {number} most @returns {Sentence} */
  parse(text, most) {
    return parseSentence(text, this.vocabulary, { most, onlyItsWords: this.user !== null });
  }

  /**
   * Grow V with the words of the text, until somebody sets V.
   * @param {Params} params @param {Params} last @param {number} rowsOfWords
   * @returns {Params}
   */
  grow(params, last, rowsOfWords) {
    if (this.user) return { ...params, grow: false };
    this.rowsNeeded = Math.min(rowsOfWords, ROWS_MAX);
    let { grow, input_dim: V } = params;
    // Only Reset sets V to its first value and has rows for all words.
    if (grow && last.grow && last.input_dim !== V)
      grow = this.initial.input_dim === V && this.rowsNeeded <= V;
    if (grow && this.rowsNeeded > V) V = this.rowsNeeded;
    return { ...params, grow, input_dim: V };
  }

  /** The limits of V and D; a table of the page fixes both. @param {Limits} limits @returns {Limits} */
  limits(limits) {
    const [rows, columns] = this.sizes;
    const words = this.vocabulary?.words.length ?? 0;
    const most = Math.max(rows, Math.min(words, ROWS_MAX), this.rowsNeeded);
    if (!this.fixed)
      return {
        ...limits,
        input_dim: { ...limits.input_dim, max: most },
        output_dim: { ...limits.output_dim, max: columns },
      };
    const { rows: V, columns: D } = this.fixed;
    return { ...limits, input_dim: { min: V, max: V }, output_dim: { min: D, max: D } };
  }

  /** Refuse a V or D outside its limits. @param {string} name @param {any} value @param {Record<string, any>} limit */
  checkSize(name, value, limit) {
    if (value >= limit.min && value <= limit.max) return;
    if (this.fixed)
      refuse(
        `${name} must be ${limit.max}, the size of the given table`,
        value,
        "Omit table and layer to change it",
      );
    refuse(
      `${name} must be an integer from ${limit.min} to ${limit.max}`,
      value,
      "Choose a value in this range, or pass a table of this size",
    );
  }
}

/** The limits of parameters alone. @param {Record<string, import("./parameters.js").Parameter>} parameters @returns {Limits} */
export const limitsOf = (parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([name, one]) => [name, one.limits()]));
