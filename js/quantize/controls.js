/**
 * Controls of the quantization view: method, group size and table size.
 */
import { html, nothing } from "lit-html";
import { button, choice, slider, stopsBetween } from "../kit/controls.js";
import { growTenfold } from "./actions.js";
import { selection } from "./state.js";
import { SCHEMES } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @param {string} name @returns {any} */
const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** @param {Scene} scene */
export function controls(scene) {
  const { params, hidden, uid, explorer, ui } = scene;
  const selected = selection(scene);
  /** @param {string} name @param {() => unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control());
  /** @param {string} name @param {string} label @param {string} symbol @param {number} value */
  const size = (name, label, symbol, value) =>
    slider({
      label,
      symbol,
      place: name,
      value,
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32, 40),
      onChange: (to) => explorer.edit({ [name]: to }),
    });
  const flips = (params.flips ?? []).length;
  const away = ui.prediction !== null;
  return html`
    ${unless("scheme", () =>
      choice({
        label: "Scheme",
        group: `${uid}-scheme`,
        place: "scheme",
        value: String(params.scheme),
        choices: SCHEMES,
        onChange: (scheme) => explorer.edit({ scheme }),
      }),
    )}
    ${unless("block", () => size("block", "Group size", "block", Math.min(params.block, selected.derived.D)))}
    ${unless("input_dim", () => size("input_dim", "Vocabulary size", "V", params.input_dim))}
    ${unless("output_dim", () => size("output_dim", "Embedding dimension", "D", params.output_dim))}
    ${unless("tenfold", () =>
      button({
        label: `w[${selected.row}, ${selected.col}] × 10`,
        place: "tenfold",
        key: "X",
        primary: true,
        disabled: away,
        onClick: () => growTenfold(scene),
      }),
    )}
    ${
      flips && !hidden.has("flips")
        ? button({
            label: `Flip ${flips === 1 ? "the bit" : `${flips} bits`} back`,
            place: "unflip",
            onClick: () => explorer.edit({ flips: [] }),
          })
        : nothing
    }
  `;
}
