/**
 * Gradient check: the loss with one weight moved up and down by each step size.
 */

/** @typedef {import("../kit/wire.js").Trace} Trace */
/** @typedef {import("./trace.js").Rule} Rule */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {{ h: number, up: number, down: number, numeric: number, analytic: number, error: number }} CheckedWeight */

const RULES = /** @type {const} */ (["add", "assign"]);

/** Return the step size 1, 0.1, … as Python has it. @param {number} digits */
export const stepSize = (digits) => Number(`1e-${digits}`);

/**
 * Return the check of one weight, or null when it was not checked.
 * @param {Trace} trace
 * @param {Derived} derived
 * @param {number} row
 * @param {number} col
 * @param {number} digits
 * @param {Rule} rule
 * @returns {CheckedWeight | null}
 */
export function checkedWeight({ arrays }, derived, row, col, digits, rule) {
  const { checked, up, down, largest } = arrays;
  const c = checked.data.indexOf(row);
  if (c < 0 || derived.rowIndex(row) < 0) return null;
  const [H, C, D] = up.shape;
  if (col >= D) return null;
  const at = (digits * C + c) * D + col;
  const h = stepSize(digits);
  const numeric = (up.data[at] - down.data[at]) / (2 * h);
  const analytic = derived.gradient(row, rule)[col];
  const size = largest.data[RULES.indexOf(rule) * H + digits];
  return {
    h,
    numeric,
    analytic,
    up: up.data[at],
    down: down.data[at],
    error: Math.abs(analytic - numeric) / size,
  };
}

/**
 * Return the error at every step size: of one weight, or the largest of all.
 * @param {Trace} trace
 * @param {Derived} derived
 * @param {Rule} rule
 * @param {{ row: number, col: number } | null} weight
 * @returns {number[]}
 */
export function errorsByStep(trace, derived, rule, weight) {
  const [, H] = trace.arrays.curve.shape;
  const first = RULES.indexOf(rule) * H;
  return Array.from({ length: H }, (_, digits) =>
    weight
      ? (checkedWeight(trace, derived, weight.row, weight.col, digits, rule)?.error ?? NaN)
      : trace.arrays.curve.data[first + digits],
  );
}
