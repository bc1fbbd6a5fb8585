/** Row-wise int8 and int4 quantization: `embedlab.core.quantize`. */
import { roundingOf, zerosLike } from "../floats.js";
import { refuse } from "../parameters.js";
import { rint } from "../random.js";

/** @typedef {import("../floats.js").Floats} Floats */
/** @typedef {import("../table.js").Table} Table */
/**
 * @typedef {object} Quantized
 * @property {number} rows
 * @property {number} columns
 * @property {number} bits
 * @property {number} block   the group size, or 0
 * @property {number} groups  of a row
 * @property {Int8Array} bytes  as they are stored, two int4 codes in one
 * @property {Floats} scale   (V, G)
 * @property {Int8Array | null} zero
 */

const EPSILON = 1e-7;

/** @param {number} value @param {number} low @param {number} high */
const clip = (value, low, high) => Math.min(Math.max(value, low), high);

/** @param {Table} table @param {number} bits @param {number} block  0 for one scale a row @returns {Quantized} */
export function quantize(table, bits, block) {
  const { data, rows, columns } = table;
  const groups = block ? Math.ceil(columns / block) : 1;
  const codes = new Int8Array(rows * columns);
  const scale = zerosLike(data, rows * groups);
  const zero = block ? new Int8Array(rows * groups) : null;
  if (zero) quantizeGroups(table, block, codes, scale, zero);
  else quantizeRows(table, bits, codes, scale);
  const bytes = bits === 4 ? pack(codes, rows, columns) : codes;
  return { rows, columns, bits, block, groups, bytes, scale, zero };
}

/** @param {Table} table @param {number} bits @param {Int8Array} codes @param {Floats} scale */
function quantizeRows({ data, rows, columns }, bits, codes, scale) {
  const round = roundingOf(data);
  const [low, high] = bits === 8 ? [-127, 127] : [-8, 7];
  const epsilon = round(EPSILON);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let d = row * columns; d < (row + 1) * columns; d++)
      largest = Math.max(largest, Math.abs(data[d]));
    scale[row] = high / round(largest + epsilon);
    for (let d = row * columns; d < (row + 1) * columns; d++)
      codes[d] = clip(rint(round(data[d] * scale[row])), low, high);
  }
}

/** @param {Table} table @param {number} block @param {Int8Array} codes @param {Floats} scale @param {Int8Array} zero */
function quantizeGroups({ data, rows, columns }, block, codes, scale, zero) {
  const round = roundingOf(data);
  const [low, high] = [-8, 7];
  const epsilon = round(EPSILON);
  const groups = scale.length / rows;
  for (let row = 0; row < rows; row++) {
    for (let g = 0; g < groups; g++) {
      const from = row * columns + g * block;
      const to = row * columns + Math.min(columns, (g + 1) * block);
      let [least, largest] = [0, 0]; // 0 belongs to the range, always
      for (let d = from; d < to; d++) {
        least = Math.min(least, data[d]);
        largest = Math.max(largest, data[d]);
      }
      const step = round(round(round(largest - least) + epsilon) / (high - low));
      if (!Number.isFinite(step)) refuseWide(data, row);
      const shift = clip(rint(round(-least / step)) + low, low, high);
      for (let d = from; d < to; d++)
        codes[d] = clip(rint(round(data[d] / step)) + shift, low, high);
      scale[row * groups + g] = step;
      zero[row * groups + g] = shift;
    }
  }
}

/** @param {Floats} data @param {number} row */
function refuseWide(data, row) {
  const dtype = data instanceof Float64Array ? "float64" : "float32";
  refuse(
    `a block must span less than the largest ${dtype}`,
    `a wider one in row ${row}`,
    "Scale the table down, or quantize without blocks",
  );
}

/** Two codes in one byte, the first in the low half. @param {Int8Array} codes @param {number} rows @param {number} columns */
function pack(codes, rows, columns) {
  const width = Math.ceil(columns / 2);
  const bytes = new Int8Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < columns; d++) {
      const code = codes[row * columns + d];
      bytes[row * width + (d >> 1)] |= d % 2 ? code << 4 : code & 15;
    }
  }
  return bytes;
}

/** The integer codes, one a number. @param {Quantized} quantized */
export function codesOf({ bytes, rows, columns, bits }) {
  if (bits === 8) return bytes;
  const width = Math.ceil(columns / 2);
  const codes = new Int8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < columns; d++) {
      const byte = bytes[row * width + (d >> 1)];
      codes[row * columns + d] = d % 2 ? byte >> 4 : (byte << 28) >> 28;
    }
  }
  return codes;
}

/** The rows as floats again. @param {Quantized} quantized @returns {Table} */
export function dequantize(quantized) {
  const { rows, columns, groups, block, scale, zero } = quantized;
  const codes = codesOf(quantized);
  const data = zerosLike(scale, codes.length);
  const round = roundingOf(scale);
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < columns; d++) {
      const g = row * groups + (zero ? Math.floor(d / block) : 0);
      const at = row * columns + d;
      data[at] = zero ? round(codes[at] - zero[g]) * scale[g] : codes[at] / scale[g];
    }
  }
  return { data, rows, columns };
}

/** A copy with some bits of the stored bytes flipped; bits outside are ignored. @param {Quantized} quantized @param {number[][]} flips */
export function flipped(quantized, flips) {
  const width = quantized.rows ? quantized.bytes.length / quantized.rows : 0;
  const bytes = quantized.bytes.slice();
  for (const [row, byte, bit] of flips) {
    if (row < quantized.rows && byte < width) bytes[row * width + byte] ^= 1 << bit;
  }
  return { ...quantized, bytes };
}

/** The bytes of codes, scales and zero points. @param {Quantized} quantized */
export const bytesOf = ({ bytes, scale, zero }) =>
  bytes.byteLength + scale.byteLength + (zero?.byteLength ?? 0);

/** @typedef {{ largestError: Float64Array, halfStep: Float64Array, cosine: Float64Array }} Report */

/** Compare a table with its quantized form, row by row, in float64. @param {Table} table @param {Table} restored @param {Quantized} quantized @returns {Report} */
export function report({ data, rows, columns }, restored, { scale, zero, groups }) {
  const round = roundingOf(scale);
  const largestError = new Float64Array(rows);
  const halfStep = new Float64Array(rows);
  const cosine = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let [before, after, inner] = [0, 0, 0];
    for (let d = row * columns; d < (row + 1) * columns; d++) {
      const [a, b] = [data[d], restored.data[d]];
      largestError[row] = Math.max(largestError[row], Math.abs(b - a));
      before += a * a;
      after += b * b;
      inner += a * b;
    }
    for (let g = row * groups; g < (row + 1) * groups; g++)
      halfStep[row] = Math.max(halfStep[row], (zero ? scale[g] : round(1 / scale[g])) / 2);
    const product = Math.sqrt(before) * Math.sqrt(after);
    cosine[row] = !before && !after ? 1 : product > 0 ? clip(inner / product, -1, 1) : 0;
  }
  return { largestError, halfStep, cosine };
}

/** Count errors in bins from -reach to reach, as `numpy.histogram` does. @param {Table} table @param {Table} restored @param {number} bins @param {number} reach */
export function errorCounts(table, restored, bins, reach) {
  const round = roundingOf(restored.data);
  const wide = table.data instanceof Float64Array ? (/** @type {number} */ x) => x : round;
  const [first, last] = [-reach || -1, reach || 1];
  const step = (last - first) / bins;
  const edges = Array.from({ length: bins + 1 }, (_, n) => (n === bins ? last : n * step + first));
  const counts = new Int32Array(bins);
  for (let n = 0; n < table.data.length; n++) {
    const error = wide(restored.data[n] - table.data[n]);
    if (!(error >= first && error <= last)) continue;
    let at = Math.floor(((error - first) / (last - first)) * bins);
    if (at === bins) at--;
    if (error < edges[at]) at--;
    if (error >= edges[at + 1] && at !== bins - 1) at++;
    counts[at]++;
  }
  return counts;
}
