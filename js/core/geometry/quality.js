/** Trustworthiness and continuity of a map: `embedlab.traces.geometry.quality`. */
import { range } from "../rows_shown.js";
import { distance } from "./plain_rows.js";
import { dot, evenlySpread, rowAt } from "./unit_rows.js";

/** @typedef {import("./unit_rows.js").Rows} Rows */
/** @typedef {{ rows: number[], order: Float64Array, metric: string }} RankedRows  some rows, and their order by nearness to each */
/** @typedef {{ rows: number, trustworthiness: number | null, continuity: number | null }} MapQuality */

const MEASURED_MAX = 500;
const NEIGHBORS = 10;
const FINE = 2 ** 20; // distances that differ by less than a millionth count as equal
const FINER = 2 ** 36; // of rows as they are, which may be 1e12 times as long, 1e-11 of themselves
const LEAST = -256; // and so do all below 2 ** -256 of the largest

/** @param {Rows} of @param {number} count @returns {RankedRows} */
export function rankRows({ metric, table, lengths }, count) {
  const finite = range(count).filter((row) => !Number.isNaN(lengths[row]));
  const some = evenlySpread(Math.max(0, finite.length - 1), Math.min(MEASURED_MAX, finite.length));
  const rows = some.map((at) => finite[at]);
  const order =
    metric === "cosine"
      ? orderOf(rows, metric, (a, b) => -dot(table, a, rowAt(table, b)))
      : orderOf(rows, metric, (a, b) => distance(table, a, rowAt(table, b)));
  return { rows, order, metric };
}

/** @param {RankedRows} ranked @param {Float32Array} points @returns {MapQuality} */
export function measureMap({ rows, order, metric }, points) {
  const n = rows.length;
  const k = Math.min(NEIGHBORS, Math.floor((n - 1) / 2));
  if (k < 1) return { rows: n, trustworthiness: null, continuity: null };
  const onMap = orderOf(rows, metric, (a, b) =>
    Math.hypot(points[2 * a] - points[2 * b], points[2 * a + 1] - points[2 * b + 1]),
  );
  const most = (n * k * (2 * n - 3 * k - 1)) / 2;
  return {
    rows: n,
    trustworthiness: 1 - beyond(onMap, order, n, k) / most,
    continuity: 1 - beyond(order, onMap, n, k) / most,
  };
}

/** Distances as whole numbers, of which no two of a line are equal. @param {number[]} rows @param {string} metric @param {(a: number, b: number) => number} distanceOf */
function orderOf(rows, metric, distanceOf) {
  const n = rows.length;
  const distances = new Float64Array(n * n);
  let most = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      distances[i * n + j] = distanceOf(rows[i], rows[j]);
      most = Math.max(most, distances[i * n + j]);
    }
  /** @param {number} far */
  const stepsOf = (far) =>
    metric === "cosine" ? far * FINE : Math.max(Math.log2(far / (most || 1)), LEAST) * FINER;
  const order = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const far = roundEven(stepsOf(distances[i * n + j])) * MEASURED_MAX;
      order[i * n + j] = far + j;
      order[j * n + i] = far + i;
    }
    order[i * n + i] = Infinity;
  }
  return order;
}

/** The nearest whole number, of two the even one: `numpy.rint`. @param {number} value */
function roundEven(value) {
  const low = Math.floor(value);
  const part = value - low;
  return part < 0.5 || (part === 0.5 && low % 2 === 0) ? low : low + 1;
}

/** By how many ranks the k nearest in one order lie beyond the k-th in another. @param {Float64Array} order @param {Float64Array} other @param {number} n @param {number} k */
function beyond(order, other, n, k) {
  let total = 0;
  for (let i = 0; i < n; i++) {
    const line = other.subarray(i * n, (i + 1) * n);
    for (const j of nearest(order.subarray(i * n, (i + 1) * n), k)) {
      let rank = 1;
      for (let m = 0; m < n; m++) if (line[m] < line[j]) rank++;
      total += Math.max(0, rank - k);
    }
  }
  return total;
}

/** The positions of the k smallest numbers. @param {Float64Array} values @param {number} k */
function nearest(values, k) {
  /** @type {number[]} */
  const best = [];
  for (let at = 0; at < values.length; at++) {
    if (best.length === k && values[at] > values[best[k - 1]]) continue;
    let place = best.length;
    while (place && values[at] < values[best[place - 1]]) place--;
    best.splice(place, 0, at);
    best.length = Math.min(k, best.length);
  }
  return best;
}
