/**
 * Commands of the shard view: each thing that pointer, keys and buttons can do, once.
 */

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */

/** Run what a click on a spot means. @param {Scene} scene @param {Spot} spot */
export function select(scene, spot) {
  if (!scene.predicting) return focusSpot(scene, spot);
  if (spot.part !== "worker") return;
  scene.explorer.choose(/** @type {number} */ (spot.w));
  focusSpot(scene, spot);
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
export function placeOf({ part, n, w, col = 0 }) {
  if (part === "worker") return `worker:${w}`;
  return part === "id" ? `id:${n}` : `cell:${n}:${col}`;
}
