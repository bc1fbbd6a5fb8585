/**
 * Facts derived from a lookup trace: the row each word reads, and the words that read each row.
 */
import { group, range } from "d3-array";
import { maxAbs } from "../kit/colors.js";
import { rowOf } from "../kit/wire.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/**
 * @typedef {object} Derived
 * @property {number} N                words sent; the rest of a very long text stays in Python
 * @property {number} total            all words that are looked up
 * @property {number} inText           all words of the text
 * @property {number} V                rows in the message; row i of them is row `rowId(i)` of the table
 * @property {number} D                columns in the message, from the first
 * @property {[number, number]} size   V and D of the whole table
 * @property {(i: number) => number} rowId
 * @property {string[]} tokens
 * @property {string[]} words
 * @property {ArrayLike<number>} ids
 * @property {number[]} rows             the row each word reads, counted in the message, or −1
 * @property {Map<number, number[]>} readers  the words that read a row
 * @property {number} vmax               absolute value that gets the full color
 * @property {string | null} error
 * @property {(n: number) => boolean} outOfRange
 * @property {(row: number) => ArrayLike<number>} weights
 * @property {(n: number) => ArrayLike<number> | null} output  null where the lookup raised
 * @property {(n: number) => ArrayLike<number> | null} onehot  null where the one-hot matmul was not run
 */

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();

/**
 * @param {Trace} trace
 * @returns {Derived}
 */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const [V, D] = arrays.table.shape;
  const ids = arrays.ids.data;
  const N = ids.length;
  const bad = arrays.bad.data;
  const rows = Array.from(arrays.rows.data);
  const rowIds = arrays.row_ids?.data;
  const readers = group(
    range(N).filter((n) => rows[n] >= 0),
    (n) => rows[n],
  );
  const derived = {
    N,
    V,
    D,
    size: /** @type {[number, number]} */ (header.shapes.table),
    rowId: (/** @type {number} */ i) => (rowIds && i >= 0 ? rowIds[i] : i),
    ids,
    rows,
    readers,
    total: header.total,
    inText: header.words_in_text,
    error: header.trace_error,
    tokens: header.tokens,
    words: header.words,
    vmax: maxAbs(arrays.table.data),
    outOfRange: (/** @type {number} */ n) => bad[n] === 1,
    weights: (/** @type {number} */ row) => rowOf(arrays.table, row),
    output: part(trace, "output"),
    onehot: part(trace, "onehot"),
  };
  cache.set(trace, derived);
  return derived;
}

/**
 * @param {Trace} trace
 * @param {"output" | "onehot"} name
 * @returns {(n: number) => ArrayLike<number> | null}
 */
function part({ arrays }, name) {
  const array = arrays[name];
  return (n) => (array && n < array.shape[0] ? rowOf(array, n) : null);
}

/** @typedef {{ part: "chip" | "row" | "table" | "out" | "map", n?: number, row?: number, col?: number }} Spot */
/**
 * What to highlight for a spot: the word, the row it reads, and all words that read it.
 * @typedef {object} Highlight
 * @property {number} n        the selected word, or −1
 * @property {number} row      or −1
 * @property {number} col      or −1
 * @property {number[]} tokens all words that read that row
 */

/**
 * @param {Derived} derived
 * @param {Spot | null} spot
 * @returns {Highlight}
 */
export function highlightFor(derived, spot) {
  const none = { n: -1, row: -1, col: -1, tokens: [] };
  if (!spot) return none;
  if (spot.part === "chip" || spot.part === "out") {
    const n = /** @type {number} */ (spot.n);
    if (n >= derived.N) return none;
    const row = derived.rows[n];
    return {
      n,
      row,
      col: spot.col ?? -1,
      tokens: row < 0 ? [n] : (derived.readers.get(row) ?? []),
    };
  }
  const row = /** @type {number} */ (spot.row);
  if (row >= derived.V) return none;
  return { n: -1, row, col: spot.col ?? -1, tokens: derived.readers.get(row) ?? [] };
}
