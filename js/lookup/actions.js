/**
 * Commands of the lookup view: each thing that pointer, keys and buttons can do, once.
 */
import { fixed, parseNumber } from "../kit/format.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */

/** @param {Scene} scene */
export function startTiming({ explorer, ui, theme }) {
  ui.local.race = null; // a new run restarts the animation
  explorer.paintNow();
  ui.local.race = { done: theme.reducedMotion };
  explorer.updateUi({});
}

/**
 * Run what a click or Enter on a spot means.
 * @param {Scene} scene
 * @param {any} spot
 */
export function select(scene, spot) {
  const { explorer, ui } = scene;
  if (ui.prediction?.phase === "open") {
    if (spot.row !== undefined && spot.part !== "map") explorer.choose(spot.row);
    if (spot.part === "table") focusSpot(scene, spot);
    return;
  }
  if (spot.part === "chip") return explorer.goToStep(spot.n, { patch: { focus: spot } });
  if (spot.part === "row")
    return focusSpot(scene, { part: "table", row: spot.row, col: ui.local.windows.col });
  focusSpot(scene, spot);
}

/**
 * Select a spot and move the focus to it.
 * @param {Scene} scene
 * @param {Spot} spot
 * @param {any} [open]
 */
export function focusSpot({ explorer, ui }, spot, open = null) {
  explorer.updateUi(
    { focus: spot, open, hover: ui.hover && spot.part === "map" ? null : ui.hover },
    "step",
  );
  explorer.focusAfterPaint(placeOf(spot));
  explorer.reportCursor();
}

/** Return the data-place of a spot. @param {Spot} spot */
export function placeOf({ part, n, row, col }) {
  if (part === "chip") return `chip:${n}`;
  if (part === "out") return `out:${n}:${col}`;
  return part === "map" ? "map" : `cell:${row}:${col}`;
}

export const STEP = { coarse: 0.1, fine: 0.01 };

/** @param {Scene} scene @param {number} row @param {number} col */
export function startEdit(scene, row, col) {
  const before = derive(scene.trace).weights(row)[col];
  const text = fixed(before);
  scene.ui.local.editing = { row, col, text, before };
  scene.explorer.updateUi({ focus: { part: "table", row, col }, hover: null });
  scene.explorer.focusAfterPaint("edit");
}

/** @param {Scene} scene @param {boolean} keep */
export function finishEdit(scene, keep) {
  const { editing } = scene.ui.local;
  if (!editing) return;
  const { row, col, before, text } = editing;
  const value = keep ? parseNumber(text) : before;
  const now = derive(scene.trace).weights(row)[col];
  if (value === null) {
    scene.explorer.updateUi({
      note: `A weight is a number such as 0.5. “${text}” is none; nothing was changed.`,
    });
  } else if (fixed(value) !== fixed(now) || (!keep && value !== now)) sendEdit(scene, value);
  scene.ui.local.editing = null;
  scene.explorer.focusAfterPaint(`cell:${row}:${col}`);
}

/** Send the new value of a weight to Python. @param {Scene} scene @param {number} value */
export function sendEdit(scene, value) {
  const { row, col } = scene.ui.local.editing;
  const id = derive(scene.trace).rowId(row);
  const edits = /** @type {[number, number, number][]} */ (scene.explorer.store.params.edits ?? []);
  scene.explorer.edit({
    edits: [...edits.filter(([r, c]) => r !== id || c !== col), [id, col, value]],
  });
}
