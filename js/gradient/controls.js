/**
 * Controls of the gradient view: sentence, rule for duplicate ids, mode, sizes.
 */
import { html, nothing } from "lit-html";
import { button, choice, slider, stopsBetween, textField } from "../kit/controls.js";
import { askAboutDuplicates } from "./actions.js";
import { duplicatedRow } from "./predict.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @param {string} name @returns {any} */
const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene */
export function controls(scene) {
  const { params, hidden, uid, explorer, ui, trace } = scene;
  /** @param {string} name @param {unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control);
  /** @param {string} name @param {string} label @param {string} symbol */
  const size = (name, label, symbol) =>
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 0, limit(scene, name).max ?? 40, 40),
      onChange: (value) => explorer.edit({ [name]: value }),
    });
  /** @param {string} name @param {string} label */
  const pick = (name, label) =>
    choice({
      label,
      group: `${uid}-${name}`,
      place: name,
      value: String(params[name]),
      choices: limit(scene, name).choices ?? [],
      onChange: (value) => explorer.edit({ [name]: value }),
    });
  const fate = ui.prediction !== null && ui.local.asks === "duplicates";
  return html`
    ${unless("text", textField({ label: "Sentence", place: "text", value: params.text, hint: "#0 stands for the id 0, padding", onChange: (text) => explorer.edit({ text }) }))}
    ${unless("rule", pick("rule", "Duplicate ids"))} ${unless("mode", pick("mode", "Mode"))}
    ${params.mode === "padding" ? unless("padding_idx", size("padding_idx", "padding_idx", "row")) : nothing}
    ${unless("input_dim", size("input_dim", "Vocabulary size", "V"))} ${unless("output_dim", size("output_dim", "Embedding dimension", "D"))}
    ${unless("duplicates", button({ label: "Last, mean or sum?", place: "duplicates", primary: true, pressed: fate, disabled: duplicatedRow(trace) < 0, onClick: () => askAboutDuplicates(scene) }))}
  `;
}
