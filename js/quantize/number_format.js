/**
 * Number formats of the quantization view: enough digits to tell similar values apart, and no
 * more.
 */
import { fixed, scientific } from "../kit/format.js";

const LONG = 1e5;

/** Return the number of decimals that leave `n` significant digits. @param {number} value @param {number} n */
const after = (value, n) =>
  Math.max(0, Math.min(9, n - 1 - Math.floor(Math.log10(Math.abs(value)))));

/**
 * Format a weight: two decimals, and more where the weights are small.
 * @param {number} value
 */
export function formatWeight(value) {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value)) return fixed(value);
  if (size >= LONG || size < 1e-6) return scientific(value);
  return fixed(value, Math.max(2, after(value, 2)));
}

/**
 * Format a step, a scale or an error: three significant digits.
 * @param {number} value
 */
export function formatStep(value) {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value)) return "0";
  if (size >= LONG || size < 1e-6) return scientific(value, 2);
  return fixed(value, after(value, 3));
}

/**
 * A way to write numbers that stand together: as many decimals as tell `size` in `n` digits.
 * @param {number} size
 * @param {number} [n]
 * @param {number} [least]  decimals
 * @returns {(value: number) => string}
 */
export function alignedFormat(size, n = 2, least = 0) {
  const most = Math.abs(size);
  if (most === 0 || !Number.isFinite(most)) return () => "0";
  if (most >= LONG || most < 1e-6) return (value) => scientific(value);
  return (value) => fixed(value, Math.max(most < 1 ? least : 0, after(most, n)));
}

/** Format an integer code. @param {number} value */
export const formatCode = (value) => fixed(value, 0);

/**
 * Format four significant digits, for arithmetic that a reader checks.
 * @param {number} value
 */
export function formatExact(value) {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value)) return "0";
  if (size >= 1e7 || size < 1e-6) return scientific(value, 3);
  return fixed(value, after(value, 4));
}
