/**
 * A LoRA trace as the view reads it: every rank is in it, and of each the steps that travelled.
 */
import { max } from "d3-array";
import { reach } from "../kit/colors.js";
import { rowOf } from "../kit/wire.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/**
 * @typedef {object} Reading
 * @property {number} V           rows of the table, more than are drawn
 * @property {number} D
 * @property {number} n           rows drawn
 * @property {number} cols        columns drawn
 * @property {number} K           ranks
 * @property {number} F           steps that travelled
 * @property {ArrayLike<number>} rows   the row behind each row drawn
 * @property {ArrayLike<number>} steps
 * @property {number} last        the number of the last step
 * @property {string[]} words
 * @property {Set<number>} seen   of the rows drawn, those trained
 * @property {number} trained     how many rows are trained
 * @property {ArrayLike<number>} values   singular values of the change
 * @property {ArrayLike<number>} errors   left by the best of each rank, from 0
 * @property {number[]} scales
 * @property {number} most        the size of a weight that gets the full colour
 * @property {number} mostDelta
 * @property {boolean} random     whether A started at random
 * @property {string | null} refused
 * @property {(i: number) => ArrayLike<number>} table
 * @property {(i: number) => ArrayLike<number>} delta
 */
/**
 * One rank at one step.
 * @typedef {object} Moment
 * @property {number} r
 * @property {number} f
 * @property {number} step
 * @property {number} scale
 * @property {(i: number) => ArrayLike<number>} a   a row of A, R numbers
 * @property {(k: number) => ArrayLike<number>} b   a row of B
 * @property {(i: number) => number[]} after        a row of W′
 * @property {(i: number) => number} drift          how far a row has moved
 * @property {number} moved       rows that moved, of all V
 * @property {number} farthest    of the rows that were not trained
 * @property {number} left        the error on the rows trained
 * @property {number} merged      difference between merged rows and looked-up ones, at the end
 * @property {number} mostA
 * @property {number} mostB
 * @property {number} mostDrift   at any step
 */

/** @type {WeakMap<Trace, Reading>} */
const known = new WeakMap();
/** @type {WeakMap<Trace, Map<string, any>>} */
const kept = new WeakMap();

/** @param {Trace} trace @returns {Reading} */
export function readingOf(trace) {
  const before = known.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const [n, cols] = arrays.table.shape;
  const reading = {
    V: header.shape[0],
    D: header.shape[1],
    n,
    cols,
    K: arrays.left.shape[0],
    F: arrays.steps.data.length,
    rows: arrays.rows.data,
    steps: arrays.steps.data,
    last: header.steps,
    words: header.words,
    seen: new Set(arrays.seen.data),
    trained: header.all_seen,
    values: arrays.values.data,
    errors: arrays.errors.data,
    scales: header.scales,
    most: reach(arrays.table.data),
    mostDelta: size(arrays.delta.data),
    random: header.params.start === "random",
    refused: header.refused,
    table: (/** @type {number} */ i) => rowOf(arrays.table, i),
    delta: (/** @type {number} */ i) => rowOf(arrays.delta, i),
  };
  known.set(trace, reading);
  return reading;
}

/** @param {import("../kit/wire.js").Numbers} values */
const size = (values) => max(values, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)) || 1;

/** The rank that counts: the parameter, as far as the table allows. @param {Reading} reading @param {number} rank */
export const rankOf = ({ K }, rank) => Math.max(1, Math.min(K, rank));

/** The numbers that A and B hold. @param {Reading} reading @param {number} r */
export const numbersOf = ({ V, D }, r) => (V + D) * r;

/**
 * @param {Trace} trace
 * @param {number} rank
 * @param {number} frame  which of the steps that travelled
 * @returns {Moment}
 */
export function momentOf(trace, rank, frame) {
  const reading = readingOf(trace);
  const r = rankOf(reading, rank);
  const f = Math.max(0, Math.min(reading.F - 1, frame));
  return once(trace, `${r} ${f}`, () => moment(trace, reading, r, f));
}

/** @template T @param {Trace} trace @param {string} key @param {() => T} make @returns {T} */
function once(trace, key, make) {
  const all = kept.get(trace) ?? new Map();
  kept.set(trace, all);
  if (!all.has(key)) all.set(key, make());
  return all.get(key);
}

/** @param {Trace} trace @param {Reading} reading @param {number} r @param {number} f @returns {Moment} */
function moment({ header, arrays }, reading, r, f) {
  const { n, cols, K, F, last } = reading;
  const paths = { a: arrays[`a${r}`], b: arrays[`b${r}`], drift: arrays[`drift${r}`] };
  const trained = new Map([...reading.seen].map((i, m) => [i, m]));
  const M = paths.a.shape[1];
  const scale = header.scales[r - 1];
  const step = reading.steps[f];
  /** @param {number} i */
  const a = (i) => {
    const m = trained.get(i);
    if (m === undefined) return arrays.a_start.data.subarray(i * K, i * K + r);
    return paths.a.data.subarray((f * M + m) * r, (f * M + m + 1) * r);
  };
  /** @param {number} k */
  const b = (k) => paths.b.data.subarray((f * r + k) * cols, (f * r + k + 1) * cols);
  const all = paths.b.data.subarray(f * r * cols, (f + 1) * r * cols);
  /** @type {number[][]} */
  const rows = [];
  /** @param {number} i */
  const after = (i) => {
    const factors = a(i);
    return (rows[i] ??= Array.from(reading.table(i), (weight, c) => {
      let sum = 0;
      for (let k = 0; k < r; k++) sum += factors[k] * all[k * cols + c];
      return weight + scale * sum;
    }));
  };
  return {
    r,
    f,
    step,
    scale,
    a,
    b,
    after,
    drift: (i) => paths.drift.data[f * n + i],
    moved: arrays.moved.data[(r - 1) * F + f],
    farthest: arrays.most.data[(r - 1) * F + f],
    left: arrays.left.data[(r - 1) * (last + 1) + step],
    merged: arrays.merged.data[r - 1],
    mostA: Math.max(size(paths.a.data), size(arrays.a_start.data)),
    mostB: size(paths.b.data),
    mostDrift: size(paths.drift.data),
  };
}

/** How far a first plain step moves the rows trained, by rank: α/r, α/√r. @param {Trace} trace */
export function firstUpdates({ arrays }) {
  const K = arrays.first.shape[1];
  const { data } = arrays.first;
  return { plain: data.subarray(0, K), stable: data.subarray(K, 2 * K) };
}

/** The first drawn row that was not trained and lies farthest from where it was, or −1. @param {Reading} reading @param {Moment} now */
export function stranger({ n, seen }, { drift }) {
  let best = -1;
  for (let i = 0; i < n; i++) if (!seen.has(i) && (best < 0 || drift(i) > drift(best))) best = i;
  return best;
}
