/**
 * Layers of a chain: their outputs, and the gradient of their inputs. `embedlab.layers`.
 *
 * Values are in double precision, as the explorer's own layers are in Python.
 */
import { shapeText } from "../encode.js";
import { Refusal } from "../parameters.js";
import { glorotUniform } from "./weights.js";

/** @typedef {{ data: Float64Array, shape: number[] }} Values */
/** @typedef {Uint8Array | null} Mask  1 for a word, one for each vector of the values */
/**
 * @typedef {object} Output
 * @property {Values} values
 * @property {Mask} [mask]  of a layer that makes one
 * @property {(grad: Float64Array) => Float64Array} backward  the gradient of the inputs
 */
/**
 * What becomes of a mask: it passes, a new one is made, it is consumed, or it is lost.
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} kind
 * @property {"passes" | "makes" | "consumes" | "loses"} role
 * @property {(inputs: Values, mask: Mask) => Output} forward
 */

const EPSILON = 1e-3; // of LayerNormalization
const TAPS = 3; // the kernel size of Conv1D
const LEFT = 1; // zeros in front, so that T stays

/** The length of the last axis. @param {Values} values */
export const widthOf = ({ shape }) => shape[shape.length - 1];

/**
 * The weights of a layer, made for the width of its first inputs; others are refused.
 * @template T @param {string} name @param {(width: number) => T} make
 * @returns {(inputs: Values) => T}
 */
export function builtOnce(name, make) {
  /** @type {{ width: number, weights: T } | null} */
  let built = null;
  return (inputs) => {
    const width = widthOf(inputs);
    built ??= { width, weights: make(width) };
    if (width === built.width) return built.weights;
    const expected = `expected axis -1 of input shape to have value ${built.width}`;
    throw new Refusal(
      `Input 0 of layer '${name}' is incompatible with the layer: ${expected}, but received input with ` +
        `shape ${shapeText(inputs.shape)}. Pass what the layer was built on, or make a new layer.`,
    );
  };
}

/** Rows of `data` times a matrix (width, columns). @param {Float64Array} data @param {number} width @param {Float64Array} matrix @param {number} columns */
export function multiply(data, width, matrix, columns) {
  const rows = data.length / width;
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < width; k++) {
      const value = data[row * width + k];
      for (let c = 0; c < columns; c++)
        result[row * columns + c] += value * matrix[k * columns + c];
    }
  }
  return result;
}

/** Rows of `data` times a matrix (width, columns), transposed. @param {Float64Array} data @param {number} width @param {Float64Array} matrix @param {number} columns */
export function multiplyTransposed(data, width, matrix, columns) {
  const rows = data.length / columns;
  const result = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < width; k++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += data[row * columns + c] * matrix[k * columns + c];
      result[row * width + k] = sum;
    }
  }
  return result;
}

/** Dropout outside training. @param {string} name @returns {Layer} */
export function dropout(name) {
  return {
    ...{ name, kind: "Dropout", role: "passes" },
    forward: (values) => ({ values, backward: (grad) => grad }),
  };
}

/** @param {string} name @param {number} units @param {number} seed @returns {Layer} */
export function dense(name, units, seed) {
  const kernelFor = builtOnce(name, (width) => glorotUniform([width, units], seed));
  return {
    ...{ name, kind: "Dense", role: "passes" },
    forward(inputs) {
      const [kernel, width] = [kernelFor(inputs), widthOf(inputs)];
      const shape = [...inputs.shape.slice(0, -1), units];
      return {
        values: { data: multiply(inputs.data, width, kernel, units), shape },
        backward: (grad) => multiplyTransposed(grad, width, kernel, units),
      };
    },
  };
}

/** A convolution that keeps T. @param {string} name @param {number} filters @param {number} seed @returns {Layer} */
export function conv(name, filters, seed) {
  const kernelFor = builtOnce(name, (width) => glorotUniform([TAPS, width, filters], seed));
  return {
    ...{ name, kind: "Conv1D", role: "loses" },
    forward(inputs) {
      const kernel = kernelFor(inputs);
      const [B, T, width] = inputs.shape;
      const taps = Array.from({ length: TAPS }, (_, tap) =>
        kernel.subarray(tap * width * filters, (tap + 1) * width * filters),
      );
      /** What each tap reads, at one step after the other. @param {(tap: number, from: number, to: number) => void} add */
      const slide = (add) => {
        for (let b = 0; b < B; b++) {
          for (let t = 0; t < T; t++) {
            for (let tap = 0; tap < TAPS; tap++) {
              const from = t + tap - LEFT;
              if (from >= 0 && from < T) add(tap, b * T + from, b * T + t);
            }
          }
        }
      };
      const data = new Float64Array(B * T * filters);
      slide((tap, from, to) => {
        const row = inputs.data.subarray(from * width, (from + 1) * width);
        addTo(data, to * filters, multiply(row, width, taps[tap], filters));
      });
      return {
        values: { data, shape: [B, T, filters] },
        backward(grad) {
          const back = new Float64Array(B * T * width);
          slide((tap, from, to) => {
            const row = grad.subarray(to * filters, (to + 1) * filters);
            addTo(back, from * width, multiplyTransposed(row, width, taps[tap], filters));
          });
          return back;
        },
      };
    },
  };
}

/** @param {Float64Array} sums @param {number} at @param {Float64Array} row */
function addTo(sums, at, row) {
  for (let n = 0; n < row.length; n++) sums[at + n] += row[n];
}

/** @param {string} name @returns {Layer} */
export function layerNormalization(name) {
  const check = builtOnce(name, () => null); // gamma is 1, beta is 0
  return {
    ...{ name, kind: "LayerNormalization", role: "passes" },
    forward(inputs) {
      check(inputs);
      const width = widthOf(inputs);
      const data = inputs.data.slice();
      const inverse = new Float64Array(data.length / width);
      eachRow(data, width, (row, n) => {
        const mean = meanOf(row);
        for (let d = 0; d < width; d++) row[d] -= mean;
        inverse[n] = 1 / Math.sqrt(meanOf(row.map((x) => x * x)) + EPSILON);
        for (let d = 0; d < width; d++) row[d] *= inverse[n];
      });
      return {
        values: { data, shape: inputs.shape },
        backward(grad) {
          const back = grad.slice();
          eachRow(back, width, (row, n) => {
            const normed = data.subarray(n * width, (n + 1) * width);
            const mean = meanOf(row);
            const along = meanOf(row.map((g, d) => g * normed[d]));
            for (let d = 0; d < width; d++)
              row[d] = inverse[n] * (row[d] - mean - normed[d] * along);
          });
          return back;
        },
      };
    },
  };
}

/** @param {Float64Array} data @param {number} width @param {(row: Float64Array, n: number) => void} change */
function eachRow(data, width, change) {
  for (let n = 0; n * width < data.length; n++)
    change(data.subarray(n * width, (n + 1) * width), n);
}

/** @param {Float64Array} row */
function meanOf(row) {
  let sum = 0;
  for (const value of row) sum += value;
  return sum / row.length;
}

/** A mask of the steps where any number differs from 0; the others are 0. @param {string} name @returns {Layer} */
export function masking(name) {
  return {
    ...{ name, kind: "Masking", role: "makes" },
    forward(inputs) {
      const width = widthOf(inputs);
      const mask = new Uint8Array(inputs.data.length / width);
      eachRow(inputs.data, width, (row, n) => (mask[n] = Number(row.some((value) => value !== 0))));
      /** @param {Float64Array} data */
      const kept = (data) => data.map((value, n) => (mask[Math.floor(n / width)] ? value : 0));
      return {
        values: { data: kept(inputs.data), shape: inputs.shape },
        mask,
        backward: kept,
      };
    },
  };
}

/** One vector for a sequence. @param {string} name @returns {Layer} */
export const flatten = (name) => newShape(name, "Flatten", () => []);

/** Steps of `size` numbers. @param {string} name @param {number} size @returns {Layer} */
export const reshape = (name, size) => newShape(name, "Reshape", (count) => [count / size]);

/** The same numbers: the steps of each sequence, and what is left. @param {string} name @param {string} kind @param {(count: number) => number[]} steps @returns {Layer} */
function newShape(name, kind, steps) {
  return {
    ...{ name, kind, role: "loses" },
    forward({ data, shape: [B, ...rest] }) {
      const count = rest.reduce((a, b) => a * b, 1);
      const axes = steps(count);
      const width = axes.length ? count / axes[0] : count;
      return { values: { data, shape: [B, ...axes, width] }, backward: (grad) => grad };
    },
  };
}

/** The mean of the words. @param {string} name @returns {Layer} */
export function meanPool(name) {
  return {
    ...{ name, kind: "GlobalAveragePooling1D", role: "consumes" },
    forward({ data, shape: [B, T, width] }, mask) {
      const means = new Float64Array(B * width);
      const counts = Array.from({ length: B }, () => 0);
      /** @param {(b: number, at: number) => void} visit */
      const eachWord = (visit) => {
        for (let n = 0; n < B * T; n++) if (!mask || mask[n]) visit(Math.floor(n / T), n * width);
      };
      eachWord((b, at) => {
        counts[b]++;
        for (let d = 0; d < width; d++) means[b * width + d] += data[at + d];
      });
      for (let n = 0; n < means.length; n++) means[n] /= counts[Math.floor(n / width)] || 1;
      return {
        values: { data: means, shape: [B, width] },
        backward(grad) {
          const back = new Float64Array(data.length);
          eachWord((b, at) => {
            for (let d = 0; d < width; d++) back[at + d] = grad[b * width + d] / counts[b];
          });
          return back;
        },
      };
    },
  };
}

/** The maximum of all steps, the first of equals. @param {string} name @returns {Layer} */
export function maxPool(name) {
  return {
    ...{ name, kind: "GlobalMaxPooling1D", role: "loses" },
    forward({ data, shape: [B, T, width] }) {
      const best = new Int32Array(B * width);
      for (let n = 0; n < best.length; n++) {
        const first = Math.floor(n / width) * T * width + (n % width);
        best[n] = first;
        for (let t = 1; t < T; t++) {
          const at = first + t * width;
          const most = data[best[n]]; // the first NaN counts as the largest
          if (!Number.isNaN(most) && !(data[at] <= most)) best[n] = at;
        }
      }
      return {
        values: { data: Float64Array.from(best, (at) => data[at]), shape: [B, width] },
        backward(grad) {
          const back = new Float64Array(data.length);
          for (const [n, at] of best.entries()) back[at] = grad[n];
          return back;
        },
      };
    },
  };
}
