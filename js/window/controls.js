/**
 * Controls of the window view: text, window, negatives, rate, sizes.
 */
import { nothing } from "lit-html";
import { slider, stopsBetween, textField } from "../kit/controls.js";
import { growButton } from "../kit/grow_button.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const RATE_STOPS = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const SEEDS = Array.from({ length: 21 }, (_, seed) => seed);

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls(scene) {
  const { params, explorer, trace } = scene;
  /** @param {string} name @param {string} label @param {string} symbol @returns {[string, unknown]} */
  const size = (name, label, symbol) => {
    const { min, max } = /** @type {any} */ (trace.header.limits)[name];
    return [
      name,
      slider({
        label,
        symbol,
        place: name,
        value: params[name],
        stops: stopsBetween(min, max),
        onChange: (value) => explorer.edit({ [name]: value }),
      }),
    ];
  };
  const grow = growButton(explorer);
  return [
    [
      "text",
      textField({
        label: "Text",
        place: "text",
        value: params.text,
        hint: "a sentence ends at . ! ?",
        onChange: (text) => explorer.edit({ text }),
      }),
    ],
    size("window", "Window", "w"),
    size("negative", "Negatives", "k"),
    [
      "learning_rate",
      slider({
        label: "Learning rate",
        symbol: "η",
        place: "learning_rate",
        value: params.learning_rate,
        stops: RATE_STOPS,
        valueText: `η = ${params.learning_rate}`,
        onChange: (value) => explorer.edit({ learning_rate: value }),
      }),
    ],
    size("output_dim", "Embedding dimension", "D"),
    size("input_dim", "Max. vocabulary", "V"),
    ["grow", grow === nothing ? null : grow],
    [
      "seed",
      slider({
        label: "Seed",
        symbol: "seed",
        place: "seed",
        value: params.seed,
        stops: SEEDS,
        onChange: (seed) => explorer.edit({ seed }),
      }),
    ],
  ];
}
