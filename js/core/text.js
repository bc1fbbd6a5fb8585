/** Numbers, counts and lists in sentences: `embedlab.traces.text`, line by line. */
import { isPrintable } from "./python_text.js";

const PLAIN = /^[ -~]*$/;
const MARK = /\p{M}/u;
const JOINERS = "\u200c\u200d"; // zero-width joiners of emoji and Persian words
const FLAG_LETTER = /[\u{1f1e6}-\u{1f1ff}]/u; // two of them are a flag
const FLAG_LETTERS_AT_END = /[\u{1f1e6}-\u{1f1ff}]*$/u;
const TAG = /[\u{e0020}-\u{e007f}]/u; // they spell the flag of a region
const SKIN_TONE = /[\u{1f3fb}-\u{1f3ff}]/u;

/**
 * A number with so many decimals, of two equally near the even one: Python's `f"{value:.2f}"`.
 * @param {number} value @param {number} digits
 */
export function fixed(value, digits) {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (size >= 1e21) return `${sign}${BigInt(size)}${digits ? `.${"0".repeat(digits)}` : ""}`;
  const up = size.toFixed(digits); // of two equally near the larger
  const exact = size.toFixed(Math.min(100, digits + 60));
  const tie = /^50*$/.test(exact.slice(exact.indexOf(".") + 1 + digits));
  const odd = Number(up[up.length - 1]) % 2 === 1;
  if (!tie || !odd) return `${sign}${up}`;
  const cut = digits ? exact.slice(0, exact.indexOf(".") + 1 + digits) : exact.split(".")[0];
  return `${sign}${cut}`;
}

/** @param {number} value @param {number} [digits] */
export function formatNumber(value, digits = 2) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  let text = fixed(value, digits);
  if (Number(text) === 0) text = text.replace(/^-/, "");
  return text.replaceAll("-", "−");
}

/**
 * An integer in groups of three digits, with a noun if one is given.
 * @param {number} value @param {string} [one] @param {string} [many]
 */
export function formatCount(value, one = "", many = "") {
  const text = String(value)
    .replace(/\B(?=(\d{3})+$)/g, " ")
    .replace("-", "−");
  return one ? `${text} ${value === 1 ? one : many || `${one}s`}` : text;
}

/**
 * The first few items, followed by the number of the others.
 * @param {string[]} items @param {number} [most] @param {string} [between]
 */
export function joinSome(items, most = 8, between = ", ") {
  const text = items.slice(0, most).join(between);
  return items.length <= most ? text : `${text} … and ${formatCount(items.length - most)} more`;
}

/**
 * A number as `f"{value:g}"`, or with another number of significant digits.
 * @param {number} value @param {number} [digits]
 */
export function general(value, digits = 6) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  /** @param {string} text */
  const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent >= -4 && exponent < digits)
    return trim(value.toFixed(Math.max(0, digits - 1 - exponent)));
  return `${trim(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** @param {string} sign */
const continues = (sign) =>
  MARK.test(sign) || JOINERS.includes(sign) || TAG.test(sign) || SKIN_TONE.test(sign);

/** The largest number of signs up to `length` that cuts none in two. @param {string[]} signs @param {number} length */
function wholeSigns(signs, length) {
  let end = length;
  while (end && (continues(signs[end]) || signs[end - 1] === "\u200d")) end--;
  const flags = FLAG_LETTERS_AT_END.exec(signs.slice(0, end).join(""))?.[0] ?? "";
  if (FLAG_LETTER.test(signs[end])) end -= Array.from(flags).length % 2;
  return end || length; // one sign may be longer than the label
}

/**
 * A word as a label: without control characters, and cut to a length.
 * @param {string} word @param {number} [longest]
 */
export function shortLabel(word, longest = 16) {
  if (word.length <= longest && PLAIN.test(word)) return word;
  const signs = Array.from(word, (sign) =>
    isPrintable(sign) || JOINERS.includes(sign) || TAG.test(sign) ? sign : "␣",
  );
  if (signs.length <= longest) return signs.join("");
  return `${signs.slice(0, wholeSigns(signs, longest - 1)).join("")}…`;
}
