/** A lookup by gather and by one-hot matmul, with the rules for ids out of range: `embedlab.traces.lookup`. */
import { zerosLike } from "../floats.js";
import { outOfRange } from "../ids.js";

/** @typedef {import("../table.js").Table} Table */
/**
 * @typedef {object} Lookup
 * @property {number[]} rows  that each id reads, or -1
 * @property {boolean[]} bad  ids outside 0..V-1
 * @property {Float32Array | Float64Array | null} output
 * @property {Float32Array | Float64Array | null} onehot
 * @property {string | null} error
 * @property {number | null} gatherNs
 * @property {number | null} onehotNs
 */

const ONEHOT_MAX = 2 ** 25;
const ONEHOT_TABLE_MAX = 2 ** 22;
const MULTIPLIED_MAX = 2 ** 21; // multiplications of one run: a few milliseconds
const BUDGET_MS = 1;

/** @param {Table} table @param {number[]} ids @param {string} oob @returns {Lookup} */
export function lookup(table, ids, oob) {
  const { rows: V, columns: D } = table;
  const bad = ids.map((id) => id < 0 || id >= V);
  const error = oob === "wrap" ? null : outOfRange(ids, V, oob !== "raise");
  if (error !== null) {
    const rows = ids.map((id, n) => (bad[n] ? -1 : id));
    return { rows, bad, output: null, onehot: null, error, gatherNs: null, onehotNs: null };
  }
  const rows = ids.map((id) => rowOf(id, V, oob));
  const fill = oob === "nan" ? NaN : 0;
  const [output, gatherNs] = timed(() => gather(table, rows, fill));
  const small = ids.length * V <= ONEHOT_MAX && V * D <= ONEHOT_TABLE_MAX;
  if (!small) return { rows, bad, output, onehot: null, error, gatherNs, onehotNs: null };
  const [onehot, onehotNs] = onehotLookup(table, rows, output);
  return { rows, bad, output, onehot, error, gatherNs, onehotNs };
}

/** The row that an id reads, or -1. @param {number} id @param {number} V @param {string} oob */
function rowOf(id, V, oob) {
  if (id >= 0 && id < V) return id;
  if (oob === "clip") return id < 0 ? 0 : V - 1;
  if (oob === "wrap") return ((id % V) + V) % V;
  return -1;
}

/** @param {Table} table @param {number[]} rows @param {number} fill */
function gather({ data, columns: D }, rows, fill) {
  const output = zerosLike(data, rows.length * D);
  for (const [n, row] of rows.entries()) {
    if (row < 0) output.fill(fill, n * D, (n + 1) * D);
    else output.set(data.subarray(row * D, (row + 1) * D), n * D);
  }
  return output;
}

/**
 * The one-hot matmul for ids with a row; the others as in `output`.
 *
 * Of a large product the first ids are multiplied, and the time is that of all by their share: the
 * others have the same sum, in which a number that is not finite makes 0 · NaN.
 * @param {Table} table @param {number[]} rows @param {Float32Array | Float64Array} output
 * @returns {[Float32Array | Float64Array, number]}
 */
function onehotLookup(table, rows, output) {
  const { rows: V, columns: D } = table;
  const at = rows.flatMap((row, n) => (row < 0 ? [] : [n]));
  const count = Math.min(at.length, Math.max(1, Math.floor(MULTIPLIED_MAX / (V * D))));
  const some = at.slice(0, count).map((n) => rows[n]);
  const [products, ns] = timed(() => multiply(table, some));
  const result = output.slice();
  for (const [k, n] of at.entries()) {
    if (k < count) result.set(products.subarray(k * D, (k + 1) * D), n * D);
  }
  if (count < at.length) spoilColumns(table, rows, at.slice(count), result);
  return [result, count ? (ns * at.length) / count : ns];
}

/** One-hot rows times the table, every product of it. @param {Table} table @param {number[]} rows */
function multiply({ data, rows: V, columns: D }, rows) {
  const result = zerosLike(data, rows.length * D);
  const onehot = zerosLike(data, V);
  for (const [k, row] of rows.entries()) {
    onehot.fill(0);
    onehot[row] = 1;
    for (let v = 0; v < V; v++) {
      const weight = onehot[v];
      for (let d = 0; d < D; d++) result[k * D + d] += weight * data[v * D + d];
    }
  }
  return result;
}

/** NaN where another row of the column is not finite. @param {Table} table @param {number[]} rows @param {number[]} at @param {Float32Array | Float64Array} result */
function spoilColumns({ data, rows: V, columns: D }, rows, at, result) {
  for (let d = 0; d < D; d++) {
    const spoilt = [];
    for (let v = 0; v < V; v++) if (!Number.isFinite(data[v * D + d])) spoilt.push(v);
    for (const n of at) if (spoilt.some((v) => v !== rows[n])) result[n * D + d] = NaN;
  }
}

/**
 * A result, and the mean time of the runs that fit into about a millisecond, in nanoseconds: a
 * browser's clock is too coarse for one run.
 * @template T @param {() => T} call @returns {[T, number]}
 */
function timed(call) {
  const start = performance.now();
  let result = call();
  let runs = 1;
  while (performance.now() - start < BUDGET_MS && runs < 1000) {
    result = call();
    runs++;
  }
  return [result, Math.round(((performance.now() - start) * 1e6) / runs)];
}

/** The largest difference between both methods; NaN where a product has 0 · NaN. @param {Lookup} result */
export function maxDifference({ output, onehot }) {
  if (!output || !onehot) return null;
  let largest = 0;
  for (let n = 0; n < output.length; n++) {
    const [a, b] = [output[n], onehot[n]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const apart = Math.abs(a - b);
    if (Number.isNaN(apart)) return NaN;
    largest = Math.max(largest, apart);
  }
  return largest;
}
