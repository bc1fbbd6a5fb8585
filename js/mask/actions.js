/**
 * Commands of the mask view: each thing that pointer, keys and buttons can do, once.
 */
import { clamp } from "../kit/roving_tabindex.js";
import { withLength, insert, indexAfterMove, move, remove } from "./layer_edits.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/**
 * Send new layers and select one of them.
 * @param {Scene} scene
 * @param {string[]} layers
 * @param {number} step
 */
export function setLayers(scene, layers, step) {
  if (JSON.stringify(layers) === JSON.stringify(scene.params.layers)) return;
  scene.ui.local.goal = step;
  editParams(scene, { layers });
}

/**
 * Change parameters. After an error Python still holds the bad layers: send the good ones along.
 * @param {Scene} scene
 * @param {Record<string, any>} patch
 */
export function editParams({ explorer, params }, patch) {
  explorer.edit(explorer.store.error ? { layers: params.layers, ...patch } : patch);
}

/** @param {Scene} scene @param {string} kind @param {number} gap */
export function insertLayer(scene, kind, gap) {
  setLayers(scene, insert(scene.params.layers, gap, kind), gap + 1);
}

/** @param {Scene} scene @param {number} stage @param {number} gap */
export function moveLayer(scene, stage, gap) {
  const { layers } = scene.params;
  const at = clamp(gap, layers.length + 1);
  setLayers(scene, move(layers, stage - 1, at), indexAfterMove(stage - 1, at) + 1);
}

/** @param {Scene} scene @param {number} stage */
export function removeLayer(scene, stage) {
  if (stage < 1)
    return scene.explorer.updateUi({
      note: "The embedding stays: it makes the mask. Set mask_zero to False to see the model without one.",
    });
  setLayers(scene, remove(scene.params.layers, stage - 1), Math.max(0, stage - 1));
  scene.explorer.focusAfterPaint(`layer:${Math.max(0, stage - 1)}`);
}

/** @param {Scene} scene @param {Derived} derived @param {number} b @param {number} n */
export function setLength(scene, { available, lengths }, b, n) {
  const now = lengths
    .map((length, i) => scene.params.lengths[i] ?? length)
    .map((length, i) => Math.min(length, available[i]));
  const next = Math.max(0, Math.min(available[b], n));
  scene.ui.local.sentence = b;
  if (next !== now[b]) editParams(scene, { lengths: withLength(now, b, next) });
}

/** @param {Scene} scene @param {number} stage */
export function selectLayer({ explorer }, stage) {
  explorer.goToStep(stage, { patch: { focus: { part: "card", k: stage } } });
  explorer.focusAfterPaint(`layer:${stage}`);
}

/** @param {Scene} scene @param {number} stage */
export function chooseLayer({ explorer, ui }, stage) {
  ui.local.asking = stage;
  explorer.choose(stage);
  explorer.focusAfterPaint(`layer:${stage}`);
}

/**
 * Select a cell and move the focus to it.
 * @param {Scene} scene
 * @param {{ part: "place", k: number, b: number, cell: number }} spot
 * @param {any} [open]
 */
export function focusCell({ explorer, ui }, spot, open = null) {
  ui.local.sentence = spot.b;
  explorer.goToStep(ui.prediction ? ui.step : spot.k, { patch: { focus: spot, open } });
  explorer.focusAfterPaint(`at:${spot.k}:${spot.b}:${spot.cell}`);
}
