/**
 * Facts derived from a backward pass: the words that send a gradient to each row, and the gradient
 * accumulated at each step.
 */
import { maxAbs } from "../kit/colors.js";
import { rowOf } from "../kit/wire.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/** @typedef {ArrayLike<number>} Row */
/** @typedef {"add" | "assign"} Rule */
/**
 * Rows are named by their number in the table; `rows` lists those that are drawn.
 * @typedef {object} Derived
 * @property {number} N
 * @property {number} total            all words; only the first N are sent
 * @property {number} V
 * @property {number} D                columns in the message, from the first
 * @property {number} width            D of the whole table
 * @property {string} mode
 * @property {boolean} tied
 * @property {string[]} tokens
 * @property {ArrayLike<number>} ids
 * @property {number[]} rows
 * @property {(row: number) => number} rowIndex    index of a row among those drawn, or −1
 * @property {(row: number) => string} word     of a row, or ""
 * @property {(n: number) => boolean} hasGradient   whether a word sends a gradient to its row
 * @property {(row: number) => number[]} senders  the words that send a gradient to a row, in order
 * @property {(row: number) => number} count
 * @property {(row: number) => Row} weights
 * @property {(n: number) => Row} gradOutput          upstream gradient of a word
 * @property {(n: number) => Row | null} target
 * @property {(n: number) => Row} runningSum         the sum in the word's row once its gradient is added
 * @property {(row: number, rule: Rule) => Row} gradient  the complete gradient of a row
 * @property {(row: number) => Row} gradFromScores      gradient of a row through the scores
 * @property {(n: number) => Row} gradScores          gradient of a word's scores
 * @property {number} vmax                      absolute value that gets the full color
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
  const ids = arrays.ids.data;
  const N = ids.length;
  const rows = Array.from(arrays.rows.data);
  const places = new Map(rows.map((row, i) => [row, i]));
  const hasGradient = (/** @type {number} */ n) => arrays.has_gradient.data[n] === 1;
  const sending = Array.from({ length: N }, (_, n) => n).filter(hasGradient);
  const pairs = new Map(sending.map((n, pair) => [n, pair]));
  /** @type {Map<number, number[]>} */
  const senders = new Map();
  for (const n of sending) senders.set(ids[n], [...(senders.get(ids[n]) ?? []), n]);
  const rowIndex = (/** @type {number} */ row) => places.get(row) ?? -1;
  /** @param {string} name @returns {(row: number) => Row} */
  const ofRow = (name) => (row) => rowOf(arrays[name], rowIndex(row));
  const totals = { add: ofRow("added"), assign: ofRow("assigned") };
  const derived = {
    N,
    ids,
    rows,
    rowIndex,
    hasGradient,
    V: header.V,
    D: arrays.table.shape[1],
    width: header.D,
    total: header.total,
    mode: header.params.mode,
    tied: header.params.mode === "tied",
    tokens: header.tokens,
    word: (/** @type {number} */ row) => header.words[rowIndex(row)] ?? "",
    senders: (/** @type {number} */ row) => senders.get(row) ?? [],
    count: (/** @type {number} */ row) => senders.get(row)?.length ?? 0,
    weights: ofRow("table"),
    gradOutput: (/** @type {number} */ n) => rowOf(arrays.grad_out, n),
    target: (/** @type {number} */ n) => (arrays.target ? rowOf(arrays.target, n) : null),
    runningSum: (/** @type {number} */ n) => rowOf(arrays.running_sums, pairs.get(n) ?? 0),
    gradient: (/** @type {number} */ row, /** @type {Rule} */ rule) => totals[rule](row),
    gradFromScores: ofRow("direct"),
    gradScores: (/** @type {number} */ n) => rowOf(arrays.grad_scores, n),
    vmax: Math.max(maxAbs(arrays.added.data), maxAbs(arrays.grad_out.data)),
  };
  cache.set(trace, derived);
  return derived;
}

/**
 * @typedef {object} RowState  what stands in a row of the gradient at a step
 * @property {Row} values
 * @property {number[]} arrived  the words whose gradients have been added
 * @property {number[]} counted     those of them that count: all, or the last one
 * @property {boolean} complete     whether everything is there, and duplicates are merged
 * @property {boolean} any       whether anything is there at all
 */

/**
 * Step n shows the row after the gradient of word n; the step after the last word the result.
 * @param {Derived} derived
 * @param {number} row
 * @param {number} step
 * @param {Rule} rule
 * @returns {RowState}
 */
export function rowStateAt(derived, row, step, rule) {
  const arrived = derived.senders(row).filter((n) => n <= step);
  const complete = step >= derived.N;
  const counted = rule === "add" ? arrived : arrived.slice(-1);
  const any = arrived.length > 0 || (derived.tied && derived.N > 1);
  if (complete) return { values: derived.gradient(row, rule), arrived, counted, complete, any };
  const [last] = arrived.slice(-1);
  const direct = derived.gradFromScores(row);
  if (last === undefined) return { values: direct, arrived, counted, complete, any };
  const through = rule === "add" ? derived.runningSum(last) : derived.gradOutput(last);
  const values = derived.tied
    ? Float64Array.from(through, (value, c) => value + direct[c])
    : through;
  return { values, arrived, counted, complete, any };
}

/** Return the drawn rows that get a gradient. @param {Derived} derived */
export function rowsWithGradient({ rows, count, tied, N }) {
  return rows.filter((row) => count(row) > 0 || (tied && N > 1));
}

/** Return the row that gets most gradients, or −1. @param {Derived} derived */
export function busiest(derived) {
  let best = -1;
  for (const row of rowsWithGradient(derived)) {
    if (best < 0 || derived.count(row) > derived.count(best)) best = row;
  }
  return best;
}

/** @typedef {{ part: "chip" | "back" | "cell" | "row" | "end", n?: number, row?: number, col?: number }} Spot */
/**
 * What to highlight for a spot: the word, its row, and all words that send a gradient to it.
 * @typedef {{ n: number, row: number, col: number, senders: number[] }} Highlight
 */

/**
 * @param {Derived} derived
 * @param {Spot | null} spot
 * @returns {Highlight}
 */
export function highlightFor(derived, spot) {
  const none = { n: -1, row: -1, col: -1, senders: [] };
  if (!spot) return none;
  const col = spot.col ?? -1;
  if (spot.part === "end") {
    const row = busiest(derived);
    return row < 0 ? none : { n: -1, row, col, senders: derived.senders(row) };
  }
  if (spot.part === "chip" || spot.part === "back") {
    const n = /** @type {number} */ (spot.n);
    if (n >= derived.N) return none;
    return { n, row: derived.ids[n], col, senders: derived.senders(derived.ids[n]) };
  }
  const row = /** @type {number} */ (spot.row);
  return derived.rowIndex(row) < 0 ? none : { n: -1, row, col, senders: derived.senders(row) };
}

/**
 * Return the word that holds the tab stop.
 * @param {Highlight} highlight
 * @param {Derived} derived
 * @param {number} step
 */
export const tabStop = (highlight, { N }, step) =>
  highlight.n >= 0 ? highlight.n : step < N ? step : (highlight.senders[0] ?? 0);

/**
 * Return whether a word's gradient was overwritten by a later one.
 * @param {Derived} derived
 * @param {number} n
 * @param {number} step
 * @param {Rule} rule
 */
export function isOverwritten(derived, n, step, rule) {
  if (rule !== "assign" || !derived.hasGradient(n)) return false;
  return derived.senders(derived.ids[n]).some((later) => later > n && later <= step);
}
