/**
 * UI state of the gradient view: the selection and the windows that follow it.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { layout, clampWindows } from "./layout.js";
import { busiest, highlightFor, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Layout} Layout */
/**
 * @typedef {object} LocalUi
 * @property {import("./layout.js").Windows} windows
 * @property {number} col             the column of the stacked bars
 * @property {"rows" | "fate"} asks   what is predicted: the rows, or how duplicates are combined
 */

/** @returns {LocalUi} */
export function initialUi() {
  return { windows: { token: 0, col: 0 }, col: 0, asks: "rows" };
}

/**
 * Return the selected spot: hover first, then focus, then the step.
 * @param {Scene} scene
 * @returns {Spot}
 */
export function selection({ ui, trace }) {
  const { N } = derive(trace);
  return ui.hover ?? ui.focus ?? (ui.step < N ? { part: "chip", n: ui.step } : { part: "end" });
}

/** Return the column of the stacked bars. @param {Scene} scene */
export function selectedColumn({ ui, trace }) {
  return Math.min(ui.hover?.col ?? ui.local.col, derive(trace).D - 1);
}

/**
 * Return the weight that is checked: the selected one, or the first column of the busiest row.
 * @param {Scene} scene
 */
export function selectedWeight(scene) {
  const { ui, trace } = scene;
  const derived = derive(trace);
  const col = selectedColumn(scene);
  if (ui.open?.kind === "cell")
    return { row: ui.open.row, col: Math.min(ui.open.col, derived.D - 1), own: true };
  const spot = ui.hover?.part === "cell" ? ui.hover : ui.focus?.part === "cell" ? ui.focus : null;
  if (spot && derived.rowIndex(spot.row) >= 0) return { row: spot.row, col, own: true };
  const row = busiest(derived);
  return { row: row < 0 ? (derived.rows[0] ?? 0) : row, col, own: false };
}

/** Return whether a prediction is open, so that the figure must hide the answer. @param {Scene} scene */
export const isPredicting = ({ ui }) => ui.prediction?.phase === "open";

/**
 * Return the layout, cached.
 * @param {Scene} scene
 * @param {Derived} derived
 */
export function layoutOf(scene, { rows, D, N }) {
  const what = {
    width: scene.size.figureWidth,
    height: scene.size.figureHeight,
    R: rows.length,
    D,
    N,
  };
  return cachedLayout(scene.explorer, what, layout);
}

/** Move the windows to the selection; called before each paint. @param {Scene} scene */
export function clampUi(scene) {
  if (!scene.size.figureWidth) return;
  const { ui } = scene;
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const highlight = highlightFor(derived, selection(scene));
  if (!ui.hover && highlight.col >= 0) ui.local.col = highlight.col;
  const token =
    highlight.n >= 0 ? highlight.n : ui.hover || ui.focus ? undefined : highlight.senders[0];
  ui.local.windows = clampWindows(ui.local.windows, at, derived, {
    token: token !== undefined && token < derived.N ? token : undefined,
    col: selectedColumn(scene),
  });
}
