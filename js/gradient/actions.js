/**
 * Commands of the gradient view: each thing that pointer, keys and buttons can do, once.
 */
import { tell } from "../kit/link.js";
import { columnOf } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** What a click on a spot does. @param {Scene} scene @param {any} spot */
export function pick(scene, spot) {
  const { act, ui } = scene;
  if (ui.prediction?.phase === "open") {
    if (spot.row !== undefined && ui.own.asks === "rows") act.choose(spot.row);
    if (spot.part === "cell") hold(scene, spot);
    return;
  }
  hold(scene, spot.part === "row" ? { part: "cell", row: spot.row, col: columnOf(scene) } : spot);
}

/**
 * Hold a spot and give it the keyboard.
 * @param {Scene} scene
 * @param {any} spot
 * @param {any} [open]
 */
export function hold({ act, ui }, spot, open = null) {
  if (spot.col !== undefined) ui.own.col = spot.col;
  act.show({ focus: spot, open, playing: false }, "step");
  act.player.stop();
  act.focusLater(placeOf(spot));
  tell(act);
  act.reportCursor();
}

/** Show the arithmetic behind a spot. @param {Scene} scene @param {any} spot */
export function openAt(scene, spot) {
  const full = { col: columnOf(scene), ...spot };
  if (spot.part === "chip") full.part = "back";
  if (spot.part === "row") full.part = "cell";
  const { part, ...where } = full;
  hold(scene, spot.part === "row" ? full : spot, { kind: part, ...where, from: placeOf(spot.part === "row" ? full : spot) });
}

/** The data-place of a spot. @param {any} spot */
export function placeOf({ part, n, row, col }) {
  if (part === "chip") return `chip:${n}`;
  return part === "back" ? `back:${n}:${col}` : `cell:${row}:${col}`;
}

/** Ask what becomes of duplicates. @param {Scene} scene */
export function askFate({ act, ui }) {
  ui.own.asks = "fate";
  ui.prediction = null;
  act.predict("again");
}
