/**
 * Controls of the mask view: layers to insert, the selected layer, and the batch.
 */
import { html, nothing } from "lit-html";
import { button, choice, slider, stopsBetween, textField } from "../kit/controls.js";
import { moveLayer, editParams, setLayers, removeLayer } from "./actions.js";
import { palette } from "./drag.js";
import { RETURN_SEQUENCES, isRecurrent, lengthsFor, toggleReturnSequences } from "./layer_edits.js";
import { layoutOf } from "./state.js";
import { labelOf, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const KINDS = [
  "Dropout",
  "LayerNormalization",
  "Masking",
  "Conv1D",
  "Reshape",
  "Flatten",
  "GlobalAveragePooling1D",
  "GlobalMaxPooling1D",
  "SimpleRNN",
  "GRU",
  "LSTM",
  "Dense",
];

/** @param {Scene} scene */
export function controls(scene) {
  const { params, hidden, uid, trace, ui } = scene;
  const { limits } = trace.header;
  /** @param {string} name @param {() => unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control());
  /** @param {string} name @param {string} label @param {string} symbol */
  const size = (name, label, symbol) => {
    const { min, max } = /** @type {{ min: number, max: number }} */ (limits[name]);
    if (min === max) return nothing;
    const stops = stopsBetween(min, max);
    return slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops,
      onChange: (value) => editParams(scene, { [name]: value }),
    });
  };
  return html`
    ${unless("layers", () => html`${layerPalette(scene)} ${ui.prediction ? nothing : selectedLayer(scene)}`)}
    ${unless("padding", () =>
      choice({
        label: "Padding",
        group: `${uid}-padding`,
        place: "padding",
        value: params.padding,
        choices: ["post", "pre"],
        onChange: (padding) => editParams(scene, { padding }),
      }),
    )}
    ${unless("mask_zero", () =>
      choice({
        label: "mask_zero",
        group: `${uid}-mask_zero`,
        place: "mask_zero",
        value: params.mask_zero ? "True" : "False",
        choices: ["True", "False"],
        onChange: (value) => editParams(scene, { mask_zero: value === "True" }),
      }),
    )}
    ${unless("steps", () => size("steps", "Sequence length", "T"))} ${unless("output_dim", () => size("output_dim", "Embedding dimension", "D"))}
    ${unless("text", () =>
      textField({
        label: "Sentences",
        place: "text",
        value: params.text,
        hint: "one a line; #12 is the id 12",
        onChange: (text) =>
          editParams(scene, {
            text,
            lengths: lengthsFor(params.text, text, params.lengths, { lines: 6, words: 12 }),
          }),
      }),
    )}
  `;
}

/** @param {Scene} scene */
function layerPalette(scene) {
  const { max = 5 } = /** @type {{ max?: number }} */ (scene.trace.header.limits.layers);
  const full = scene.params.layers.length >= max;
  const at = () => layoutOf(scene, derive(scene.trace));
  return html`<div class="field palette" role="group" aria-labelledby="${scene.uid}-bring">
    <h3 id="${scene.uid}-bring">Layers to insert</h3>
    <div class="pieces">
      ${KINDS.map((kind) => {
        const on = palette(scene, kind);
        return html`<button
          type="button"
          data-place="insert:${kind}"
          title="Click: behind the chosen layer. Or drag it into the row."
          ?disabled=${full || scene.ui.prediction !== null}
          @pointerdown=${on.down}
          @pointermove=${(/** @type {PointerEvent} */ e) => on.move(e, at())}
          @pointerup=${on.up}
          @click=${on.click}
        >
          ${labelOf(kind)}
        </button>`;
      })}
    </div>
    ${full ? html`<small>The row is full: take one out first.</small>` : nothing}
  </div>`;
}

/** Buttons for the selected layer. @param {Scene} scene */
function selectedLayer(scene) {
  const { ui, params, trace, uid } = scene;
  const { stages } = derive(trace);
  const n = Math.min(ui.step, stages.length - 1);
  const stage = stages[n];
  const fixed = n === 0;
  /**
   * @param {string} at
   * @param {unknown} label
   * @param {() => void} onClick
   * @param {boolean} disabled
   * @param {string} [name]
   */
  const actionButton = (at, label, onClick, disabled, name) =>
    button({ label, name, place: `chosen:${at}`, disabled, onClick });
  return html`<div class="field" role="group" aria-labelledby="${uid}-chosen">
    <h3 id="${uid}-chosen">This layer: <bdi>${stage.label}</bdi></h3>
    <div class="pieces three">
      ${actionButton("back", "←", () => moveLayer(scene, n, n - 2), fixed || n === 1, "Move it to the left")}
      ${actionButton("on", "→", () => moveLayer(scene, n, n + 1), fixed || n === stages.length - 1, "Move it to the right")}
      ${actionButton("out", "Remove", () => removeLayer(scene, n), fixed)}
    </div>
    ${
      n > 0 && isRecurrent(params.layers[n - 1] ?? "")
        ? choice({
            label: "return_sequences",
            group: `${uid}-each`,
            place: "each",
            value: params.layers[n - 1].endsWith(RETURN_SEQUENCES) ? "True" : "False",
            choices: ["True", "False"],
            onChange: () => setLayers(scene, toggleReturnSequences(params.layers, n - 1), n),
          })
        : nothing
    }
  </div>`;
}
