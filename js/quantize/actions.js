/**
 * Commands of the quantization view: each thing that pointer, keys and buttons can do, once.
 */
import { broadcastRow } from "../kit/link.js";
import { selection } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("./state.js").Selection} Selection */
/** @typedef {import("../kit/view_types.js").Scene} Scene */

const LARGEST = 1e6; // Python accepts no larger weight

/**
 * Return the column a bit belongs to; the last one for unused bits.
 * @param {Selection} look
 * @param {number} byte
 * @param {number} bit
 */
export const columnOfBit = ({ current, derived }, byte, bit) =>
  Math.min(derived.D - 1, current.scheme.bits === 8 ? byte : 2 * byte + (bit > 3 ? 1 : 0));

/**
 * Run what a click or Enter on a spot means.
 * @param {Scene} scene
 * @param {Selection} selected
 * @param {any} spot
 */
export function select(scene, selected, spot) {
  const { explorer, ui } = scene;
  if (ui.prediction) {
    if (ui.prediction.phase === "open") choose(scene, selected, spot);
    return;
  }
  if (spot.part === "row") return selectRow(scene, spot.row);
  if (spot.part === "bit") return flipBit(scene, selected, spot);
  focusSpot(scene, spot);
  explorer.reportCursor();
}

/** @param {Scene} scene @param {Selection} selected @param {any} spot */
export function choose(scene, selected, spot) {
  const { explorer } = scene;
  const { D } = selected.derived;
  if (spot.part === "row") {
    if (spot.row === selected.row)
      return explorer.updateUi({
        note: "This is the row that grows. Choose among its codes, and among the other rows.",
      });
    explorer.choose(D + spot.row);
    return explorer.updateUi({ focus: spot });
  }
  explorer.choose(spot.col);
  explorer.updateUi({ focus: spot.part === "cell" ? { ...spot, line: "code" } : spot });
}

/** Select a spot and move the focus to it. @param {Scene} scene @param {any} spot */
export function focusSpot({ explorer }, spot) {
  explorer.updateUi({ focus: spot, hover: null, open: null }, "step");
  explorer.focusAfterPaint(placeOf(spot));
}

/** Return the data-place of a spot. @param {any} spot */
export function placeOf({ part, row, col, line, byte, bit }) {
  if (part === "row") return `row:${row}`;
  if (part === "bit") return `bit:${byte}:${bit}`;
  return part === "cell" ? `cell:${line}:${col}` : `mark:${col}`;
}

/** @param {Scene} scene @param {number} row */
export function selectRow(scene, row) {
  const { explorer } = scene;
  explorer.updateUi({ focus: { part: "row", row }, hover: null, open: null }, "step");
  scene.ui.local.row = null;
  explorer.edit({ row });
  broadcastRow(explorer, row);
  explorer.focusAfterPaint(`row:${row}`);
  explorer.reportCursor();
}

/**
 * Return the value of a weight, with edits that Python has not answered yet.
 * @param {Scene} scene
 * @param {number} row
 * @param {number} col
 */
export function pendingWeight({ params, trace }, row, col) {
  const edits = /** @type {[number, number, number][]} */ (params.edits ?? []);
  return edits.find(([r, c]) => r === row && c === col)?.[2] ?? derive(trace).weights(row)[col];
}

/**
 * Send the new value of a weight to Python.
 * @param {Scene} scene
 * @param {Selection} look
 * @param {number} col
 * @param {number} value
 */
export function setWeight({ explorer }, { row }, col, value) {
  const edits = /** @type {[number, number, number][]} */ (explorer.store.params.edits ?? []);
  const clamped = Math.max(-LARGEST, Math.min(LARGEST, value));
  explorer.edit({
    edits: [...edits.filter(([r, c]) => r !== row || c !== col), [row, col, clamped]],
  });
}

/** Multiply the selected weight by ten. @param {Scene} scene */
export function growTenfold(scene) {
  const selected = selection(scene);
  const value = pendingWeight(scene, selected.row, selected.col) * 10;
  setWeight(scene, selected, selected.col, Number(value.toPrecision(6)));
}

/**
 * Flip a bit, or flip it back.
 * @param {Scene} scene
 * @param {Selection} selected
 * @param {{ byte: number, bit: number }} spot
 */
export function flipBit(scene, selected, { byte, bit }) {
  const { explorer } = scene;
  const flips = /** @type {[string, number, number, number][]} */ (
    explorer.store.params.flips ?? []
  );
  const same = (/** @type {any[]} */ f) =>
    f[0] === selected.current.scheme.name && f[1] === selected.row && f[2] === byte && f[3] === bit;
  const rest = flips.filter((f) => !same(f));
  explorer.edit({
    flips:
      rest.length < flips.length
        ? rest
        : [...flips, [selected.current.scheme.name, selected.row, byte, bit]],
  });
  focusSpot(scene, { part: "bit", byte, bit, col: columnOfBit(selected, byte, bit) });
}

/** Open the arithmetic of a weight. @param {Scene} scene @param {any} spot */
export function openArithmetic({ explorer, ui }, spot) {
  if (ui.prediction) return true;
  explorer.updateUi({
    focus: spot,
    hover: null,
    open: { kind: "weight", col: spot.col, from: placeOf(spot) },
  });
  return true;
}
