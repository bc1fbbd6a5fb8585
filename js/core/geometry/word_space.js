/** Words and their rows: `embedlab.explorers.inputs.word_vectors`. */
import { refuse } from "../parameters.js";
import { byteLength, splitWords } from "../python_text.js";
import { range } from "../rows_shown.js";
import { readTable } from "../table.js";
import { shortLabel } from "../text.js";
import { strip } from "../tokenize.js";
import { plainRows } from "./plain_rows.js";
import { evenlySpread, scaledRows, unitRows } from "./unit_rows.js";

/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("../table.js").TableData} TableData */
/** @typedef {import("./plane.js").PrincipalAxes} PrincipalAxes */
/** @typedef {import("./unit_rows.js").Rows} Rows */
/** @typedef {{ axes: TableData, mean: TableData, variance: number, fitted: number, square: number }} AxesData */
/** @typedef {{ labels: string[], named: number[] }} Labels */
/**
 * What travels with a page.
 * @typedef {object} WordData
 * @property {string} source
 * @property {string[]} words
 * @property {TableData} rows      as they are; NaN where they hold NaN or an infinity
 * @property {TableData} divisors  that make them rows of length 1
 * @property {Record<string, AxesData>} principal  of each metric
 * @property {number} drawn  rows on the map at most
 * @property {Record<string, Record<string, TableData>>} [maps]  of each metric
 * @property {Record<string, { legend: Record<string, any>, values: TableData }>} [labels]
 */

const LABEL_LENGTHS = [40, 24, 12, 6]; // fewer characters for very many words
const LABEL_BYTES_MAX = 600_000;
const MATCHES_MAX = 8; // words that are offered for what was typed
const EQUAL = 1e-5; // lengths that differ by no more than this share count as equal
const LETTERS_MAX = 200;
const MARKS = ["", "␣", "ġ", "▁"]; // of tokenizers, before a word

/** @param {string} word */
const lineOf = (word) => word.toLowerCase().replaceAll("\n", " ");

/** The number of a row written `#12`, or null. @param {string} text */
function rowNumber(text) {
  const number = /^#(\d{1,9})$/.exec(text);
  return number && Number(number[1]);
}

export class WordSpace {
  /** @type {string[] | undefined} */
  lines;

  /** @param {WordData} data */
  constructor({ source, words, rows, divisors, principal, drawn, maps = {}, labels = {} }) {
    this.source = source;
    this.drawn = drawn;
    this.words = words;
    const table = /** @type {Table} */ (readTable(rows));
    const units = scaledRows(table, /** @type {Table} */ (readTable(divisors)).data);
    /** @type {Record<string, Rows>} */
    this.rows = { cosine: unitRows(units), euclidean: plainRows(table, units) };
    /** @type {Map<string, Record<string, Float32Array>>} maps that were computed elsewhere */
    this.maps = new Map();
    for (const [name, each] of Object.entries(maps)) {
      const points = Object.entries(each).map(([metric, data]) => {
        const { data: numbers } = /** @type {Table} */ (readTable(data));
        return [metric, Float32Array.from(numbers)];
      });
      this.maps.set(name, Object.fromEntries(points));
    }
    /** @type {Map<string, { legend: Record<string, any>, values: Uint8Array | Float32Array }>} columns by which the map is colored */
    this.labels = new Map();
    for (const [name, { legend, values }] of Object.entries(labels)) {
      const { data } = /** @type {Table} */ (readTable(values));
      const codes = legend.kind === "categories";
      this.labels.set(name, { legend, values: (codes ? Uint8Array : Float32Array).from(data) });
    }
    /** @type {Record<string, PrincipalAxes>} */
    this.principal = {};
    for (const [metric, { axes, mean, variance, fitted, square }] of Object.entries(principal))
      this.principal[metric] = {
        axes: /** @type {Table} */ (readTable(axes)),
        mean: /** @type {Table} */ (readTable(mean)).data,
        variance,
        fitted,
        square,
      };
    /** @type {Map<string, number>} */
    this.rowOf = new Map();
    /** @type {Set<string>} */
    this.repeated = new Set();
    for (const [row, word] of words.entries()) {
      if (this.rowOf.has(word)) this.repeated.add(word);
      else this.rowOf.set(word, row);
    }
    const sampled = this.sample(words.length);
    this.labelLength = LABEL_LENGTHS.find((length, n) => {
      const bytes = sampled.map((row) => byteLength(shortLabel(words[row], length)) + 4);
      const sum = bytes.reduce((total, one) => total + one, 0);
      return sum <= LABEL_BYTES_MAX || n === LABEL_LENGTHS.length - 1;
    });
  }

  /** The rows that are drawn of the first `count`: all, or some evenly spread. @param {number} count */
  sample(count) {
    return count <= this.drawn ? range(count) : evenlySpread(count - 1, this.drawn);
  }

  /** The words of rows, and 1 where a label identifies its row. @param {number[]} rows @returns {Labels} */
  names(rows) {
    const words = rows.map((row) => this.words[row]);
    const labels = words.map((word) => shortLabel(word, this.labelLength));
    const named = words.map((word, n) => {
      const whole = word !== "" && labels[n] === word && strip(word) === word;
      return Number(whole && !this.repeated.has(word));
    });
    return { labels, named };
  }

  /** The row of a word, or of a row number written `#12`. @param {string} written */
  row(written) {
    const text = strip(written);
    const lower = text.toLowerCase();
    const readable = /^[Ġ▁]/u.test(text) ? `␣${text.slice(1)}` : "";
    for (const form of [text, lower, `␣${text}`, `␣${lower}`, readable]) {
      const row = form ? this.rowOf.get(form) : undefined;
      if (row !== undefined) return row;
    }
    const number = rowNumber(text);
    if (number !== null && number < this.words.length) return number;
    return this.refuseWord(text);
  }

  /**
   * Words among the first `count` that match a text: first those that are it, then those that begin with it,
   * then those that contain it. A row number written `#12` matches its row.
   * @param {string} written @param {number} count
   */
  matches(written, count) {
    const text = strip(written);
    const part = Array.from(lineOf(text)).slice(0, LETTERS_MAX).join("");
    this.lines ??= this.words.map(lineOf);
    /** @type {Set<number>} */
    const found = new Set();
    const forms = MARKS.map((mark) => mark + part);
    /** @type {((line: string) => boolean)[]} */
    const orders = [
      (line) => forms.includes(line),
      (line) => forms.some((form) => line.startsWith(form)),
      (line) => line.includes(part),
    ];
    for (const fits of part ? orders : []) {
      if (found.size > MATCHES_MAX) break;
      for (let row = 0; row < count; row++) if (fits(this.lines[row])) found.add(row);
    }
    let rows = [...found].slice(0, MATCHES_MAX);
    const number = rowNumber(text);
    if (!rows.length && number !== null && number < count) rows = [number];
    const { labels, named } = this.names(rows);
    return { rows, words: labels, named, more: found.size > MATCHES_MAX };
  }

  /** The length that all rows have, up to rounding, or null: both metrics order them alike. */
  equalLength() {
    const { cosine, euclidean } = this.rows;
    let [low, high] = [Infinity, 0];
    for (const [row, length] of euclidean.lengths.entries()) {
      if (Number.isNaN(cosine.lengths[row])) continue;
      [low, high] = [Math.min(low, length), Math.max(high, length)];
    }
    return high - low <= EQUAL * high ? high : null;
  }

  /** The mean cosine of two rows, over those to which the axes are fitted; that of zeros is 0. */
  meanCosine() {
    const { mean, fitted: n, square } = this.principal.cosine;
    let total = 0;
    for (const value of mean) total += value * value;
    return n > 1 ? (total * n - square) / (n - 1) : null;
  }

  /** @param {string} text @returns {never} */
  refuseWord(text) {
    const signs = Array.from(text);
    const start = signs.slice(0, 3).join("").toLowerCase();
    const similar = start ? this.words.filter((word) => word.startsWith(start)).slice(0, 4) : [];
    const count = this.words.length;
    return refuse(
      `a word must be one of these ${count}, or #0 to #${count - 1}`,
      splitWords(signs.slice(0, 40).join("") || "no word").join(" "),
      similar.length ? `Try ${similar.join(", ")}` : "Try one that is on the map",
    );
  }
}
