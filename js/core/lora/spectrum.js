/** Singular values of a change, and what they say of its rank: `embedlab.core.lora.spectrum`. */

const SWEEPS = 40;
const TINY = 1e-31; // of the largest square: below the rounding of the largest column

/**
 * The singular values of a matrix (V, D), the largest first, by one-sided Jacobi rotations: they
 * turn its columns until all are at right angles, and leave the lengths.
 * @param {Float64Array} matrix @param {number} V @param {number} D
 */
export function singularValues(matrix, V, D) {
  let scale = 0; // squares of 1e-200 would be 0
  for (const value of matrix) scale = Math.max(scale, Math.abs(value));
  const columns = sidesOf(matrix, V, D, scale || 1);
  for (let sweep = 0, turned = true; sweep < SWEEPS && turned; sweep++) {
    turned = false;
    for (let p = 0; p < columns.length; p++) {
      for (let q = p + 1; q < columns.length; q++)
        turned = turn(columns[p], columns[q], TINY) || turned;
    }
  }
  return Float64Array.from(columns, (column) => scale * Math.sqrt(dot(column, column)))
    .sort()
    .reverse();
}

/** The rows or columns of a matrix, whichever are fewer, divided by `scale`. @param {Float64Array} matrix @param {number} V @param {number} D @param {number} scale */
function sidesOf(matrix, V, D, scale) {
  const [count, length, step, next] = D <= V ? [D, V, 1, D] : [V, D, D, 1];
  return Array.from({ length: count }, (_, n) => {
    const side = new Float64Array(length);
    for (let k = 0; k < length; k++) side[k] = matrix[n * step + k * next] / scale;
    return side;
  });
}

/** @param {Float64Array} x @param {Float64Array} y */
function dot(x, y) {
  let sum = 0;
  for (let n = 0; n < x.length; n++) sum += x[n] * y[n];
  return sum;
}

/**
 * Turn two columns until they are at right angles; return whether they were not.
 * @param {Float64Array} x @param {Float64Array} y @param {number} tiny
 */
function turn(x, y, tiny) {
  const [a, b, beside] = [dot(x, x), dot(y, y), dot(x, y)];
  if (beside * beside <= 1e-30 * a * b || Math.min(a, b) <= tiny * Math.max(a, b)) return false;
  const theta = (b - a) / (2 * beside);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (let n = 0; n < x.length; n++) {
    const value = x[n];
    x[n] = c * value - s * y[n];
    y[n] = s * value + c * y[n];
  }
  return true;
}

/** The relative error of the best approximation of each rank, from 0. @param {Float64Array} values */
export function bestErrorByRank(values) {
  const count = values.length;
  const errors = new Float64Array(count + 1);
  const largest = values[0];
  if (!largest) return errors;
  for (let k = count - 1; k >= 0; k--) errors[k] = errors[k + 1] + (values[k] / largest) ** 2;
  const whole = errors[0];
  return errors.map((tail) => Math.sqrt(tail / whole));
}

/** How many equal singular values have the same entropy. @param {Float64Array} values */
export function effectiveRank(values) {
  const total = values.reduce((sum, value) => sum + value, 0);
  if (!total) return 0;
  const shares = values.map((value) => value / total).filter((share) => share > 0);
  return Math.exp(-shares.reduce((sum, share) => sum + share * Math.log(share), 0));
}
