/**
 * UI state of the quantization view: the selected weight, the current drag, and the windows that
 * follow.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { layout, rulerReach, clampWindows } from "./layout.js";
import { neighborRanks, derive, rowAs } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Row} Row */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{ col: number, reach: number, pointer: number }} Drag  the ruler holds still meanwhile */
/**
 * @typedef {object} LocalUi
 * @property {import("./layout.js").Windows} windows
 * @property {Drag | null} drag
 * @property {number | null} row  what a linked view selected, until a row is chosen here
 * @property {boolean} dropped  a drag just ended, and its click is still to come: ignore it
 */
/** @typedef {{ derived: Derived, current: Row, row: number, col: number, reach: number, at: Layout, shown: number }} Selection */

export const STAGES = ["largest", "levels", "multiply", "round", "pack", "back"];

/** @returns {LocalUi} */
export const initialUi = () => ({
  windows: { row: 0, col: 0, band: 0 },
  drag: null,
  dropped: false,
  row: null,
});

/** Return whether the figure shows the tenfold weight. @param {Scene} scene */
export const isGrown = ({ ui }) => ui.prediction?.phase === "revealed";

/**
 * Return the selected row and weight, with the ruler's extent and the layout.
 * @param {Scene} scene
 * @returns {Selection}
 */
export function selection(scene) {
  const derived = derive(scene.trace);
  const { params, ui } = scene;
  const { first, V } = derived;
  const row = Math.max(first, Math.min(first + V - 1, Number(ui.local.row ?? params.row)));
  const now = rowAs(derived, params.scheme, row, isGrown(scene));
  const target = ui.hover?.col ?? ui.focus?.col ?? now.largest;
  const col = Math.max(0, Math.min(derived.D - 1, target));
  // while predicting, the ruler already has room for the tenfold weight
  const grown = ui.prediction ? Math.abs(derived.tenfold(row).value) : 0;
  const most = Math.max(grown, ...Array.from(now.weights, Math.abs));
  const reach = ui.local.drag?.reach ?? rulerReach(most);
  return {
    derived,
    current: now,
    row,
    col,
    reach,
    at: layoutOf(scene, derived, now),
    shown: ui.step,
  };
}

/** @param {Scene} scene @param {Derived} derived @param {Row} now @returns {Layout} */
function layoutOf(scene, derived, { scheme, row }) {
  const ranks = neighborRanks(derived, scheme.name, row);
  const what = {
    width: scene.size.figureWidth,
    height: scene.size.figureHeight,
    V: derived.V,
    D: derived.D,
    bits: scheme.bits,
    groups: scheme.groups,
    slots: derived.near + Math.max(0, ranks.length - derived.near),
  };
  return cachedLayout(scene.explorer, what, layout);
}

/** Move the windows to the selection; called before each paint. @param {Scene} scene */
export function clampUi(scene) {
  if (!scene.size.figureWidth) return;
  const { derived, current, row, at } = selection(scene);
  const { ui } = scene;
  const { windows } = ui.local;
  const still = ui.hover && ui.focus?.col === undefined; // a hover does not move the windows
  const col = Math.min(derived.D - 1, ui.focus?.col ?? (still ? windows.col : current.largest));
  const targetRow = ui.focus?.part === "row" ? ui.focus.row : row;
  const sizes = { V: derived.V, D: derived.D, ...current.scheme };
  ui.local.windows = clampWindows(windows, at, sizes, {
    row: Math.max(0, Math.min(derived.V - 1, targetRow - derived.first)),
    col,
    band: still ? windows.band : undefined,
  });
}
