/** Rows of length 1, and the most similar of them: `embedlab.traces.geometry.unit_rows`. */
import { roundingOf, zerosLike } from "../floats.js";

/** @typedef {import("../floats.js").Floats} Floats */
/** @typedef {import("../table.js").Table} Table */
/**
 * Rows with a metric.
 * @typedef {object} Rows
 * @property {string} metric
 * @property {Table} table
 * @property {Table} units    the same rows scaled to length 1
 * @property {Floats} lengths  NaN for invalid rows
 * @property {(vector: Floats, count: number) => Floats} nearness  of each of the first rows to a vector, the larger the nearer
 */

/** Rows of length 1, compared by cosine. @param {Table} table @returns {Rows} */
export const unitRows = (table) => ({
  metric: "cosine",
  table,
  units: table,
  lengths: lengthsOf(table),
  nearness: (vector, count) => cosinesWith(table, count, vector),
});

/**
 * The rows, divided by their largest number and by a divisor: their length is 1, or 0.
 * @param {Table} table @param {ArrayLike<number>} divisors @returns {Table}
 */
export function scaledRows({ data, rows, columns: D }, divisors) {
  const scaled = zerosLike(data, data.length);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let at = row * D; at < (row + 1) * D; at++)
      largest = Math.max(largest, Math.abs(data[at]));
    for (let at = row * D; at < (row + 1) * D; at++) {
      scaled[at] = data[at] / (largest || 1);
      scaled[at] /= divisors[row] || 1;
    }
  }
  return { data: scaled, rows, columns: D };
}

/** The dot product of a row with a vector of its length, as float64. @param {Table} rows @param {number} row @param {ArrayLike<number>} vector */
export function dot({ data, columns: D }, row, vector) {
  let sum = 0;
  for (let d = 0; d < D; d++) sum += data[row * D + d] * vector[d];
  return sum;
}

/** The numbers of a row. @param {Table} rows @param {number} row @returns {Floats} */
export const rowAt = ({ data, columns: D }, row) => data.subarray(row * D, (row + 1) * D);

/** For each row 1, 0 for a row of zeros, NaN for a row with NaN. @param {Table} rows */
export const lengthsOf = (rows) =>
  Float32Array.from({ length: rows.rows }, (_, row) => {
    const values = rowAt(rows, row);
    return Number.isNaN(values[0]) ? NaN : Number(values.some(Boolean));
  });

/**
 * The cosine of a vector with each of the first rows: NaN for invalid rows, 0 for a vector of zeros.
 * @param {Table} rows @param {number} count @param {Floats} vector
 */
export function cosinesWith(rows, count, vector) {
  const direction = directionOf(vector.map((value) => (Number.isNaN(value) ? 0 : value)));
  const cosines = zerosLike(rows.data, count);
  for (let row = 0; row < count; row++)
    cosines[row] = Math.min(1, Math.max(-1, dot(rows, row, direction)));
  return cosines;
}

/** A vector of length 1 in the same direction; zeros stay zeros. @param {Floats} vector */
function directionOf(vector) {
  const round = roundingOf(vector);
  let most = 0;
  for (const value of vector) most = Math.max(most, Math.abs(value));
  const scaled = vector.map((value) => value / (most || 1));
  let square = 0;
  for (const value of scaled) square += value * value;
  const length = round(Math.sqrt(square)) || 1;
  return scaled.map((value) => value / length);
}

/**
 * The positions of the k largest values, the largest first; of equals the first. NaN is left out.
 * @param {Floats} values @param {number} k @param {number[]} exclude
 */
export function largest(values, k, exclude) {
  /** @type {number[]} */
  const best = [];
  let last = NaN; // the smallest of the best
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (Number.isNaN(value) || !(best.length < k || value > last) || exclude.includes(at)) continue;
    let place = best.length;
    while (place && value > values[best[place - 1]]) place--;
    best.splice(place, 0, at);
    best.length = Math.min(k, best.length);
    last = values[best[best.length - 1]];
  }
  return best;
}

/** Whole numbers from 0 to `last`, evenly spread: `numpy.linspace(0, last, count).astype(int)`. @param {number} last @param {number} count */
export function evenlySpread(last, count) {
  const step = last / (count - 1);
  return Array.from({ length: count }, (_, n) =>
    n && n === count - 1 ? last : Math.trunc(n ? n * step : 0),
  );
}
