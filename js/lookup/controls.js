/**
 * Controls of the lookup view: sentence, sizes, method, rule for out-of-range ids, timing.
 */
import { html, nothing } from "lit-html";
import { button, choice, slider, stopsBetween, textField } from "../kit/controls.js";
import { startTiming } from "./actions.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @param {string} name @returns {any} */
export const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene */
export function controls(scene) {
  const { params, hidden, uid, explorer } = scene;
  /** @param {string} name @param {unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control);
  /** @param {string} name @param {string} label @param {string} symbol @param {number} dense */
  const size = (name, label, symbol, dense) =>
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32, dense),
      onChange: (value) => explorer.edit({ [name]: value }),
    });
  /** @param {string} name @param {string} label @param {string[]} choices @param {Record<string, string>} [texts] */
  const pick = (name, label, choices, texts) =>
    choice({
      label,
      group: `${uid}-${name}`,
      place: name,
      value: String(params[name]),
      choices: limit(scene, name).choices ?? choices,
      texts,
      onChange: (value) => explorer.edit({ [name]: value }),
    });
  return html`
    ${unless("text", textField({ label: "Sentence", place: "text", value: params.text, hint: "#12 stands for the id 12", onChange: (text) => explorer.edit({ text }) }))}
    ${unless("input_dim", size("input_dim", "Vocabulary size", "V", 40))} ${unless("output_dim", size("output_dim", "Embedding dimension", "D", 40))}
    ${unless("method", pick("method", "Method", ["gather", "one-hot"], { "one-hot": "one-hot matmul" }))}
    ${unless("oob", pick("oob", "Out-of-range ids", ["raise", "zero", "nan", "clip", "wrap"]))}
    ${unless("race", button({ label: "Time both methods", place: "race", primary: true, disabled: !canRace(scene), onClick: () => startTiming(scene) }))}
  `;
}

/** @param {Scene} scene */
const canRace = ({ trace }) => trace.header.gather_ns != null && trace.header.tokens.length > 0;
