/**
 * Facts derived from a quantization trace: three schemes, and one row in one of them.
 */
import { rowOf } from "../kit/wire.js";
import { alignedFormat } from "./number_format.js";

/** @typedef {import("../kit/wire.js").Trace} Trace */
/** @typedef {"int8" | "int4" | "groups"} SchemeName */
/**
 * One quantization scheme.
 * @typedef {object} Scheme
 * @property {SchemeName} name
 * @property {string} title            "int4, groups of 4"
 * @property {number} bits
 * @property {number} block            weights that share a scale
 * @property {number} groups           scales a row
 * @property {number} bytes            of the whole table
 * @property {number} maxError            the largest error of the table
 * @property {ArrayLike<number>} histogram
 * @property {number} worst            the largest error of the rows in the message
 * @property {ArrayLike<number>} error  the largest error of each row
 * @property {ArrayLike<number>} grownError  of each row, once its largest weight has grown tenfold
 * @property {ArrayLike<number>} halfStep   half a step of each row
 * @property {ArrayLike<number>} cosine of each row, before and after
 * @property {(row: number, part: string) => ArrayLike<number>} at
 * @property {(row: number) => number[]} others  rows that change when this one grows
 */
/**
 * @typedef {object} Derived
 * @property {number} V                rows in the message
 * @property {number} D                columns in the message
 * @property {number} first            the first row of the message; rows are named by their number
 * @property {[number, number]} size   V and D of the whole table
 * @property {string[]} words          of the rows, and of their neighbors
 * @property {number} near              number of nearest neighbors that are compared
 * @property {number} bytes             of the floats
 * @property {string | null} error    error of the core, or null
 * @property {string | null} stored     scheme in which a layer was already quantized
 * @property {Record<SchemeName, Scheme>} schemes
 * @property {(row: number) => ArrayLike<number>} weights
 * @property {(row: number) => { column: number, value: number }} tenfold
 * @property {(row: number) => ArrayLike<number>} order
 * @property {(row: number) => ArrayLike<number>} similarity
 */

/** @type {SchemeName[]} */
export const SCHEMES = ["int4", "int8", "groups"];

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();

/**
 * @param {Trace} trace
 * @returns {Derived}
 */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const { header, arrays } = trace;
  const [V, D] = arrays.table.shape;
  const first = arrays.rows ? arrays.rows.data[0] : 0;
  /** @type {Derived} */
  const derived = {
    V,
    D,
    first,
    size: header.shape,
    words: first || header.neighbor_words ? namesOf(header, first) : header.words,
    near: header.near,
    bytes: header.bytes,
    error: header.warning,
    stored: header.stored,
    schemes: {
      int8: deriveScheme(trace, "int8", 8, first),
      int4: deriveScheme(trace, "int4", 4, first),
      groups: deriveScheme(trace, "groups", 4, first),
    },
    weights: (row) => rowOf(arrays.table, row - first),
    tenfold: (row) => ({
      column: arrays.largest.data[row - first],
      value: arrays.grown.data[row - first],
    }),
    order: (row) => rowOf(arrays.order, row - first),
    similarity: (row) => rowOf(arrays.similarity, row - first),
  };
  cache.set(trace, derived);
  return derived;
}

/**
 * The words by row, where the message does not begin at row 0.
 * @param {Record<string, any>} header
 * @param {number} first
 * @returns {any}
 */
const namesOf = (header, first) => ({
  ...header.neighbor_words,
  ...byRow(header.words, first),
});

/**
 * Values of the rows of the message by the number of the row.
 * @param {ArrayLike<any>} values
 * @param {number} first
 * @returns {any}
 */
const byRow = (values, first) =>
  first ? Object.fromEntries(Array.from(values, (value, i) => [first + i, value])) : values;

/**
 * @param {Trace} trace
 * @param {SchemeName} name
 * @param {number} bits
 * @param {number} first
 * @returns {Scheme}
 */
function deriveScheme({ header, arrays }, name, bits, first) {
  const spec = header.schemes[name];
  /** @param {string} part */
  const all = (part) => arrays[`${name}.${part}`];
  return {
    name,
    bits,
    title: spec.name,
    block: spec.block,
    groups: all("scale").shape[1],
    bytes: spec.bytes,
    maxError: spec.reach,
    histogram: all("histogram").data,
    worst: Math.max(...all("error").data),
    error: byRow(all("error").data, first),
    halfStep: byRow(all("half").data, first),
    grownError: byRow(all("grown_error").data, first),
    cosine: byRow(all("cosine").data, first),
    at: (row, part) => (all(part) ? rowOf(all(part), row - first) : []),
    others: (row) => spec.others[row] ?? [],
  };
}

/**
 * One row in one scheme, as it is or with its largest weight grown tenfold.
 * @typedef {object} Row
 * @property {number} row
 * @property {string} word
 * @property {Scheme} scheme
 * @property {boolean} grown
 * @property {ArrayLike<number>} weights
 * @property {ArrayLike<number>} scaled
 * @property {ArrayLike<number>} codes
 * @property {ArrayLike<number>} before   the codes before the weight grew
 * @property {ArrayLike<number>} bytes
 * @property {ArrayLike<number>} restored
 * @property {number[]} errors           dequantized value minus weight
 * @property {(value: number, more?: number) => string} value  format of a weight, the same in the whole row
 * @property {(error: number) => string} error  format of an error, the same in the whole row
 * @property {number} largest            the column of the largest weight, signs aside
 * @property {(col: number) => Group} group
 */
/** @typedef {{ index: number, first: number, last: number, scale: number, step: number, zero: number, low: number, high: number, least: number, most: number }} Group */

/**
 * @param {Derived} derived
 * @param {SchemeName} name
 * @param {number} row
 * @param {boolean} [grown]
 * @returns {Row}
 */
export function rowAs(derived, name, row, grown = false) {
  const scheme = derived.schemes[name];
  const { column, value } = derived.tenfold(row);
  const weights = grown
    ? Array.from(derived.weights(row), (w, col) => (col === column ? value : w))
    : derived.weights(row);
  const scale = scheme.at(row, grown ? "grown_scale" : "scale");
  const zero = scheme.at(row, grown ? "grown_zero" : "zero");
  const restored = scheme.at(row, "restored");
  const shared = name === "groups";
  const size = Math.max(...Array.from(derived.weights(row), Math.abs));
  return {
    row,
    word: derived.words[row],
    scheme,
    grown,
    weights,
    scaled: scheme.at(row, "scaled"),
    codes: scheme.at(row, grown ? "grown" : "codes"),
    before: scheme.at(row, "codes"),
    bytes: scheme.at(row, "bytes"),
    restored,
    errors: Array.from(derived.weights(row), (w, col) => Math.fround(restored[col] - w)),
    value: (value, more = 0) => alignedFormat(Math.min(size, 0.99), 2 + more, 2 + more)(value),
    error: alignedFormat(scheme.halfStep[row], 2, 3),
    largest: column,
    group: (col) => {
      const index = Math.floor(col / scheme.block);
      const first = index * scheme.block;
      const last = Math.min(first + scheme.block, derived.D) - 1;
      const part = Array.from(weights).slice(first, last + 1);
      return {
        index,
        first,
        last,
        scale: scale[index],
        step: shared ? scale[index] : 1 / scale[index],
        zero: shared ? zero[index] : 0,
        low: scheme.bits === 4 ? -8 : -127,
        high: scheme.bits === 4 ? 7 : 127,
        least: Math.min(0, ...part),
        most: Math.max(0, ...part),
      };
    },
  };
}

/**
 * The eight bits of a byte, the highest first.
 * @param {number} byte
 */
export const bitsOf = (byte) => Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1);

/**
 * Return the column that a bit of a byte belongs to, or −1 for unused bits.
 * @param {{ bits: number }} scheme
 * @param {number} byte
 * @param {number} bit  0 the lowest
 * @param {number} D
 */
export function codeOfBit({ bits }, byte, bit, D) {
  const col = bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0);
  return col < D ? col : -1;
}

/**
 * Return the value of a bit in its code (two's complement).
 * @param {{ bits: number }} scheme
 * @param {number} bit
 */
export function bitValue({ bits }, bit) {
  const place = bit % bits;
  return place === bits - 1 ? -(2 ** place) : 2 ** place;
}

/**
 * The columns whose codes change, and the other rows that change, when the largest weight grows:
 * columns first, then D + row.
 * @param {Derived} derived
 * @param {SchemeName} name
 * @param {number} row
 */
export function changedByOutlier(derived, name, row) {
  const { codes, before } = rowAs(derived, name, row, true);
  const cols = Array.from(codes, (code, col) => (code !== before[col] ? col : -1)).filter(
    (c) => c >= 0,
  );
  return [...cols, ...derived.schemes[name].others(row).map((other) => derived.D + other)];
}

/**
 * Where each neighbor stands before and after: all that are near in either, by rank.
 * @param {Derived} derived
 * @param {SchemeName} name
 * @param {number} row
 * @returns {{ row: number, before: number, after: number, kept: boolean, ranks: { before: string, after: string } }[]}
 */
export function neighborRanks({ order, near, schemes }, name, row) {
  const before = Array.from(order(row));
  const after = Array.from(schemes[name].at(row, "order"));
  const rows = [...new Set([...before.slice(0, near), ...after.slice(0, near)])];
  return rows.map((other) => {
    // Of a large table only the nearest are sent: all others are farther than these.
    const rank = (/** @type {number[]} */ list) =>
      list.includes(other) ? list.indexOf(other) : list.length;
    const ranks = { before: rank(before), after: rank(after) };
    const name = (/** @type {number} */ r) => (r < before.length ? String(r + 1) : `>${r}`);
    const names = { before: name(ranks.before), after: name(ranks.after) };
    const kept = ranks.before < near && ranks.after < near;
    return { row: other, ...ranks, kept, ranks: names };
  });
}
