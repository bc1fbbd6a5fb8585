/**
 * Commands of the lookup view: each thing that pointer, keys and buttons can do, once.
 */
import { fixed, parseNumber } from "../kit/format.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */

/** @param {Scene} scene */
export function startRace({ act, ui, theme }) {
  ui.own.race = null; // a new run starts its bars anew
  act.paintNow();
  ui.own.race = { done: theme.calm };
  act.show({});
}

/**
 * What a click or Enter on a spot does.
 * @param {Scene} scene
 * @param {any} spot
 */
export function pick(scene, spot) {
  const { act, ui } = scene;
  if (ui.prediction?.phase === "open") {
    if (spot.row !== undefined && spot.part !== "map") act.choose(spot.row);
    if (spot.part === "table") hold(scene, spot);
    return;
  }
  if (spot.part === "chip") return act.go(spot.n, { patch: { focus: spot } });
  if (spot.part === "row") return hold(scene, { part: "table", row: spot.row, col: ui.own.windows.col });
  hold(scene, spot);
}

/**
 * Hold a spot and give it the keyboard.
 * @param {Scene} scene
 * @param {Spot} spot
 * @param {any} [open]
 */
export function hold({ act, ui }, spot, open = null) {
  act.show({ focus: spot, open, hover: ui.hover && spot.part === "map" ? null : ui.hover }, "step");
  act.focusLater(placeOf(spot));
  act.reportCursor();
}

/** The data-place of a spot. @param {Spot} spot */
export function placeOf({ part, n, row, col }) {
  if (part === "chip") return `chip:${n}`;
  if (part === "out") return `out:${n}:${col}`;
  return part === "map" ? "map" : `cell:${row}:${col}`;
}

export const STEP = { coarse: 0.1, fine: 0.01 };

/** @param {Scene} scene @param {number} row @param {number} col */
export function startEdit(scene, row, col) {
  const before = readingOf(scene.trace).weights(row)[col];
  const text = fixed(before);
  scene.ui.own.editing = { row, col, text, before };
  scene.act.show({ focus: { part: "table", row, col }, hover: null });
  scene.act.focusLater("edit");
}

/** @param {Scene} scene @param {boolean} keep */
export function finish(scene, keep) {
  const { editing } = scene.ui.own;
  if (!editing) return;
  const { row, col, before, text } = editing;
  const value = keep ? parseNumber(text) : before;
  const now = readingOf(scene.trace).weights(row)[col];
  if (value === null) {
    scene.act.show({ note: `A weight is a number such as 0.5. “${text}” is none; nothing was changed.` });
  } else if (fixed(value) !== fixed(now) || (!keep && value !== now)) write(scene, value);
  scene.ui.own.editing = null;
  scene.act.focusLater(`cell:${row}:${col}`);
}

/** Tell Python: this weight has this value. @param {Scene} scene @param {number} value */
export function write(scene, value) {
  const { row, col } = scene.ui.own.editing;
  const edits = /** @type {[number, number, number][]} */ (scene.act.store.params.edits ?? []);
  scene.act.edit({ edits: [...edits.filter(([r, c]) => r !== row || c !== col), [row, col, value]] });
}
