/**
 * Commands of the LoRA view: each thing that pointer, keys and buttons can do, once.
 */
import { broadcastRow } from "../kit/link.js";
import { withPaintedCell } from "./paint.js";
import { placeOf } from "./state.js";
import { rankOf, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Spot} Spot */

/** @param {Scene} scene @param {number} rank */
export function setRank(scene, rank) {
  const derived = derive(scene.trace);
  const now = rankOf(derived, scene.explorer.store.params.rank);
  const next = rankOf(derived, rank);
  scene.ui.local.merged = false;
  if (next !== now) scene.explorer.edit({ rank: next });
}

/**
 * Select a spot and move the focus to it.
 * @param {Scene} scene
 * @param {Spot} spot
 * @param {any} [open]
 */
export function focusSpot({ explorer, trace }, spot, open = null) {
  explorer.updateUi({ focus: spot, open, hover: null }, "step");
  explorer.focusAfterPaint(placeOf(spot));
  explorer.reportCursor();
  if (spot.i !== undefined) broadcastRow(explorer, derive(trace).rows[spot.i]);
}

/** Add a token to the trained ones, or remove it. @param {Scene} scene @param {number} i */
export function toggleTrained(scene, i) {
  const { explorer, trace } = scene;
  const { rows } = derive(trace);
  const trainedRows = /** @type {number[]} */ (explorer.store.params.seen ?? []);
  const row = rows[i];
  const had = trainedRows.includes(row);
  if (!had && trainedRows.length >= 16)
    return explorer.updateUi({ note: "At most 16 rows are trained here: leave one out first." });
  scene.ui.local.merged = false;
  explorer.edit({
    seen: had
      ? trainedRows.filter((other) => other !== row)
      : [...trainedRows, row].sort((a, b) => a - b),
  });
}

/**
 * Set the predicted error at a rank.
 * @param {Scene} scene
 * @param {number} r
 * @param {number} value
 */
export function bendCurveAt({ explorer, ui }, r, value) {
  ui.local.point = r;
  explorer.bendCurve(r - 1, Math.round(Math.max(0, Math.min(1, value)) * 100) / 100);
}

/**
 * Send the new value of a cell of ΔW to Python.
 * @param {Scene} scene
 * @param {number} i
 * @param {number} c
 * @param {number} value
 */
export function paintCell(scene, i, c, value) {
  const { explorer, trace, params } = scene;
  if (params.target !== "painted")
    return explorer.updateUi({ note: "Choose “painted” on the left, then paint the change." });
  const edits = /** @type {[number, number, number][]} */ (explorer.store.params.edits ?? []);
  const next = withPaintedCell(edits, derive(trace).rows[i], c, value);
  if (next.length > 200)
    return explorer.updateUi({ note: "At most 200 cells are painted: clear some first." });
  scene.ui.local.merged = false;
  explorer.edit({ edits: next });
}

/** Merge A and B into the table, or unmerge them. @param {Scene} scene */
export function toggleMerge(scene) {
  const { explorer, ui, trace } = scene;
  ui.local.merged = !ui.local.merged;
  if (ui.local.merged)
    explorer.goToStep(derive(trace).frames - 1, { patch: { focus: null, playing: false } });
  else explorer.updateUi({});
}
