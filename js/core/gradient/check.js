/** Gradient check by central differences: `embedlab.traces.gradient.check`. */

/** @typedef {import("./losses.js").Loss} Loss */

export const STEPS = Float64Array.of(
  ...[1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12],
);
export const TOLERANCE = 1e-6;
const CHECK_MAX = 640;
const COLUMNS_MAX = 32;
const WORK = 1_000_000; // exponentials

/** How often each id occurs, the ids sorted. @param {number[]} ids @returns {[number, number][]} */
export function countIds(ids) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
}

/**
 * The rows and the number of columns to check: all of a small table, or the most frequent rows.
 * @param {number} V @param {number} D @param {number[]} ids @param {boolean} tied
 */
export function weightsToCheck(V, D, ids, tied) {
  const each = 2 * STEPS.length * (tied ? ids.length + V : 1); // exponentials for a weight
  const some = Math.max(1, Math.min(D, CHECK_MAX, Math.floor(WORK / each)));
  const columns = Math.min(some, COLUMNS_MAX);
  if (V * columns <= CHECK_MAX && V * each * columns <= WORK)
    return { columns, rows: Array.from({ length: V }, (_, row) => row) };
  const most = Math.min(Math.floor(CHECK_MAX / columns), Math.floor(WORK / (each * columns)));
  const frequent = countIds(ids).sort(([, a], [, b]) => b - a);
  const rows = frequent.slice(0, Math.max(1, most)).map(([id]) => id);
  return { columns, rows: rows.sort((a, b) => a - b) };
}

/**
 * The loss with each weight moved by each step, and by its negative: (H, C, K) each.
 * @param {Loss} loss @param {number[]} rows @param {number} columns
 */
export function centralDifference(loss, rows, columns) {
  const size = rows.length * columns;
  const up = new Float64Array(STEPS.length * size);
  const down = new Float64Array(STEPS.length * size);
  const steps = Float64Array.of(...STEPS, ...STEPS.map((step) => -step));
  for (const [c, row] of rows.entries()) {
    const losses = loss.moved(row, steps, columns);
    for (let h = 0; h < STEPS.length; h++) {
      const at = h * size + c * columns;
      up.set(losses.subarray(h * columns, (h + 1) * columns), at);
      const mirrored = STEPS.length + h;
      down.set(losses.subarray(mirrored * columns, (mirrored + 1) * columns), at);
    }
  }
  return { up, down };
}

/**
 * For each step size the largest component of both gradients, and the largest relative error.
 * @param {Float64Array} analytic  of the checked weights, (C, K)
 * @param {Float64Array} up @param {Float64Array} down
 */
export function errorCurve(analytic, up, down) {
  const size = analytic.length;
  const largest = new Float64Array(STEPS.length);
  const curve = new Float64Array(STEPS.length);
  let most = 0;
  for (const value of analytic) most = Math.max(most, Math.abs(value));
  for (let h = 0; h < STEPS.length; h++) {
    let numeric = 0;
    let error = 0;
    for (let n = 0; n < size; n++) {
      const slope = (up[h * size + n] - down[h * size + n]) / (2 * STEPS[h]);
      numeric = Math.max(numeric, Math.abs(slope));
      error = Math.max(error, Math.abs(analytic[n] - slope));
    }
    largest[h] = Math.max(most, numeric) || (Number.isNaN(most + numeric) ? NaN : 1);
    curve[h] = error / largest[h];
  }
  return { largest, curve };
}
