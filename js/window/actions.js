/**
 * Commands of the window view: each thing that pointer, keys and buttons can do, once.
 */
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */

/** The number of a row in a prediction: the context table counts on. @param {Scene} scene @param {Spot} spot */
export const itemOf = ({ trace }, { side = 0, row = 0 }) => side * derive(trace).V + row;

/** Run what a click on a spot means. @param {Scene} scene @param {Spot} spot */
export function select(scene, spot) {
  const { explorer, ui } = scene;
  if (ui.prediction?.phase === "open") {
    if (spot.part === "cell" || spot.part === "row") explorer.choose(itemOf(scene, spot));
    if (spot.part === "cell") focusSpot(scene, spot);
    return;
  }
  if (spot.part === "word") return goToWord(scene, /** @type {number} */ (spot.n));
  focusSpot(scene, spot.part === "row" ? { ...spot, part: "cell", col: 0 } : spot);
}

/** Move the window to a word. @param {Scene} scene @param {number} n */
export function goToWord({ explorer }, n) {
  explorer.goToStep(n, { patch: { focus: null } });
  explorer.focusAfterPaint(`word:${n}`);
}

/**
 * Select a spot and move the focus to it.
 * @param {Scene} scene
 * @param {Spot} spot
 * @param {any} [open]
 */
export function focusSpot({ explorer }, spot, open = null) {
  explorer.updateUi({ focus: spot, hover: null, open }, "step");
  explorer.focusAfterPaint(placeOf(spot));
  explorer.reportCursor();
}

/** Return the data-place of a spot. @param {Spot} spot */
export function placeOf({ part, n, k, side, row, col = 0 }) {
  if (part === "word") return `word:${n}`;
  return part === "pair" ? `pair:${k}` : `cell:${side}:${row}:${col}`;
}
