/**
 * Controls of the lookup view: sentence, sizes, method, rule for out-of-range ids, timing.
 */
import { button, choice, slider, stopsBetween, textField } from "../kit/controls.js";
import { startTiming } from "./actions.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @param {string} name @returns {any} */
export const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls(scene) {
  const { params, uid, explorer } = scene;
  /** @param {string} name @param {string} label @param {string} symbol @returns {[string, unknown]} */
  const size = (name, label, symbol) => [
    name,
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32, 40),
      onChange: (value) => explorer.edit({ [name]: value }),
    }),
  ];
  /** @param {string} name @param {string} label @param {string[]} choices @param {Record<string, string>} [texts] @returns {[string, unknown]} */
  const pick = (name, label, choices, texts) => [
    name,
    choice({
      label,
      group: `${uid}-${name}`,
      place: name,
      value: String(params[name]),
      choices: limit(scene, name).choices ?? choices,
      texts,
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
        hint: "#12 is the id 12",
        onChange: (text) => explorer.edit({ text }),
      }),
    ],
    pick("method", "Method", ["gather", "one-hot"], { "one-hot": "one-hot matmul" }),
    size("input_dim", "Vocabulary size", "V"),
    size("output_dim", "Embedding dimension", "D"),
    pick("oob", "Out-of-range ids", ["raise", "zero", "nan", "clip", "wrap"]),
    [
      "race",
      button({
        label: "Time both methods",
        place: "race",
        primary: true,
        disabled: !canRace(scene),
        onClick: () => startTiming(scene),
      }),
    ],
  ];
}

/** @param {Scene} scene */
const canRace = ({ trace }) => trace.header.gather_ns != null && trace.header.tokens.length > 0;
