/** Nearest rows by cosine similarity: `embedlab.core.geometry.neighbors`. */
import { roundingOf, zerosLike } from "./floats.js";

/** @typedef {import("./table.js").Table} Table */
/** @typedef {import("./floats.js").Floats} Floats */

const BLOCK = 2048; // rows
const FLOAT32 = [2 ** -126, (2 - 2 ** -23) * 2 ** 127]; // the least and the largest

/** Rows of length 1 in the same directions; zero rows stay zero. @param {Table} table @returns {Table} */
export function normalizeRows({ data, rows, columns: D }) {
  const result = zerosLike(data, data.length);
  const round = roundingOf(data);
  for (let row = 0; row < rows; row++) {
    const from = data.subarray(row * D, (row + 1) * D);
    const to = result.subarray(row * D, (row + 1) * D);
    let largest = 0;
    for (const value of from) largest = Math.max(largest, Math.abs(value));
    for (let d = 0; d < D; d++) to[d] = from[d] / (largest || 1);
    let square = 0;
    for (const value of to) square = round(square + round(value * value));
    const length = round(Math.sqrt(square)) || 1;
    for (let d = 0; d < D; d++) to[d] /= length;
  }
  return { data: result, rows, columns: D };
}

/**
 * The rows nearest to each of some rows, the nearest first; of equals the lower number.
 *
 * `queries` are the rows themselves; each is left out of its own list.
 * @param {Table} table @param {Table} queries @param {number[]} numbers  of the queries
 * @param {number} count
 * @returns {{ order: Int32Array, similarity: Floats }}
 */
export function nearestRows(table, queries, numbers, count) {
  const { rows: V, columns: D } = table;
  const directions = normalizeRows(queries).data;
  const { data, factors } = searched(table);
  const round = roundingOf(data);
  const order = new Int32Array(numbers.length * count);
  const similarity = zerosLike(data, order.length);
  const cosines = zerosLike(data, V);
  for (const [q, self] of numbers.entries()) {
    for (let row = 0; row < V; row++) {
      let sum = 0;
      for (let d = 0; d < D; d++) sum = round(sum + directions[q * D + d] * data[row * D + d]); // as a fused multiply-add
      cosines[row] = sum;
      cosines[row] *= factors[row];
    }
    const others = Array.from(cosines.keys()).filter((row) => row !== self);
    others.sort((a, b) => cosines[b] - cosines[a] || a - b);
    for (let k = 0; k < count; k++) {
      order[q * count + k] = others[k];
      similarity[q * count + k] = Math.min(1, Math.max(-1, cosines[others[k]]));
    }
  }
  return { order, similarity };
}

/**
 * The rows to search, and 1 / their lengths.
 *
 * Where the square of a length of a block loses digits or overflows, its rows are made of length 1.
 * @param {Table} table
 */
function searched({ data, rows: V, columns: D }) {
  const [least, most] = data instanceof Float64Array ? [2 ** -1022, Number.MAX_VALUE] : FLOAT32;
  const result = { data: data.slice(), factors: zerosLike(data, V) };
  for (let first = 0; first < V; first += BLOCK) {
    const rows = Math.min(BLOCK, V - first);
    const block = result.data.subarray(first * D, (first + rows) * D);
    let squares = squaresOf(block, rows, D);
    if (squares.some((square) => square < least * 1e10 || !(square < most / 1e3))) {
      block.set(normalizeRows({ data: block, rows, columns: D }).data);
      squares = squaresOf(block, rows, D);
    }
    result.factors.set(
      squares.map(Math.sqrt).map((length) => 1 / (length || 1)),
      first,
    );
  }
  return result;
}

/** The squared length of each row. @param {Floats} data @param {number} rows @param {number} D @returns {Floats} */
function squaresOf(data, rows, D) {
  const round = roundingOf(data);
  const squares = zerosLike(data, rows);
  for (let row = 0; row < rows; row++) {
    for (let d = row * D; d < (row + 1) * D; d++) squares[row] += round(data[d] * data[d]);
  }
  return squares;
}
