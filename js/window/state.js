/**
 * UI state of the window view: what the tables show, the selection, and the pairs that are drawn.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { followFocus } from "../kit/roving_tabindex.js";
import { layout } from "./layout.js";
import { derive, highlightFor } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/** What the cells of both tables hold. */
export const STAGES = { before: "before", gradient: "gradient", after: "after" };

/**
 * @typedef {object} LocalUi
 * @property {keyof typeof STAGES} stage
 * @property {number} pair   the first pair that is drawn
 * @property {[number, number][]} stops  the cell of each table that holds the tab stop
 */

/** @returns {LocalUi} */
export const initialUi = () => ({
  stage: "before",
  pair: 0,
  stops: [
    [0, 0],
    [0, 0],
  ],
});

/**
 * Return the selected spot, or null: then the step itself is described.
 * @param {Pick<Scene, "ui">} scene
 * @returns {import("./trace.js").Spot | null}
 */
export function selection({ ui }) {
  const spot = ui.hover ?? ui.focus;
  return spot && spot.part !== "word" ? spot : null;
}

/** Return the layout, cached. @param {Scene} scene @param {Derived} derived */
export function layoutOf(scene, derived) {
  const { V, D, N } = derived;
  const P = derived.pairs(scene.ui.step).length;
  const { figureWidth: width, figureHeight: height } = scene.size;
  return cachedLayout(scene.explorer, { width, height, V, D, N, P }, layout);
}

/** Keep the pairs drawn and the tab stops valid; called before each paint. @param {Scene} scene */
export function clampUi(scene) {
  if (!scene.size.figureWidth) return;
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const { ui } = scene;
  const P = derived.pairs(ui.step).length;
  const [chosen] = scene.predicting
    ? []
    : highlightFor(derived, ui.step, ui.focus ?? ui.hover).pairs;
  ui.local.pair = followFocus(ui.local.pair, chosen ?? ui.local.pair, at.pairs.count, P);
  if (ui.focus?.part === "cell") ui.local.stops[ui.focus.side] = [ui.focus.row, ui.focus.col];
  for (const stop of ui.local.stops) {
    stop[0] = Math.min(stop[0], derived.V - 1);
    stop[1] = Math.min(stop[1], derived.D - 1);
  }
}

/** The row that is selected, for linked views: of the embedding table. @param {Scene} scene */
export function selectedRow(scene) {
  const derived = derive(scene.trace);
  const { rows } = highlightFor(derived, scene.ui.step, selection(scene));
  const row = rows[0] >= 0 ? rows[0] : derived.ids[scene.ui.step];
  return row === undefined ? null : derived.rowId(row);
}
