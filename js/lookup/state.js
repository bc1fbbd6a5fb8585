/**
 * UI state of the lookup view: the selection and the windows that follow it.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { layout, clampWindows } from "./layout.js";
import { highlightFor, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{ row: number, col: number, text: string, before: number }} Editing */
/**
 * @typedef {object} LocalUi
 * @property {import("./layout.js").Windows} windows
 * @property {Editing | null} editing
 * @property {import("./race.js").Race | null} race
 */

/** @returns {LocalUi} */
export function initialUi() {
  return { windows: { token: 0, row: 0, col: 0 }, editing: null, race: null };
}

/**
 * Return the selected spot: hover first, then focus, then the step.
 * @param {Pick<Scene, "ui">} scene
 * @returns {Spot}
 */
export function selection({ ui }) {
  return ui.hover ?? ui.focus ?? { part: "chip", n: ui.step };
}

/**
 * Return the layout, cached.
 * @param {Scene} scene
 * @param {Derived} derived
 */
export function layoutOf(scene, { V, D, N }) {
  const what = {
    width: scene.size.figureWidth,
    height: scene.size.figureHeight,
    V,
    D,
    N,
    hot: scene.params.method === "one-hot",
  };
  return cachedLayout(scene.explorer, what, layout);
}

/** Move the windows to the selection; called before each paint. @param {Scene} scene */
export function clampUi(scene) {
  if (!scene.size.figureWidth) return;
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const spot = selection(scene);
  const predicting = scene.ui.prediction?.phase === "open";
  const highlight = highlightFor(derived, predicting && spot.part === "chip" ? null : spot);
  const { windows } = scene.ui.local;
  const token = spot.n ?? (scene.ui.hover ? undefined : scene.ui.step);
  scene.ui.local.windows = clampWindows(windows, at, derived, {
    token: token !== undefined && token < derived.N ? token : undefined,
    row: highlight.row >= 0 ? highlight.row : undefined,
    col: highlight.col >= 0 ? highlight.col : undefined,
  });
}
