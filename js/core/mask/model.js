/** Chains of layers, built by name with weights from one seed: `embedlab.explorers.inputs.model`. */
import { refuse } from "../parameters.js";
import {
  conv,
  dense,
  dropout,
  flatten,
  layerNormalization,
  masking,
  maxPool,
  meanPool,
  reshape,
} from "./layers.js";
import { GRU, LSTM, recurrent, SIMPLE_RNN } from "./recurrent.js";

/** @typedef {import("./layers.js").Layer} Layer */
/** @typedef {(name: string, size: number, seed: number) => Layer} Factory */

const RECURRENT_MAX = 2;

/** @param {import("./recurrent.js").Cell} cell @returns {Record<string, Factory>} */
const both = (cell) => ({
  [cell.kind]: (name, size, seed) => recurrent(cell, name, size, seed, false),
  [`${cell.kind}(return_sequences=True)`]: (name, size, seed) =>
    recurrent(cell, name, size, seed, true),
});

/** By name; the number of a layer here is a part of its seed. @type {Record<string, Factory>} */
const FACTORIES = {
  Dropout: dropout,
  LayerNormalization: layerNormalization,
  Masking: masking,
  Conv1D: conv,
  Reshape: reshape,
  Flatten: flatten,
  GlobalAveragePooling1D: meanPool,
  GlobalMaxPooling1D: maxPool,
  ...both(SIMPLE_RNN),
  ...both(GRU),
  ...both(LSTM),
  Dense: dense,
};
export const LAYER_NAMES = Object.keys(FACTORIES);

/** @type {Record<string, string>} */
const SHORT = {
  LayerNormalization: "norm",
  Conv1D: "conv",
  SimpleRNN: "rnn",
  GlobalAveragePooling1D: "mean_pool",
  GlobalMaxPooling1D: "max_pool",
};
const RECURRENT = ["SimpleRNN", "GRU", "LSTM"];
const POOLS = ["GlobalAveragePooling1D", "GlobalMaxPooling1D"];
const NEED_STEPS = ["Conv1D", ...POOLS, ...RECURRENT];
const GIVE_VECTORS = ["Flatten", ...POOLS, ...RECURRENT];

/** @param {string} name */
const kindOf = (name) => name.split("(")[0];

/** The layers after the embedding. @param {string[]} names @param {number} size  D of all of them @param {number} seed */
export function buildLayers(names, size, seed) {
  checkOrder(names);
  return names.map((name, n) => {
    const before = names.slice(0, n).filter((other) => other === name).length;
    const kind = kindOf(name);
    const stem = SHORT[kind] ?? kind.toLowerCase();
    const width = name === "Dense" && n === names.length - 1 ? 1 : size;
    const own = 1000 * seed + 10 * LAYER_NAMES.indexOf(name) + before;
    return FACTORIES[name](before ? `${stem}_${before + 1}` : stem, width, own);
  });
}

/** @param {string[]} names */
function checkOrder(names) {
  const count = names.filter((name) => RECURRENT.includes(kindOf(name))).length;
  if (count > RECURRENT_MAX)
    refuse(
      `this view must have at most ${RECURRENT_MAX} recurrent layers`,
      count,
      "Remove one; trace_mask takes any number",
    );
  let flat = "";
  for (const name of names) {
    const kind = kindOf(name);
    if (flat && NEED_STEPS.includes(kind))
      refuse(
        `${kind} needs a time axis`,
        `it after ${flat}, which gives one vector for a sentence`,
        `Move it before ${flat}`,
      );
    if (GIVE_VECTORS.includes(name)) flat = name;
    else if (kind === "Reshape") flat = "";
  }
}
