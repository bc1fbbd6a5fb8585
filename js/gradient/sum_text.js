/**
 * Sums as text: "−0.52 − 0.65 = −1.17".
 */
import { fixed } from "../kit/format.js";

/**
 * Format a term of a sum: the first with its sign, the others after " + " or " − ".
 * @param {number} value
 * @param {boolean} first
 */
export function term(value, first) {
  const text = fixed(value);
  if (first) return text;
  return text.startsWith("−") ? ` − ${text.slice(1)}` : ` + ${text}`;
}

/**
 * Format a sum; of many terms the first ones and the last.
 * @param {number[]} values
 * @param {number} [most]
 */
export function sumText(values, most = 5) {
  if (!values.length) return "0";
  if (values.length <= most) return values.map((value, i) => term(value, i === 0)).join("");
  const first = values.slice(0, most - 1).map((value, i) => term(value, i === 0));
  return `${first.join("")} + … ${values.length - most} more …${term(values[values.length - 1], false)}`;
}

/**
 * Format the first few values.
 * @param {ArrayLike<number>} values
 * @param {number} [most]
 */
export const vector = (values, most = 3) =>
  Array.from(values, (value) => fixed(value))
    .slice(0, most)
    .join(", ") + (values.length > most ? ", …" : "");
