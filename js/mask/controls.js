/**
 * Controls of the mask view: a layer to insert, the batch, and the selected layer.
 */
import { html, nothing } from "lit-html";
import { button, choice, select, slider, stopsBetween, textField } from "../kit/controls.js";
import { insertLayer, moveLayer, editParams, setLayers, removeLayer } from "./actions.js";
import { RETURN_SEQUENCES, isRecurrent, lengthsFor, toggleReturnSequences } from "./layer_edits.js";
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

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls(scene) {
  const { params, uid, trace, ui } = scene;
  const { limits } = trace.header;
  /** @param {string} name @param {string} label @param {string} symbol @returns {[string, unknown]} */
  const size = (name, label, symbol) => {
    const { min, max } = /** @type {{ min: number, max: number }} */ (limits[name]);
    if (min === max) return [name, null];
    return [
      name,
      slider({
        label,
        symbol,
        place: name,
        value: params[name],
        stops: stopsBetween(min, max),
        onChange: (value) => editParams(scene, { [name]: value }),
      }),
    ];
  };
  return [
    ["layers", layerToInsert(scene)],
    [
      "padding",
      choice({
        label: "Padding",
        group: `${uid}-padding`,
        place: "padding",
        value: params.padding,
        choices: ["post", "pre"],
        onChange: (padding) => editParams(scene, { padding }),
      }),
    ],
    [
      "mask_zero",
      choice({
        label: "mask_zero",
        group: `${uid}-mask_zero`,
        place: "mask_zero",
        value: params.mask_zero ? "True" : "False",
        choices: ["True", "False"],
        onChange: (value) => editParams(scene, { mask_zero: value === "True" }),
      }),
    ],
    size("steps", "Sequence length", "T"),
    ["layers", ui.prediction ? null : selectedLayer(scene)],
    size("output_dim", "Embedding dimension", "D"),
    [
      "text",
      textField({
        label: "Sentences",
        place: "text",
        value: params.text,
        hint: "one a line; #12 is the id 12",
        rows: 4,
        onChange: (text) =>
          editParams(scene, {
            text,
            lengths: lengthsFor(params.text, text, params.lengths, { lines: 6, words: 12 }),
          }),
      }),
    ],
  ];
}

/** A list of kinds: the chosen one goes behind the selected layer. @param {Scene} scene */
function layerToInsert(scene) {
  const { max = 5 } = /** @type {{ max?: number }} */ (scene.trace.header.limits.layers);
  const { layers } = scene.params;
  const full = layers.length >= max;
  const { stages } = derive(scene.trace);
  const gap = Math.min(scene.ui.step, layers.length);
  return select({
    label: "Insert layer",
    hint: full
      ? "the row is full: remove one first"
      : html`after <b>${stages[Math.min(gap, stages.length - 1)].label}</b>`,
    place: "insert",
    value: "",
    choices: ["", ...KINDS],
    texts: (kind) => (kind ? labelOf(kind) : "choose a layer …"),
    disabled: full || scene.ui.prediction !== null,
    onChange: (kind) => insertLayer(scene, kind, gap),
  });
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
      <div class="pieces">
        ${actionButton("back", "←", () => moveLayer(scene, n, n - 2), fixed || n === 1, "Move it to the left")}
        ${actionButton("on", "→", () => moveLayer(scene, n, n + 1), fixed || n === stages.length - 1, "Move it to the right")}
        ${actionButton("out", "Remove", () => removeLayer(scene, n), fixed)}
      </div>
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
    }`;
}
