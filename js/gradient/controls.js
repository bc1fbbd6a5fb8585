/**
 * Controls of the gradient view: sentence, rule for duplicate ids, mode, sizes.
 */
import { button, choice, slider, stopsBetween, textField } from "../kit/controls.js";
import { askAboutDuplicates } from "./actions.js";
import { duplicatedRow } from "./predict.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @param {string} name @returns {any} */
const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls(scene) {
  const { params, uid, explorer, trace } = scene;
  /** @param {string} name @param {string} label @param {string} symbol @returns {[string, unknown]} */
  const size = (name, label, symbol) => [
    name,
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 0, limit(scene, name).max ?? 40, 40),
      onChange: (value) => explorer.edit({ [name]: value }),
    }),
  ];
  /** @param {string} name @param {string} label @returns {[string, unknown]} */
  const pick = (name, label) => [
    name,
    choice({
      label,
      group: `${uid}-${name}`,
      place: name,
      value: String(params[name]),
      choices: limit(scene, name).choices ?? [],
      onChange: (value) => explorer.edit({ [name]: value }),
    }),
  ];
  return [
    [
      "text",
      textField({
        label: "Sentence",
        place: "text",
        value: params.text,
        hint: "#0 is padding",
        onChange: (text) => explorer.edit({ text }),
      }),
    ],
    pick("rule", "Duplicate ids"),
    pick("mode", "Mode"),
    ...(params.mode === "padding" ? [size("padding_idx", "padding_idx", "row")] : []),
    size("input_dim", "Vocabulary size", "V"),
    size("output_dim", "Embedding dimension", "D"),
    [
      "duplicates",
      button({
        label: "Last, mean or sum?",
        place: "duplicates",
        primary: true,
        disabled: duplicatedRow(trace) < 0,
        onClick: () => askAboutDuplicates(scene),
      }),
    ],
  ];
}
