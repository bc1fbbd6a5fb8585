/**
 * UI state of the shard view: the places that hold the tab stops, and the selection.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { clamp } from "../kit/roving_tabindex.js";
import { layout } from "./layout.js";
import { columnsAt, derive, progressAt } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/**
 * @typedef {object} LocalUi
 * @property {number} id       the position that holds the tab stop of the batch
 * @property {number} worker   the worker that holds theirs
 * @property {[number, number]} cell  and the cell of the rows
 */

/** @returns {LocalUi} */
export const initialUi = () => ({ id: 0, worker: 0, cell: [0, 0] });

/** Return the selected spot, or null: then the step itself is described. @param {Pick<Scene, "ui">} scene */
export const selection = ({ ui }) =>
  /** @type {import("./trace.js").Spot | null} */ (ui.hover ?? ui.focus);

/** What is drawn: everything of a step, or what is there between two. @param {Scene} scene @param {Derived} derived */
export const progressOf = ({ ui }, derived) => progressAt(derived, ui.drawn ?? ui.step);

/** Return the layout, cached. @param {Scene} scene @param {Derived} derived */
export function layoutOf({ explorer, size }, { N, W, D }) {
  const { figureWidth: width, figureHeight: height } = size;
  return cachedLayout(explorer, { width, height, N, W, D }, layout);
}

/** Keep the tab stops valid; called before each paint. @param {Scene} scene */
export function clampUi(scene) {
  const derived = derive(scene.trace);
  const { ui } = scene;
  const local = /** @type {LocalUi} */ (ui.local);
  if (ui.focus?.part === "id") local.id = ui.focus.n;
  if (ui.focus?.part === "worker") local.worker = ui.focus.w;
  if (ui.focus?.part === "cell") local.cell = [ui.focus.n, ui.focus.col];
  local.id = clamp(local.id, derived.N);
  local.worker = clamp(local.worker, derived.W);
  const progress = progressAt(derived, ui.step);
  const there = (/** @type {number} */ n) => columnsAt(derived, progress, n);
  const rows = Array.from({ length: derived.N }, (_, n) => n).filter(there);
  if (!rows.length) local.cell = [0, 0];
  else {
    const n = rows.includes(local.cell[0]) ? local.cell[0] : rows[0];
    local.cell = [n, clamp(local.cell[1], there(n))];
  }
}

/** The row that is selected, for linked views. @param {Scene} scene */
export function selectedRow(scene) {
  const spot = selection(scene);
  const derived = derive(scene.trace);
  return spot?.n !== undefined && spot.n < derived.N ? derived.id(spot.n) : null;
}
