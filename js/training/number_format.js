/**
 * Number format of the training view: small moves keep their first digits.
 */
import { fixed } from "../kit/format.js";

/**
 * A number in at most four decimals; a smaller one keeps its first digits: 1.2e−6.
 * @param {number} value
 */
export function shortNumber(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0 || size >= 0.00095)
    return size === 0 ? "0" : fixed(value, 4);
  const [digits, power] = size.toExponential(2).split("e");
  return `${value < 0 ? "−" : ""}${digits}e${power.replace("-", "−")}`;
}
