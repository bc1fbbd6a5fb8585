/**
 * Commands of the gradient view: each thing that pointer, keys and buttons can do, once.
 */
import { broadcast } from "../kit/link.js";
import { selectedColumn } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** Run what a click on a spot means. @param {Scene} scene @param {any} spot */
export function select(scene, spot) {
  const { explorer, ui } = scene;
  if (ui.prediction?.phase === "open") {
    if (spot.row !== undefined && ui.local.asks === "rows") explorer.choose(spot.row);
    if (spot.part === "cell") focusSpot(scene, spot);
    return;
  }
  focusSpot(
    scene,
    spot.part === "row" ? { part: "cell", row: spot.row, col: selectedColumn(scene) } : spot,
  );
}

/**
 * Select a spot and move the focus to it.
 * @param {Scene} scene
 * @param {any} spot
 * @param {any} [open]
 */
export function focusSpot({ explorer, ui }, spot, open = null) {
  if (spot.col !== undefined) ui.local.col = spot.col;
  explorer.updateUi({ focus: spot, open, playing: false }, "step");
  explorer.player.stop();
  explorer.focusAfterPaint(placeOf(spot));
  broadcast(explorer);
  explorer.reportCursor();
}

/** Open the arithmetic of a spot. @param {Scene} scene @param {any} spot */
export function openArithmetic(scene, spot) {
  const full = { col: selectedColumn(scene), ...spot };
  if (spot.part === "chip") full.part = "back";
  if (spot.part === "row") full.part = "cell";
  const { part, ...where } = full;
  focusSpot(scene, spot.part === "row" ? full : spot, {
    kind: part,
    ...where,
    from: placeOf(spot.part === "row" ? full : spot),
  });
}

/** Return the data-place of a spot. @param {any} spot */
export function placeOf({ part, n, row, col }) {
  if (part === "chip") return `chip:${n}`;
  return part === "back" ? `back:${n}:${col}` : `cell:${row}:${col}`;
}

/** Ask how duplicate gradients are combined. @param {Scene} scene */
export function askAboutDuplicates({ explorer, ui }) {
  ui.local.asks = "duplicates";
  ui.prediction = null;
  explorer.predict("again");
}
