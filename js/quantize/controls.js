/**
 * Controls of the quantization view: method, group size and table size.
 */
import { button, choice, slider, stopsBetween } from "../kit/controls.js";
import { growTenfold } from "./actions.js";
import { selection } from "./state.js";
import { SCHEMES } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @param {string} name @returns {any} */
const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene @returns {import("../kit/view_types.js").Control[]} */
export function controls(scene) {
  const { params, uid, explorer } = scene;
  const selected = selection(scene);
  /** @param {string} name @param {string} label @param {string} symbol @param {number} value @returns {[string, unknown]} */
  const size = (name, label, symbol, value) => [
    name,
    slider({
      label,
      symbol,
      place: name,
      value,
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32, 40),
      onChange: (to) => explorer.edit({ [name]: to }),
    }),
  ];
  const flips = (params.flips ?? []).length;
  return [
    [
      "scheme",
      choice({
        label: "Scheme",
        group: `${uid}-scheme`,
        place: "scheme",
        value: String(params.scheme),
        choices: SCHEMES,
        onChange: (scheme) => explorer.edit({ scheme }),
      }),
    ],
    size("block", "Group size", "block", Math.min(params.block, selected.derived.D)),
    size("output_dim", "Embedding dimension", "D", params.output_dim),
    [
      "tenfold",
      button({
        label: `w[${selected.row}, ${selected.col}] × 10`,
        place: "tenfold",
        key: "X",
        primary: true,
        disabled: scene.ui.prediction !== null,
        onClick: () => growTenfold(scene),
      }),
      "edits",
    ],
    [
      "flips",
      flips &&
        button({
          label: `Flip ${flips === 1 ? "the bit" : `${flips} bits`} back`,
          place: "unflip",
          onClick: () => explorer.edit({ flips: [] }),
        }),
    ],
    size("input_dim", "Vocabulary size", "V", params.input_dim),
  ];
}
