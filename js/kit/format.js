/**
 * Number formatting: true minus, digits as Python prints them, readable units.
 */

const MINUS = "−";
const THIN = "\u202f"; // narrow no-break space between thousands

/**
 * Format a number with fixed decimals, rounded half to even as Python does.
 * @param {number} value
 * @param {number} [digits]
 */
export function fixed(value, digits = 2) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const text = halfEven(Math.abs(value), digits);
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/**
 * `toFixed` sends an exact half up; Python sends it to the even digit. Only a true half differs.
 * @param {number} size  not negative
 * @param {number} digits
 */
function halfEven(size, digits) {
  const text = size.toFixed(digits);
  const scaled = size * 10 ** digits;
  if (scaled < 1e6 && Math.abs((scaled % 1) - 0.5) > 1e-6) return text; // far from a half, whatever the rounding
  const exact = size.toFixed(Math.min(100, digits + 60));
  const at = exact.length - Math.min(60, 100 - digits);
  if (!/^50*$/.test(exact.slice(at))) return text;
  const truncated = digits === 0 ? exact.slice(0, at - 1) : exact.slice(0, at);
  return Number(truncated.at(-1)) % 2 === 0 ? truncated : text;
}

/**
 * Format a number in scientific notation: 3.2e−10.
 * @param {number} value
 * @param {number} [digits]  of the factor, after its point
 */
export function scientific(value, digits = 1) {
  if (!Number.isFinite(value)) return fixed(value);
  if (value === 0) return "0";
  const [factor, power] = Math.abs(value).toExponential(digits).split("e");
  return `${value < 0 ? MINUS : ""}${factor}e${power.replace("+", "").replace("-", MINUS)}`;
}

/**
 * Format an integer with thousands separated: 10 000.
 * @param {number} value
 */
export function formatInt(value) {
  const text = Math.abs(Math.round(value)).toString();
  const apart = text.replace(/\B(?=(\d{3})+$)/g, THIN);
  return value < 0 ? MINUS + apart : apart;
}

/**
 * Format a duration in the unit in which it has one to three digits before the point.
 * @param {number | null | undefined} ns
 */
export function duration(ns) {
  if (ns == null || !Number.isFinite(ns)) return "—";
  for (const [unit, size] of /** @type {[string, number][]} */ ([
    ["ns", 1],
    ["µs", 1e3],
    ["ms", 1e6],
    ["s", 1e9],
  ])) {
    const n = ns / size;
    if (n < 999.5 || unit === "s")
      return `${n < 9.95 && unit !== "ns" ? fixed(n, 1) : formatInt(n)} ${unit}`;
  }
  return "—";
}

/**
 * Format a shape as NumPy does.
 * @param {number[]} sizes
 */
export function shape(sizes) {
  return sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(", ")})`;
}

const letters = new Intl.Segmenter();

/**
 * Shorten a word to at most so many letters; a flag or an accented letter stays whole.
 * @param {string} word
 * @param {number} most
 */
export function shorten(word, most) {
  if (word.length <= most) return word;
  const all = Array.from(letters.segment(word), ({ segment }) => segment);
  return all.length > most ? `${all.slice(0, most - 1).join("")}…` : word;
}

/**
 * Keep a word in its place among others, whatever its direction.
 * @param {string} word
 */
export const isolated = (word) => `\u2068${word}\u2069`;

/**
 * Format a count with its noun: "1 word", "2 words".
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function pluralize(n, one, many = `${one}s`) {
  return `${formatInt(n)} ${n === 1 ? one : many}`;
}

const ORDINALS = [
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
];

/**
 * Return the ordinal of a zero-based index: first, second, … 21st.
 * @param {number} index
 */
export function ordinal(index) {
  if (index < ORDINALS.length) return ORDINALS[index];
  const n = index + 1;
  const tail = n % 100 > 10 && n % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return formatInt(n) + tail;
}

/**
 * Join a list as in a sentence: "1, 5 and 9", cut short with "… and 7 more".
 * @param {(string|number)[]} items
 * @param {number} [most]
 */
export function joinList(items, most = 6) {
  if (items.length > most)
    return `${items.slice(0, most).join(", ")} … and ${items.length - most} more`;
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/**
 * Parse a typed number; both minus signs and a decimal comma are accepted.
 * @param {string} text
 * @returns {number | null}
 */
export function parseNumber(text) {
  const plain = text.trim().replace(MINUS, "-").replace(",", ".");
  if (plain === "" || !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return null;
  return Number(plain);
}
