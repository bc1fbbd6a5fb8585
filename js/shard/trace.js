/**
 * Facts derived from a shard trace: who is asked for which id, and what is there after each step.
 */
import { maxAbs } from "../kit/colors.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/**
 * @typedef {object} Worker
 * @property {string} holding       what it holds, in words
 * @property {number} owned          rows it holds
 * @property {number} memory        bytes
 * @property {[number, number]} columns  the first it holds, and the one after the last
 * @property {number[]} asks        which of the distinct ids it is asked for
 * @property {number} request       bytes of row numbers that the lookup sends to it
 * @property {number} answer        bytes of rows that come back
 * @property {number} update        bytes that a training step sends to it
 * @property {[number, number]} loads  bytes of rows by the plan, with uniform and with Zipf ids
 */
/**
 * @typedef {object} Derived
 * @property {number} N  ids of the batch
 * @property {number} K  distinct ids
 * @property {number} V
 * @property {number} D
 * @property {number} W
 * @property {number} itemsize
 * @property {string} scheme
 * @property {number} hotRows
 * @property {(n: number) => number} id
 * @property {(n: number) => string} word     a word of a position, or ""
 * @property {(n: number) => number} distinctOf  which of the distinct ids stands at a position
 * @property {(k: number) => number} firstAt  the first position of a distinct id
 * @property {(k: number) => number} count    how often a distinct id is in the batch
 * @property {(k: number) => number} distinctId
 * @property {(k: number) => number} localRow its row on the worker
 * @property {(k: number) => ArrayLike<number>} row
 * @property {(k: number) => boolean} isHot
 * @property {Worker[]} workers
 * @property {number[]} askers    the workers that are asked, in the order of their answers
 * @property {number[]} busiest   the workers that are asked for the most rows
 * @property {number} imbalance
 * @property {[number, number]} expected  imbalance by the plan, with uniform and with Zipf ids
 * @property {number} planned     ids of a batch of the plan
 * @property {number} difference  from a lookup in one table
 * @property {string[]} rowKeys   the numbers of each row: of equal rows equal
 * @property {number} vmax        absolute value that gets the full color
 * @property {number} steps
 */

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();

/** The largest as a multiple of the mean. @param {number[]} loads */
export function imbalanceOf(loads) {
  const sum = loads.reduce((total, load) => total + load, 0);
  return sum ? (Math.max(...loads) * loads.length) / sum : 1;
}

/** @param {Trace} trace @returns {Derived} */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const { ids, inverse, distinct, requested, local_rows, columns, rows, loads } = arrays;
  const { owned, memory, requests, answers, updates } = arrays;
  const [W, K] = requested.shape;
  const D = rows.shape[1];
  const first = Array.from({ length: K }, (_, k) => inverse.data.indexOf(/** @type {never} */ (k)));
  const counts = Array.from({ length: K }, () => 0);
  for (const k of inverse.data) counts[k]++;
  const workers = Array.from({ length: W }, (_, w) => ({
    holding: header.holdings[w],
    owned: owned.data[w],
    memory: memory.data[w],
    columns: /** @type {[number, number]} */ ([columns.data[2 * w], columns.data[2 * w + 1]]),
    asks: Array.from({ length: K }, (_, k) => k).filter((k) => requested.data[w * K + k]),
    request: requests.data[w],
    answer: answers.data[w],
    update: updates.data[w],
    loads: /** @type {[number, number]} */ ([loads.data[w], loads.data[W + w]]),
  }));
  const most = Math.max(...workers.map(({ asks }) => asks.length));
  const all = workers.map((_, w) => w);
  const askers = all.filter((w) => workers[w].asks.length);
  const derived = {
    N: ids.data.length,
    K,
    V: header.params.input_dim,
    D,
    W,
    itemsize: rows.data.BYTES_PER_ELEMENT,
    scheme: header.params.scheme,
    hotRows: header.hot_rows,
    id: (/** @type {number} */ n) => ids.data[n],
    word: (/** @type {number} */ n) =>
      header.words[n].startsWith("#") && header.words[n].length > 1 ? "" : header.words[n],
    distinctOf: (/** @type {number} */ n) => inverse.data[n],
    firstAt: (/** @type {number} */ k) => first[k],
    count: (/** @type {number} */ k) => counts[k],
    distinctId: (/** @type {number} */ k) => distinct.data[k],
    localRow: (/** @type {number} */ k) => local_rows.data[k],
    row: (/** @type {number} */ k) => rows.data.subarray(k * D, (k + 1) * D),
    rowKeys: Array.from(counts, (_, k) => String(rows.data.subarray(k * D, (k + 1) * D))),
    isHot: (/** @type {number} */ k) => distinct.data[k] < header.hot_rows,
    workers,
    askers,
    busiest: most ? all.filter((w) => workers[w].asks.length === most) : [],
    imbalance: imbalanceOf(workers.map(({ answer }) => answer)),
    expected: /** @type {[number, number]} */ (
      [0, 1].map((law) => imbalanceOf(workers.map((worker) => worker.loads[law])))
    ),
    planned: header.planned_batch,
    difference: arrays.difference.data[0],
    vmax: maxAbs(rows.data) || 1,
    steps: K ? ASKED + 2 + askers.length : 1,
  };
  cache.set(trace, derived);
  return derived;
}

export const ID_BYTES = 4; // of a row number: int32, since no shard has 2**31 rows here
export const GROUPED = 1; // the step after which each id is there once
export const ASKED = 2; // the step after which all workers are asked; then each answers

/**
 * What is there at a step, or between two: shares from 0 to 1.
 * @typedef {object} Progress
 * @property {boolean} grouped
 * @property {number} asked
 * @property {(w: number) => number} answered
 * @property {boolean} copied  whether duplicates have their rows too
 */

/** @param {Derived} derived @param {number} at  a step, or a fraction between two @returns {Progress} */
export function progressAt({ askers, steps }, at) {
  const share = (/** @type {number} */ start) => Math.max(0, Math.min(1, at - start));
  return {
    grouped: at >= GROUPED,
    asked: share(ASKED - 1),
    answered: (w) => (askers.includes(w) ? share(ASKED + askers.indexOf(w)) : 0),
    copied: steps > 1 && at >= steps - 1,
  };
}

/**
 * How many columns of a position's row are there: workers answer in the order of their columns.
 * @param {Derived} derived
 * @param {Progress} progress
 * @param {number} n
 */
export function columnsAt(derived, { answered, copied }, n) {
  const k = derived.distinctOf(n);
  if (!copied && derived.firstAt(k) !== n) return 0;
  const done = derived.askers.filter(
    (w) => answered(w) === 1 && derived.workers[w].asks.includes(k),
  );
  return done.length ? derived.workers[done[done.length - 1]].columns[1] : 0;
}

/**
 * @typedef {{ part: "id" | "worker" | "cell", n?: number, w?: number, col?: number }} Spot
 */

/**
 * Which ids and workers a spot is about; null for all.
 * @param {Derived} derived
 * @param {Spot | null} spot
 * @returns {{ ids: number[], workers: number[] } | null}
 */
export function highlightFor(derived, spot) {
  if (!spot) return null;
  if (spot.part === "worker") {
    const w = /** @type {number} */ (spot.w);
    return w < derived.W ? { ids: derived.workers[w].asks, workers: [w] } : null;
  }
  const n = /** @type {number} */ (spot.n);
  if (n >= derived.N) return null;
  const k = derived.distinctOf(n);
  return { ids: [k], workers: derived.askers.filter((w) => derived.workers[w].asks.includes(k)) };
}
