/**
 * Facts derived from a LoRA trace: all ranks, each at the steps that were sent.
 */
import { max } from "d3-array";
import { maxAbs } from "../kit/colors.js";
import { rowOf } from "../kit/wire.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/**
 * @typedef {object} Derived
 * @property {number} V           rows of the table, more than are drawn
 * @property {number} D
 * @property {number} n           rows drawn
 * @property {number} cols        columns drawn
 * @property {number} K           ranks
 * @property {number} frames           steps that were sent
 * @property {ArrayLike<number>} rows   the row behind each row drawn
 * @property {ArrayLike<number>} steps
 * @property {number} last        the number of the last step
 * @property {string[]} words
 * @property {Set<number>} trainedRows   of the rows drawn, those trained
 * @property {number} trainedCount     how many rows are trained
 * @property {ArrayLike<number>} values   singular values of the change
 * @property {ArrayLike<number>} errors   reconstruction error of the best matrix of each rank, from 0
 * @property {number} top         the error at the upper end of the charts: 1, or more where training makes it worse
 * @property {number[]} scales
 * @property {number} vmax        absolute weight that gets the full color
 * @property {number} vmaxDelta
 * @property {boolean} random     whether A started at random
 * @property {string | null} error
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
 * @property {(i: number) => number} displacement          displacement of a row
 * @property {number} moved       rows that moved, of all V
 * @property {number} maxUntrainedDisplacement    of the rows that were not trained
 * @property {number} error          reconstruction error over all rows
 * @property {number} trainedError   over the rows trained
 * @property {{ all: ArrayLike<number>, trained: ArrayLike<number> }} path  both, up to this step: at the steps that were sent
 * @property {number} mergeDifference      difference between merged rows and looked-up ones, at the end
 * @property {number} vmaxA
 * @property {number} vmaxB
 * @property {number} maxDisplacement   at any step
 */

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();
/** @type {WeakMap<Trace, Map<string, any>>} */
const momentCache = new WeakMap();

/** @param {Trace} trace @returns {Derived} */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const [n, cols] = arrays.table.shape;
  const derived = {
    V: header.shape[0],
    D: header.shape[1],
    n,
    cols,
    K: arrays.training_errors.shape[0],
    frames: arrays.steps.data.length,
    rows: arrays.rows.data,
    steps: arrays.steps.data,
    last: header.steps,
    words: header.words,
    trainedRows: new Set(arrays.seen.data),
    trainedCount: header.all_seen,
    values: arrays.singular_values.data,
    errors: arrays.errors.data,
    top: Math.max(1, 1.08 * (max(arrays.all_errors.data) ?? 0)),
    scales: header.scales,
    vmax: maxAbs(arrays.table.data),
    vmaxDelta: size(arrays.delta.data),
    random: header.params.start === "random",
    error: header.warning,
    table: (/** @type {number} */ i) => rowOf(arrays.table, i),
    delta: (/** @type {number} */ i) => rowOf(arrays.delta, i),
  };
  cache.set(trace, derived);
  return derived;
}

/** @param {import("../kit/wire.js").Numbers} values */
const size = (values) => max(values, (v) => (Number.isFinite(v) ? Math.abs(v) : 0)) || 1;

/**
 * Return the rank, limited by the table.
 * @param {Derived} derived
 * @param {number} rank
 */
export const rankOf = ({ K }, rank) => Math.max(1, Math.min(K, rank));

/** Return the number of parameters of A and B. @param {Derived} derived @param {number} r */
export const parameterCount = ({ V, D }, r) => (V + D) * r;

/**
 * @param {Trace} trace
 * @param {number} rank
 * @param {number} frame  which of the steps that were sent
 * @returns {Moment}
 */
export function momentOf(trace, rank, frame) {
  const derived = derive(trace);
  const r = rankOf(derived, rank);
  const f = Math.max(0, Math.min(derived.frames - 1, frame));
  return once(trace, `${r} ${f}`, () => moment(trace, derived, r, f));
}

/** @template T @param {Trace} trace @param {string} key @param {() => T} make @returns {T} */
function once(trace, key, make) {
  const all = momentCache.get(trace) ?? new Map();
  momentCache.set(trace, all);
  if (!all.has(key)) all.set(key, make());
  return all.get(key);
}

/**
 * @param {Trace} trace
 * @param {Derived} derived
 * @param {number} r
 * @param {number} f
 * @returns {Moment}
 */
function moment({ header, arrays }, derived, r, f) {
  const { n, cols, K, frames, last } = derived;
  const paths = { a: arrays[`a${r}`], b: arrays[`b${r}`], drift: arrays[`drift${r}`] };
  const trained = new Map([...derived.trainedRows].map((i, m) => [i, m]));
  const M = paths.a.shape[1];
  const scale = header.scales[r - 1];
  const step = derived.steps[f];
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
    return (rows[i] ??= Array.from(derived.table(i), (weight, c) => {
      let sum = 0;
      for (let k = 0; k < r; k++) sum += factors[k] * all[k * cols + c];
      return weight + scale * sum;
    }));
  };
  const allErrors = arrays.all_errors.data.subarray((r - 1) * frames, (r - 1) * frames + f + 1);
  const trainedErrors = arrays.training_errors.data.subarray((r - 1) * (last + 1), r * (last + 1));
  return {
    r,
    f,
    step,
    scale,
    a,
    b,
    after,
    displacement: (i) => paths.drift.data[f * n + i],
    moved: arrays.moved.data[(r - 1) * frames + f],
    maxUntrainedDisplacement: arrays.largest_unseen.data[(r - 1) * frames + f],
    error: allErrors[f],
    trainedError: trainedErrors[step],
    path: {
      all: allErrors,
      trained: Array.from(allErrors, (_, i) => trainedErrors[derived.steps[i]]),
    },
    mergeDifference: arrays.merge_differences.data[r - 1],
    vmaxA: Math.max(size(paths.a.data), size(arrays.a_start.data)),
    vmaxB: size(paths.b.data),
    maxDisplacement: size(paths.drift.data),
  };
}

/** Return the norm of the first SGD update of the trained rows, by rank: α/r, α/√r. @param {Trace} trace */
export function firstUpdates({ arrays }) {
  const K = arrays.first_norms.shape[1];
  const { data } = arrays.first_norms;
  return { plain: data.subarray(0, K), stable: data.subarray(K, 2 * K) };
}

/**
 * Return the untrained row with the largest displacement, or −1.
 * @param {Derived} derived
 * @param {Moment} now
 */
export function farthestUntrained({ n, trainedRows }, { displacement }) {
  let best = -1;
  for (let i = 0; i < n; i++)
    if (!trainedRows.has(i) && (best < 0 || displacement(i) > displacement(best))) best = i;
  return best;
}
