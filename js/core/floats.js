/** Arrays of floats in one of two widths, and rounding to theirs. */

/** @typedef {Float32Array | Float64Array} Floats */

/** Zeros of the dtype of `data`. @param {Floats} data @param {number} length @returns {Floats} */
export function zerosLike(data, length) {
  return data instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
}

/** What rounds a result to the dtype of `data`. @param {Floats} data @returns {(value: number) => number} */
export const roundingOf = (data) => (data instanceof Float64Array ? (value) => value : Math.fround);

/** The sum of some numbers in NumPy's order, up to 128 of them. @param {ArrayLike<number>} values */
export function sumOf(values) {
  let n = 0;
  let sum = 0;
  if (values.length >= 8) {
    const part = new Float64Array(8);
    for (; n + 8 <= values.length; n += 8) for (let k = 0; k < 8; k++) part[k] += values[n + k];
    const [a, b, c, d, e, f, g, h] = part;
    sum = a + b + (c + d) + (e + f + (g + h));
  }
  for (; n < values.length; n++) sum += values[n];
  return sum;
}

/** The first columns of a matrix. @template {import("../kit/wire.js").Numbers} T @param {T} data @param {number} width @param {number} columns @returns {T} */
export function firstColumns(data, width, columns) {
  if (width === columns) return data;
  const rows = width ? data.length / width : 0;
  const result = /** @type {T} */ (data.slice(0, rows * columns));
  for (let row = 0; row < rows; row++)
    result.set(data.subarray(row * width, row * width + columns), row * columns);
  return result;
}

/** Some rows of a matrix. @template {import("../kit/wire.js").Numbers} T @param {T} data @param {number} width @param {number[]} rows @returns {T} */
export function takeRows(data, width, rows) {
  const Kind = /** @type {new (length: number) => T} */ (data.constructor);
  const result = new Kind(rows.length * width);
  for (const [at, row] of rows.entries())
    result.set(data.subarray(row * width, (row + 1) * width), at * width);
  return result;
}
