/**
 * Commands of the quantization view: each thing that pointer, keys and buttons can do, once.
 */
import { tellRow } from "../kit/link.js";
import { lookOf } from "./state.js";

/** @typedef {import("./state.js").Look} Look */
/** @typedef {import("../kit/view_types.js").Scene} Scene */

const LARGEST = 1e6; // Python takes no weight beyond it

/** The column a bit belongs to; the last one for bits that belong to nobody. @param {Look} look @param {number} byte @param {number} bit */
export const ownedBy = ({ now, reading }, byte, bit) =>
  Math.min(reading.D - 1, now.way.bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0));

/** What a click, or Enter, on a spot does. @param {Scene} scene @param {Look} look @param {any} spot */
export function pick(scene, look, spot) {
  const { act, ui } = scene;
  if (ui.prediction) {
    if (ui.prediction.phase === "open") choose(scene, look, spot);
    return;
  }
  if (spot.part === "row") return toRow(scene, spot.row);
  if (spot.part === "bit") return flip(scene, look, spot);
  hold(scene, spot);
  act.reportCursor();
}

/** @param {Scene} scene @param {Look} look @param {any} spot */
export function choose(scene, look, spot) {
  const { act } = scene;
  const { D } = look.reading;
  if (spot.part === "row") {
    if (spot.row === look.row) return act.show({ note: "This is the row that grows. Choose among its codes, and among the other rows." });
    act.choose(D + spot.row);
    return act.show({ focus: spot });
  }
  act.choose(spot.col);
  act.show({ focus: spot.part === "cell" ? { ...spot, line: "code" } : spot });
}

/** Hold a spot and give it the keyboard. @param {Scene} scene @param {any} spot */
export function hold({ act }, spot) {
  act.show({ focus: spot, hover: null, open: null }, "step");
  act.focusLater(placeOf(spot));
}

/** The data-place of a spot. @param {any} spot */
export function placeOf({ part, row, col, line, byte, bit }) {
  if (part === "row") return `row:${row}`;
  if (part === "bit") return `bit:${byte}:${bit}`;
  return part === "cell" ? `cell:${line}:${col}` : `mark:${col}`;
}

/** @param {Scene} scene @param {number} row */
export function toRow(scene, row) {
  const { act } = scene;
  act.show({ focus: { part: "row", row }, hover: null, open: null }, "step");
  scene.ui.own.row = null;
  act.edit({ row });
  tellRow(act, row);
  act.focusLater(`row:${row}`);
  act.reportCursor();
}

/** The value a weight has, or will have once Python has answered. @param {Scene} scene @param {number} row @param {number} col */
export function wanted({ params, trace }, row, col) {
  const edits = /** @type {[number, number, number][]} */ (params.edits ?? []);
  const D = trace.arrays.table.shape[1];
  return edits.find(([r, c]) => r === row && c === col)?.[2] ?? trace.arrays.table.data[row * D + col];
}

/** Tell Python: this weight has this value. @param {Scene} scene @param {Look} look @param {number} col @param {number} value */
export function write({ act }, { row }, col, value) {
  const edits = /** @type {[number, number, number][]} */ (act.store.params.edits ?? []);
  const held = Math.max(-LARGEST, Math.min(LARGEST, value));
  act.edit({ edits: [...edits.filter(([r, c]) => r !== row || c !== col), [row, col, held]] });
}

/** Ten times the weight in hand. @param {Scene} scene */
export function grow(scene) {
  const look = lookOf(scene);
  const value = wanted(scene, look.row, look.col) * 10;
  write(scene, look, look.col, Number(value.toPrecision(6)));
}

/** Turn a bit over, or back. @param {Scene} scene @param {Look} look @param {{ byte: number, bit: number }} spot */
export function flip(scene, look, { byte, bit }) {
  const { act } = scene;
  const flips = /** @type {[string, number, number, number][]} */ (act.store.params.flips ?? []);
  const same = (/** @type {any[]} */ f) => f[0] === look.now.way.name && f[1] === look.row && f[2] === byte && f[3] === bit;
  const rest = flips.filter((f) => !same(f));
  act.edit({ flips: rest.length < flips.length ? rest : [...flips, [look.now.way.name, look.row, byte, bit]] });
  hold(scene, { part: "bit", byte, bit, col: ownedBy(look, byte, bit) });
}

/** Open the arithmetic of a weight. @param {Scene} scene @param {any} spot */
export function openAt({ act, ui }, spot) {
  if (ui.prediction) return true;
  act.show({ focus: spot, hover: null, open: { kind: "weight", col: spot.col, from: placeOf(spot) } });
  return true;
}
