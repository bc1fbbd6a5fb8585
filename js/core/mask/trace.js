/** A mask in a chain of layers: where it is made, used or lost, and the effect. `embedlab.traces.mask`. */
import { shapeText } from "../encode.js";
import { formatCount, formatNumber, shortLabel } from "../text.js";
import { checkIds, lossOf, paddingRowGradient, runLayers, unpaddedReference } from "./run.js";

/** @typedef {import("./layers.js").Layer} Layer */
/** @typedef {import("./layers.js").Mask} Mask */
/** @typedef {import("./layers.js").Values} Values */
/** @typedef {import("./run.js").Batch} Batch */
/** @typedef {import("./run.js").Embedding} Embedding */
/** @typedef {"made" | "kept" | "replaced" | "consumed" | "lost here" | "none"} Status */
/**
 * The output of one layer: of this model, without any mask, and of each sequence without padding.
 * @typedef {object} MaskStage
 * @property {string} name
 * @property {string} kind
 * @property {Status} status
 * @property {string} reason  of a lost mask, or ""
 * @property {Values} values
 * @property {Values} unmasked
 * @property {Mask} mask
 * @property {(Values | null)[]} reference
 */
/**
 * @typedef {object} MaskTrace
 * @property {Batch} batch
 * @property {MaskStage[]} stages
 * @property {number} loss
 * @property {number} lossUnmasked
 * @property {number | null} lossReference
 * @property {string} noReference
 * @property {Float32Array | Float64Array} row0  the gradient of the padding row, of this model
 * @property {Float32Array | Float64Array} row0Unmasked
 * @property {Float32Array | Float64Array | null} row0Reference
 * @property {string} sentence
 */

/** @type {Record<string, string>} */
const REASONS = {
  Flatten: "puts all positions into one vector: no time axis is left for a mask",
  Reshape: "makes new axes, and cannot know which of them is time, even if none changes",
  Conv1D: "mixes each position with its neighbors: none is only a word or only padding",
  GlobalMaxPooling1D: "takes the maximum over all positions, including padding",
};

/** @param {Embedding} embedding @param {Layer[]} layers @param {Batch} batch @returns {MaskTrace} */
export function traceMask(embedding, layers, batch) {
  checkIds(embedding, batch);
  const run = runLayers(embedding, layers, batch, true);
  const plain = runLayers(embedding, layers, batch, false);
  const [last, lastPlain] = [run[run.length - 1], plain[plain.length - 1]];
  const reference = unpaddedReference(embedding, layers, batch, last.values.shape);
  const stages = run.map(({ values, mask }, n) => {
    const { name, kind, role } = n ? layers[n - 1] : layerOf(embedding);
    const status = statusOf(role, n ? run[n - 1].mask : null, mask);
    return {
      ...{ name, kind, status, reason: status === "lost here" ? `${kind} ${REASONS[kind]}.` : "" },
      ...{ values, unmasked: plain[n].values, mask, reference: reference.stages[n] ?? [] },
    };
  });
  const { loss, grad } = lossOf(last.values, last.mask);
  const { loss: lossUnmasked, grad: gradUnmasked } = lossOf(lastPlain.values, null);
  const row0 = paddingRowGradient(embedding, run, batch, grad);
  const trace = {
    ...{ batch, stages, loss, lossUnmasked },
    ...{ lossReference: reference.loss, noReference: reference.reason },
    row0,
    row0Unmasked: paddingRowGradient(embedding, plain, batch, gradUnmasked),
    // No word has id 0, so without padding nothing reaches its row.
    row0Reference: reference.loss === null ? null : row0.slice().fill(0),
  };
  return { ...trace, sentence: sentenceOf(trace) };
}

/** @param {Embedding} embedding @returns {{ name: string, kind: string, role: Layer["role"] }} */
const layerOf = ({ name }) => ({ name, kind: "Embedding", role: "makes" });

/** @param {Layer["role"]} role @param {Mask} before @param {Mask} after @returns {Status} */
function statusOf(role, before, after) {
  if (!before) return after ? "made" : "none";
  if (after) return before.every((word, n) => word === after[n]) ? "kept" : "replaced";
  return role === "consumes" ? "consumed" : "lost here";
}

/** The effect of the layers on the mask, and of the mask on the loss. @param {Omit<MaskTrace, "sentence">} trace */
function sentenceOf({ stages, loss, lossReference, noReference }) {
  const lost = stages.find(({ status }) => status === "lost here");
  let where = lost ? `The mask is lost at ${lost.name}.` : "No layer loses it.";
  if (!stages.some(({ mask }) => mask)) where = "No layer makes a mask.";
  if (lossReference === null || lossReference === 0) return `${where} ${noReference}`.trim();
  const factor = loss / lossReference;
  if (!Number.isFinite(factor)) return `${where} The loss is ${formatNumber(loss)}.`;
  if (Math.abs(factor - 1) < 1e-5)
    return `${where} The loss is that of the sequences without padding.`;
  const percent = formatNumber(Math.abs(100 * (factor - 1)), 1);
  return `${where} The loss is ${percent} % too ${factor > 1 ? "high" : "low"}.`;
}

/** The run in a few lines, with its numbers. @param {MaskTrace} trace */
export function summaryOf({ batch: { ids, B, T }, stages, ...trace }) {
  const { loss, lossUnmasked, lossReference, row0, row0Unmasked } = trace;
  const padding = formatCount(ids.filter((id) => id === 0).length);
  const reference = lossReference === null ? "none" : formatNumber(lossReference, 4);
  const without = `without any mask ${formatNumber(lossUnmasked, 4)}`;
  const sizes = [row0, row0Unmasked].map((row) => formatNumber(lengthOf(row), 4));
  return [
    `ids     ${shapeText([B, T])}, ${padding} of ${formatCount(ids.length, "place")} padding`,
    ...stages.map(
      ({ name, kind, values, status }) =>
        `        ${shortLabel(name)} (${kind}): ${shapeText(values.shape)}, mask ${status}`,
    ),
    `loss    ${formatNumber(loss, 4)}; ${without}; without padding ${reference}`,
    `row 0   gradient ${sizes[0]}; without any mask ${sizes[1]}`,
    `so      ${trace.sentence}`,
  ].join("\n");
}

/** @param {Float32Array | Float64Array} row */
function lengthOf(row) {
  let sum = 0;
  for (const value of row) sum += value * value;
  return Math.sqrt(sum);
}

/** The picture for somebody who does not see it. @param {MaskTrace} trace */
export function altOf({ batch: { B, T }, stages, sentence }) {
  const statuses = stages.map(({ name, status }) => `${shortLabel(name)}: mask ${status}`);
  const counted = `${formatCount(B, "sequence")} of ${formatCount(T, "place")} go through`;
  return `${counted} ${formatCount(stages.length, "layer")}. ${statuses.join(", ")}. ${sentence}`;
}
