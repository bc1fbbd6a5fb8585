/**
 * A backward pass as the view reads it: who sends what to which row, and what stands there by now.
 */
import { reach } from "../kit/colors.js";
import { rowOf } from "../kit/wire.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/** @typedef {ArrayLike<number>} Row */
/** @typedef {"add" | "assign"} Rule */
/**
 * Rows are named by their number in the table; `rows` lists those that are drawn.
 * @typedef {object} Reading
 * @property {number} N
 * @property {number} total            all words; the rest of a very long text stays in Python
 * @property {number} V
 * @property {number} D
 * @property {string} mode
 * @property {boolean} tied
 * @property {string[]} tokens
 * @property {ArrayLike<number>} ids
 * @property {number[]} rows
 * @property {(row: number) => number} place    where a row is drawn, or −1
 * @property {(row: number) => string} word     of a row, or ""
 * @property {(n: number) => boolean} arrives   whether a word sends a row back
 * @property {(row: number) => number[]} senders  the words that do, in their order
 * @property {(row: number) => number} count
 * @property {(row: number) => Row} weights
 * @property {(n: number) => Row} back          what comes back to a word
 * @property {(n: number) => Row | null} target
 * @property {(n: number) => Row} soFar         the sum in the word's row once it has arrived
 * @property {(row: number, rule: Rule) => Row} gradient  the whole gradient of a row
 * @property {(row: number) => Row} direct      what reaches a row through the scores
 * @property {(n: number) => Row} sent          what comes back to a word's scores
 * @property {number} most                      the size of value that gets the full colour
 */

/** @type {WeakMap<Trace, Reading>} */
const known = new WeakMap();

/**
 * @param {Trace} trace
 * @returns {Reading}
 */
export function readingOf(trace) {
  const before = known.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const ids = arrays.ids.data;
  const N = ids.length;
  const rows = Array.from(arrays.rows.data);
  const places = new Map(rows.map((row, i) => [row, i]));
  const arrives = (/** @type {number} */ n) => arrays.arrives.data[n] === 1;
  const sending = Array.from({ length: N }, (_, n) => n).filter(arrives);
  const pairs = new Map(sending.map((n, pair) => [n, pair]));
  /** @type {Map<number, number[]>} */
  const senders = new Map();
  for (const n of sending) senders.set(ids[n], [...(senders.get(ids[n]) ?? []), n]);
  const place = (/** @type {number} */ row) => places.get(row) ?? -1;
  /** @param {string} name @returns {(row: number) => Row} */
  const ofRow = (name) => (row) => rowOf(arrays[name], place(row));
  const totals = { add: ofRow("added"), assign: ofRow("assigned") };
  const reading = {
    N,
    ids,
    rows,
    place,
    arrives,
    V: header.V,
    D: arrays.table.shape[1],
    total: header.total,
    mode: header.params.mode,
    tied: header.params.mode === "tied",
    tokens: header.tokens,
    word: (/** @type {number} */ row) => header.words[place(row)] ?? "",
    senders: (/** @type {number} */ row) => senders.get(row) ?? [],
    count: (/** @type {number} */ row) => senders.get(row)?.length ?? 0,
    weights: ofRow("table"),
    back: (/** @type {number} */ n) => rowOf(arrays.grad_out, n),
    target: (/** @type {number} */ n) => (arrays.target ? rowOf(arrays.target, n) : null),
    soFar: (/** @type {number} */ n) => rowOf(arrays.running, pairs.get(n) ?? 0),
    gradient: (/** @type {number} */ row, /** @type {Rule} */ rule) => totals[rule](row),
    direct: ofRow("direct"),
    sent: (/** @type {number} */ n) => rowOf(arrays.sent, n),
    most: Math.max(reach(arrays.added.data), reach(arrays.grad_out.data)),
  };
  known.set(trace, reading);
  return reading;
}

/**
 * @typedef {object} Standing  what stands in a row of the gradient at a step
 * @property {Row} values
 * @property {number[]} arrived  the words that have arrived
 * @property {number[]} kept     those of them that count: all, or the last
 * @property {boolean} whole     whether everything is there, and duplicates are merged
 * @property {boolean} any       whether anything is there at all
 */

/**
 * Step n shows the row after word n has arrived; the step after the last word merges the piles.
 * @param {Reading} reading
 * @param {number} row
 * @param {number} step
 * @param {Rule} rule
 * @returns {Standing}
 */
export function standing(reading, row, step, rule) {
  const arrived = reading.senders(row).filter((n) => n <= step);
  const whole = step >= reading.N;
  const kept = rule === "add" ? arrived : arrived.slice(-1);
  const any = arrived.length > 0 || (reading.tied && reading.N > 1);
  if (whole) return { values: reading.gradient(row, rule), arrived, kept, whole, any };
  const [last] = arrived.slice(-1);
  const direct = reading.direct(row);
  if (last === undefined) return { values: direct, arrived, kept, whole, any };
  const through = rule === "add" ? reading.soFar(last) : reading.back(last);
  const values = reading.tied ? Float64Array.from(through, (value, c) => value + direct[c]) : through;
  return { values, arrived, kept, whole, any };
}

/** The drawn rows that get a gradient. @param {Reading} reading */
export function reachedRows({ rows, count, tied, N }) {
  return rows.filter((row) => count(row) > 0 || (tied && N > 1));
}

/** The row where most meets, or −1 where no row is reached. @param {Reading} reading */
export function busiest(reading) {
  let best = -1;
  for (const row of reachedRows(reading)) {
    if (best < 0 || reading.count(row) > reading.count(best)) best = row;
  }
  return best;
}

/** @typedef {{ part: "chip" | "back" | "cell" | "row" | "end", n?: number, row?: number, col?: number }} Spot */
/**
 * What a spot is about: the word in the middle of it, its row, and all that send to that row.
 * @typedef {{ n: number, row: number, col: number, senders: number[] }} Lit
 */

/**
 * @param {Reading} reading
 * @param {Spot | null} spot
 * @returns {Lit}
 */
export function litBy(reading, spot) {
  const none = { n: -1, row: -1, col: -1, senders: [] };
  if (!spot) return none;
  const col = spot.col ?? -1;
  if (spot.part === "end") {
    const row = busiest(reading);
    return row < 0 ? none : { n: -1, row, col, senders: reading.senders(row) };
  }
  if (spot.part === "chip" || spot.part === "back") {
    const n = /** @type {number} */ (spot.n);
    if (n >= reading.N) return none;
    return { n, row: reading.ids[n], col, senders: reading.senders(reading.ids[n]) };
  }
  const row = /** @type {number} */ (spot.row);
  return reading.place(row) < 0 ? none : { n: -1, row, col, senders: reading.senders(row) };
}

/** The word that holds the tab stop. @param {Lit} lit @param {Reading} reading @param {number} step */
export const stopOf = (lit, { N }, step) => (lit.n >= 0 ? lit.n : step < N ? step : (lit.senders[0] ?? 0));

/** Whether a word's gradient was overwritten by a later one. @param {Reading} reading @param {number} n @param {number} step @param {Rule} rule */
export function isLost(reading, n, step, rule) {
  if (rule !== "assign" || !reading.arrives(n)) return false;
  return reading.senders(reading.ids[n]).some((later) => later > n && later <= step);
}
