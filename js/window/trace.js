/**
 * Facts derived from a window trace: the pairs of each step, their numbers, and the rows they update.
 */
import { maxAbs } from "../kit/colors.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/**
 * A pair of a step: the center word's row of the embedding table, a row of the context table.
 * @typedef {object} Pair
 * @property {number} first
 * @property {number} second
 * @property {boolean} positive  the second word is in the window; else it is a negative
 * @property {number} around     position of the context word, also of the one that a negative stands for
 * @property {number} score
 * @property {number} sigmoid
 * @property {number} loss
 */
/**
 * @typedef {object} Derived
 * @property {number} N
 * @property {number} V
 * @property {number} D
 * @property {string[]} words                the word of each row
 * @property {number[]} shape                of the whole tables, of which V rows and D columns are here
 * @property {(row: number) => number} rowId the number of a row in its table
 * @property {(n: number) => string} word    the word at a position of the text
 * @property {ArrayLike<number>} ids
 * @property {(n: number) => boolean} begins whether a sentence begins at a position
 * @property {(n: number) => Pair[]} pairs
 * @property {(n: number) => number} loss    mean of the pairs, or NaN
 * @property {(n: number) => [Set<number>, Set<number>]} updated  rows of both tables that a step updates
 * @property {(n: number, side: number, row: number) => ArrayLike<number>} before
 * @property {(n: number, side: number, row: number) => ArrayLike<number>} gradient
 * @property {(n: number, side: number, row: number) => ArrayLike<number>} after
 * @property {number} vmax                   absolute weight that gets the full color
 * @property {number} gmax                   absolute gradient that gets the full color
 */

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();

/** @param {Trace} trace @returns {Derived} */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const [, , V, D] = arrays.weights.shape;
  const ids = arrays.ids.data;
  const starts = arrays.starts.data;
  /** @type {Map<number, Pair[]>} */
  const pairsOf = new Map();
  /** @param {number} n */
  const pairs = (n) => {
    if (n >= ids.length) return [];
    const known = pairsOf.get(n) ?? readPairs(trace, n, starts[n], starts[n + 1]);
    pairsOf.set(n, known);
    return known;
  };
  /** @param {import("../kit/wire.js").NdArray} array @returns {Derived["before"]} */
  const rows = (array) => (n, side, row) => {
    const at = ((n * 2 + side) * V + row) * D;
    return array.data.subarray(at, at + D);
  };
  const weights = rows(arrays.weights);
  const derived = {
    N: ids.length,
    V,
    D,
    ids,
    words: header.words,
    shape: header.shape ?? [V, D],
    rowId: (/** @type {number} */ row) => header.rows?.[row] ?? row,
    word: (/** @type {number} */ n) => header.words[ids[n]],
    begins: (/** @type {number} */ n) => arrays.begins.data[n] === 1,
    pairs,
    loss: (/** @type {number} */ n) => arrays.losses.data[n] ?? NaN,
    updated: (/** @type {number} */ n) =>
      /** @type {[Set<number>, Set<number>]} */ ([
        new Set(pairs(n).map(({ first }) => first)),
        new Set(pairs(n).map(({ second }) => second)),
      ]),
    before: weights,
    gradient: rows(arrays.grads),
    after: (/** @type {number} */ n, /** @type {number} */ side, /** @type {number} */ row) =>
      weights(n + 1, side, row),
    vmax: maxAbs(arrays.weights.data),
    gmax: maxAbs(arrays.grads.data),
  };
  cache.set(trace, derived);
  return derived;
}

/**
 * @param {Trace} trace
 * @param {number} n
 * @param {number} start
 * @param {number} stop
 * @returns {Pair[]}
 */
function readPairs({ arrays }, n, start, stop) {
  const { ids, second, label, around, scores, sigmoids, pair_losses } = arrays;
  return Array.from({ length: stop - start }, (_, k) => ({
    first: ids.data[n],
    second: second.data[start + k],
    positive: label.data[start + k] === 1,
    around: around.data[start + k],
    score: scores.data[start + k],
    sigmoid: sigmoids.data[start + k],
    loss: pair_losses.data[start + k],
  }));
}

/**
 * @typedef {{ part: "word" | "pair" | "cell" | "row", n?: number, k?: number, side?: number, row?: number, col?: number }} Spot
 */
/**
 * What to highlight for a spot: pairs of the step, and a row of each table.
 * @typedef {object} Highlight
 * @property {number[]} pairs
 * @property {[number, number]} rows  of the embedding table and the context table, or −1
 * @property {number} side            of the selected cell, or −1
 * @property {number} col
 */

/**
 * @param {Derived} derived
 * @param {number} n     the step
 * @param {Spot | null} spot
 * @returns {Highlight}
 */
export function highlightFor(derived, n, spot) {
  const pairs = derived.pairs(n);
  if (spot?.part === "pair" && pairs[spot.k ?? -1]) {
    const { first, second } = pairs[/** @type {number} */ (spot.k)];
    return {
      pairs: [/** @type {number} */ (spot.k)],
      rows: [first, second],
      side: -1,
      col: -1,
    };
  }
  if ((spot?.part === "cell" || spot?.part === "row") && spot.row !== undefined) {
    const { side = 0, row, col = -1 } = spot;
    const matches = pairs.flatMap((pair, k) =>
      (side ? pair.second : pair.first) === row ? [k] : [],
    );
    return { pairs: matches, rows: side ? [-1, row] : [row, -1], side, col };
  }
  return { pairs: [], rows: [-1, -1], side: -1, col: -1 };
}
