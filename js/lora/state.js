/**
 * UI state of the LoRA view: the selection, the current drag, and whether A and B are merged.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { NARROW, layout } from "./layout.js";
import { momentOf, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {{ part: string, i?: number, k?: number, c?: number }} Spot */
/**
 * @typedef {object} LocalUi
 * @property {null | { part: "a" | "b" | "cut" | "curve" } | { part: "paint", value: number, last: string }} drag
 * @property {boolean} merged
 * @property {"rows" | "rank" | "error" | "first"} chart   which one stands beside the singular values; "rows" and
 *   "rank" are tabs only where it is narrow
 * @property {number} point   the point of the curve that holds the focus
 */

/** @returns {LocalUi} */
export const initialUi = () => ({ drag: null, merged: false, chart: "error", point: 1 });

/** @param {Scene} scene */
export const momentAt = (scene) => momentOf(scene.trace, scene.params.rank, scene.ui.step);

/**
 * Return the selected spot: hover first, then focus.
 * @param {Scene} scene
 * @returns {Spot | null}
 */
export const selection = ({ ui }) => ui.hover ?? ui.focus;

/** Return which chart is drawn where there is only one: that of the question, while there is one. @param {Scene} scene */
export const chartOf = ({ ui }) => (ui.prediction ? "rank" : ui.local.chart);

/** Return the layout, cached. @param {Scene} scene */
export function layoutOf(scene) {
  const { n, cols, K } = derive(scene.trace);
  const { figureWidth: width, figureHeight: height } = scene.size;
  const what = { width, height, n, cols, K, chart: width < NARROW ? chartOf(scene) : undefined };
  return cachedLayout(scene.explorer, what, layout);
}

/** @param {Scene} scene */
export const isPredicting = ({ ui }) => ui.prediction?.phase === "open";

/** Return the data-place of a spot. @param {Spot} spot */
export function placeOf({ part, i, k, c }) {
  if (part === "token") return `token:${i}`;
  return part === "b" ? `b:${k}:${c}` : `${part}:${i}:${part === "a" ? k : c}`;
}
