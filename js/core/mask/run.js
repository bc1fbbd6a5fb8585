/** Runs of a padded batch through layers, and the reference without padding: `embedlab.traces.mask.run`. */
import { shapeText } from "../encode.js";
import { sumOf } from "../floats.js";
import { outOfRange } from "../ids.js";
import { Refusal } from "../parameters.js";
import { repr } from "../python_text.js";

/** @typedef {import("../table.js").Table} Table */
/** @typedef {import("./layers.js").Layer} Layer */
/** @typedef {import("./layers.js").Mask} Mask */
/** @typedef {import("./layers.js").Output} Output */
/** @typedef {import("./layers.js").Values} Values */
/** @typedef {{ name: string, table: Table, maskZero: boolean }} Embedding */
/** @typedef {{ ids: number[], B: number, T: number }} Batch */
/** @typedef {{ values: Values, mask: Mask, backward: Output["backward"] | null }} Stage  the embedding's is null */
/**
 * The results of each sequence without its padding.
 * @typedef {object} Reference
 * @property {number | null} loss
 * @property {string} reason  why there is none, or ""
 * @property {(Values | null)[][]} stages  of each layer the values of each sequence
 */

export const TARGET = 1; // of every output
const LOSS_EPSILON = 1e-7; // Keras's guard of a division by the number of words

/** The output of the embedding, and of each layer after it. @param {Embedding} embedding @param {Layer[]} layers @param {Batch} batch @param {boolean} masked @returns {Stage[]} */
export function runLayers(embedding, layers, { ids, B, T }, masked) {
  const { data: table, columns: D } = embedding.table;
  const data = new Float64Array(ids.length * D);
  for (const [n, id] of ids.entries()) data.set(table.subarray(id * D, (id + 1) * D), n * D);
  /** @type {Values} */
  let values = { data, shape: [B, T, D] };
  /** @type {Mask} */
  let mask = masked && embedding.maskZero ? Uint8Array.from(ids, (id) => Number(id !== 0)) : null;
  /** @type {Stage[]} */
  const stages = [{ values, mask, backward: null }];
  for (const layer of layers) {
    const output = layer.forward(values, mask);
    values = output.values;
    if (layer.role === "makes") mask = masked ? (output.mask ?? null) : null;
    else if (layer.role !== "passes") mask = null;
    stages.push({ values, mask, backward: output.backward });
  }
  return stages;
}

/** Refuse ids that the table does not have. @param {Embedding} embedding @param {Batch} batch */
export function checkIds({ name, table }, { ids, T }) {
  const text = outOfRange(ids, table.rows);
  if (!text) return;
  const at = ids.findIndex((id) => id < 0 || id >= table.rows);
  const placed = text.replace(`[${at}]`, `[${Math.floor(at / T)}, ${at % T}]`);
  const end = placed.lastIndexOf(". ");
  throw new Refusal(`${placed.slice(0, end)}, in layer ${repr(name)}${placed.slice(end)}`);
}

/** The mean squared error of the outputs, and its gradient. @param {Values} values @param {Mask} mask */
export function lossOf({ data, shape }, mask) {
  const width = shape[shape.length - 1];
  const samples = data.length / width;
  const words = mask ? mask.reduce((sum, word) => sum + word, 0) + LOSS_EPSILON : 0;
  const scale = mask ? samples / words / Math.max(samples, 1) : 1 / Math.max(samples, 1);
  const grad = new Float64Array(data.length);
  const each = new Float64Array(samples); // the sum of all is in NumPy's order: half a digit is printed
  for (let n = 0; n < samples; n++) {
    if (mask && !mask[n]) continue;
    const squares = new Float64Array(width);
    for (let d = 0; d < width; d++) {
      const away = data[n * width + d] - TARGET;
      squares[d] = away * away;
      grad[n * width + d] = ((2 * away) / width) * scale;
    }
    each[n] = sumOf(squares) / width;
  }
  return { loss: sumOf(each) * scale, grad };
}

/** The gradient of the padding row of the table. @param {Embedding} embedding @param {Stage[]} stages @param {Batch} batch @param {Float64Array} grad  of the last output */
export function paddingRowGradient({ table }, stages, { ids }, grad) {
  for (const { backward } of [...stages].reverse()) if (backward) grad = backward(grad);
  const D = table.columns;
  const row = table.data.slice(0, D).fill(0); // summed in the precision of the table
  for (const [n, id] of ids.entries())
    if (id === 0) for (let d = 0; d < D; d++) row[d] += addend(row, grad[n * D + d]);
  return row;
}

/** A number in the precision of an array. @param {Float32Array | Float64Array} row @param {number} value */
const addend = (row, value) => (row instanceof Float32Array ? Math.fround(value) : value);

/** Run each sequence without its padding, in batches of sequences of one length. @param {Embedding} embedding @param {Layer[]} layers @param {Batch} batch @param {number[]} shape  of the padded output @returns {Reference} */
export function unpaddedReference(embedding, layers, { ids, B, T }, shape) {
  const sequences = Array.from({ length: B }, (_, b) =>
    ids.slice(b * T, (b + 1) * T).filter((id) => id !== 0),
  );
  const lengths = [...new Set(sequences.map(({ length }) => length))].sort((a, b) => a - b);
  /** @type {(Values | null)[][]} */
  const stages = [embedding, ...layers].map(() => Array(B).fill(null));
  let [sum, count] = [0, 0];
  for (const length of lengths.filter(Boolean)) {
    const rows = sequences.flatMap((words, b) => (words.length === length ? [b] : []));
    const words = rows.flatMap((b) => sequences[b]);
    /** @type {Stage[]} */
    let run;
    try {
      run = runLayers(embedding, layers, { ids: words, B: rows.length, T: length }, false);
    } catch (error) {
      if (error instanceof Refusal)
        return noReference(`Without padding the model cannot run: ${error.message}`);
      throw error;
    }
    const out = run[run.length - 1].values;
    const each = shape.length === 3 && shape[1] === T; // an output for each position
    const wanted = each ? [length, shape[2]] : shape.slice(1);
    const received = out.shape.slice(1);
    if (String(wanted) !== String(received))
      return noReference(
        `Without padding a sequence gives ${shapeText(received)} numbers, with it ${shapeText(shape.slice(1))}.`,
      );
    const outputs = out.data.length / received[received.length - 1];
    sum += lossOf(out, null).loss * outputs;
    count += outputs;
    for (const [n, { values }] of run.entries())
      for (const [at, b] of rows.entries()) stages[n][b] = sequenceOf(values, at);
  }
  if (!count) return noReference("There is no word in any sequence.");
  return { loss: sum / count, reason: "", stages };
}

/** @param {string} reason @returns {Reference} */
const noReference = (reason) => ({ loss: null, reason, stages: [] });

/** The values of one sequence. @param {Values} values @param {number} at @returns {Values} */
function sequenceOf({ data, shape: [B, ...rest] }, at) {
  const size = data.length / B;
  return { data: data.subarray(at * size, (at + 1) * size), shape: rest };
}
