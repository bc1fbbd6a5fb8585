/**
 * What hands and keys can do in the mask view, each act once.
 */
import { clamp } from "../kit/roving_tabindex.js";
import { cut, insert, landing, move, remove } from "./layer_edits.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */

/** Send layers and go to one of them. @param {Scene} scene @param {string[]} layers @param {number} step */
export function put(scene, layers, step) {
  if (JSON.stringify(layers) === JSON.stringify(scene.params.layers)) return;
  scene.ui.own.goal = step;
  change(scene, { layers });
}

/**
 * Change parameters. After layers were refused, Python still has them: the good ones go along.
 * @param {Scene} scene
 * @param {Record<string, any>} patch
 */
export function change({ act, params }, patch) {
  act.edit(act.store.error ? { layers: params.layers, ...patch } : patch);
}

/** @param {Scene} scene @param {string} kind @param {number} gap */
export function bring(scene, kind, gap) {
  put(scene, insert(scene.params.layers, gap, kind), gap + 1);
}

/** @param {Scene} scene @param {number} stage @param {number} gap */
export function carry(scene, stage, gap) {
  const { layers } = scene.params;
  const at = clamp(gap, layers.length + 1);
  put(scene, move(layers, stage - 1, at), landing(stage - 1, at) + 1);
}

/** @param {Scene} scene @param {number} stage */
export function takeOut(scene, stage) {
  if (stage < 1) return scene.act.show({ note: "The embedding stays: it makes the mask. Set mask_zero to False to see the model without one." });
  put(scene, remove(scene.params.layers, stage - 1), Math.max(0, stage - 1));
  scene.act.focusLater(`layer:${Math.max(0, stage - 1)}`);
}

/** @param {Scene} scene @param {Reading} reading @param {number} b @param {number} n */
export function setLength(scene, { available, lengths }, b, n) {
  const now = lengths.map((length, i) => scene.params.lengths[i] ?? length).map((length, i) => Math.min(length, available[i]));
  const next = Math.max(0, Math.min(available[b], n));
  scene.ui.own.sentence = b;
  if (next !== now[b]) change(scene, { lengths: cut(now, b, next) });
}

/** @param {Scene} scene @param {number} stage */
export function select({ act }, stage) {
  act.go(stage, { patch: { focus: { part: "card", k: stage } } });
  act.focusLater(`layer:${stage}`);
}

/** @param {Scene} scene @param {number} stage */
export function choose({ act, ui }, stage) {
  ui.own.asking = stage;
  act.choose(stage);
  act.focusLater(`layer:${stage}`);
}

/** Hold a place. @param {Scene} scene @param {{ part: "place", k: number, b: number, cell: number }} spot @param {any} [open] */
export function look({ act, ui }, spot, open = null) {
  ui.own.sentence = spot.b;
  act.go(ui.prediction ? ui.step : spot.k, { patch: { focus: spot, open } });
  act.focusLater(`at:${spot.k}:${spot.b}:${spot.cell}`);
}
