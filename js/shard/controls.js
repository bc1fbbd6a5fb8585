/**
 * Controls of the shard view: scheme, workers, ids, replicated rows, your own batch, sizes.
 */
import { select, slider, stopsBetween, textField } from "../kit/controls.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @type {Record<string, string>} */
export const SCHEMES = {
  row_wise: "row-wise, blocks",
  row_wise_hashed: "row-wise, hashed",
  column_wise: "column-wise",
  table_wise: "table-wise",
};
/** @type {Record<string, string>} */
const STREAMS = { zipf: "Zipf", uniform: "uniform", text: "your own" };
const SEEDS = Array.from({ length: 21 }, (_, seed) => seed);

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls(scene) {
  const { params, explorer, trace } = scene;
  const limits = /** @type {Record<string, any>} */ (trace.header.limits);
  /** @param {string} name @param {string} label @param {string} symbol @param {number[]} [stops] @returns {[string, unknown]} */
  const size = (name, label, symbol, stops = stopsBetween(limits[name].min, limits[name].max)) => [
    name,
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops,
      onChange: (value) => explorer.edit({ [name]: value }),
    }),
  ];
  /** @param {string} name @param {string} label @param {Record<string, string>} names @returns {[string, unknown]} */
  const pick = (name, label, names) => [
    name,
    select({
      label,
      place: name,
      value: params[name],
      choices: limits[name].choices,
      texts: (value) => names[value],
      onChange: (value) => explorer.edit({ [name]: value }),
    }),
  ];
  return [
    pick("scheme", "Sharding scheme", SCHEMES),
    size("workers", "Workers", "W"),
    pick("stream", "Ids of the batch", STREAMS),
    size("hot_rows", "Hot row copies", "H"),
    [
      "text",
      textField({
        label: "Your own batch",
        place: "text",
        value: params.text,
        hint: "words, or #12",
        onChange: (text) => explorer.edit({ text, stream: "text" }),
      }),
    ],
    size("batch_size", "Ids drawn", "N"),
    size("input_dim", "Vocabulary size", "V"),
    size("output_dim", "Embedding dimension", "D"),
    size("seed", "Seed", "seed", SEEDS),
  ];
}
