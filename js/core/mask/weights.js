/** The weights that layers start with: `GlorotUniform` and `Orthogonal` of `embedlab.initializers`. */
import { standardNormals } from "../normal.js";
import { Generator } from "../random.js";

/** Uniform within ±√(6 / (fan in + fan out)), in the order of a kernel's axes. @param {number[]} shape @param {number} seed */
export function glorotUniform(shape, seed) {
  const count = shape.reduce((a, b) => a * b, 1);
  const [inputs, outputs] = shape.slice(-2);
  const window = count / (inputs * outputs); // of a convolution
  const fan = (inputs * window + outputs * window) / 2;
  const limit = Math.sqrt(3 * (1 / Math.max(1, fan)));
  return new Generator(seed).uniform(-limit, limit, count);
}

/** `rows` ≤ `columns` rows at right angles, each of length 1. @param {number} rows @param {number} columns @param {number} seed */
export function orthogonal(rows, columns, seed) {
  const numbers = standardNormals(new Generator(seed), rows * columns); // (columns, rows)
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const own = result.subarray(row * columns, (row + 1) * columns);
    for (let c = 0; c < columns; c++) own[c] = numbers[c * rows + row];
    // Twice, since the first time leaves rounding errors. R then has a positive diagonal, which is
    // the sign that Python gives it.
    for (let time = 0; time < 2; time++) {
      for (let other = 0; other < row; other++) {
        const before = result.subarray(other * columns, (other + 1) * columns);
        const share = dot(own, before);
        for (let c = 0; c < columns; c++) own[c] -= share * before[c];
      }
    }
    const length = Math.sqrt(dot(own, own));
    for (let c = 0; c < columns; c++) own[c] /= length;
  }
  if (rows < columns) return result;
  return result.map((_, n) => result[(n % rows) * rows + Math.floor(n / rows)]); // transposed
}

/** @param {Float64Array} a @param {Float64Array} b */
function dot(a, b) {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n] * b[n];
  return sum;
}
