/**
 * UI state of the training view: the selected run and row, and the pinned rows.
 */
import { cachedLayout } from "../kit/layout_cache.js";
import { layout } from "./layout.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Run} Run */
/** @typedef {import("./layout.js").Layout} Layout */
/**
 * @typedef {object} LocalUi
 * @property {import("./layout.js").Plot} plot  what is drawn below the maps
 * @property {number} run
 * @property {number} row      −1 until the first trace
 * @property {number[]} pins
 * @property {boolean} touched whether a row was ever selected
 */
/**
 * What is drawn at the current step.
 * @typedef {object} SceneFrame
 * @property {Scene} scene
 * @property {Derived} derived
 * @property {Layout} at
 * @property {number} n        the selected run
 * @property {Run} run
 * @property {number} row      the selected row
 * @property {number} s        the step
 * @property {number} k        the state on the maps: s + 1, or a fraction on the way there
 * @property {number[]} runs   the runs drawn: while there is a question, the selected one
 * @property {import("./layout.js").Plot} plot
 * @property {boolean} predicting   a prediction is open: what comes after this step is hidden
 */

export const PINS_MOST = 4;

/** @returns {LocalUi} */
export function initialUi() {
  return { plot: "strips", run: 0, row: -1, pins: [], touched: false };
}

/** Return the row of the rarest word of the text: it moves longest without a gradient. @param {Derived} derived */
export function rarestRow({ order, counts }) {
  return [...order].reverse().find((row) => counts[row] > 0) ?? order[0];
}

const FIRST = 10; // steps that a learner sees at once

/**
 * Return the rarest row of the first steps: a word that is seen early and then not for long. Where the steps have
 * no word, that of the text.
 * @param {Derived} derived
 */
export function firstRow(derived) {
  const { order, lastSeen, S } = derived;
  const seen = (/** @type {number} */ row) => lastSeen(Math.min(FIRST, S) - 1, row) >= 0;
  return [...order].reverse().find(seen) ?? rarestRow(derived);
}

/**
 * Return the selected run, among those in the trace: one just added may not be there yet.
 * @param {Scene} scene
 */
export const selectedRun = ({ trace, ui }) => Math.min(ui.local.run, trace.header.runs.length - 1);

/** Keep run, row and pins valid. @param {Scene} scene */
export function clampUi({ trace, ui, params }) {
  const derived = derive(trace);
  const local = /** @type {LocalUi} */ (ui.local);
  local.run = Math.min(local.run, Math.max(params.runs.length, 1) - 1);
  if (local.row < 0 || local.row >= derived.V) local.row = firstRow(derived);
  local.pins = local.pins.filter((row) => row < derived.V);
  ui.step = Math.max(0, Math.min(ui.step, derived.S - 1));
}

/**
 * Return the layout, cached.
 * @param {Scene} scene
 * @param {Derived} derived
 */
export function layoutOf(scene, { V, D, runs }) {
  const lanes =
    2 +
    Math.max(
      ...runs.map((run) => Math.max(run.rule(0).slots.length, run.rule(Infinity).slots.length)),
    );
  const what = {
    width: scene.size.figureWidth,
    height: scene.size.figureHeight,
    V,
    runs: runs.length,
    lanes: lanes * Math.min(D, 2),
    asked: scene.ui.prediction !== null,
  };
  return cachedLayout(scene.explorer, what, layout);
}

/** @param {Scene} scene @returns {SceneFrame} */
export function sceneFrame(scene) {
  const derived = derive(scene.trace);
  const { hover, local, step, prediction } = scene.ui;
  const predicting = prediction?.phase === "open";
  const n = Math.min(hover?.run ?? local.run, derived.runs.length - 1);
  const row =
    !prediction && hover?.row !== undefined && hover.row < derived.V ? hover.row : local.row;
  const runIndex = prediction ? selectedRun(scene) : n;
  return {
    scene,
    derived,
    at: layoutOf(scene, derived),
    n: runIndex,
    run: derived.runs[runIndex],
    row,
    s: step,
    k: (scene.ui.drawn ?? step) + 1,
    runs: prediction ? [runIndex] : derived.runs.map((_, i) => i),
    plot: prediction ? "strips" : local.plot,
    predicting,
  };
}

/** Return a row's word, or its number where it has none. @param {Derived} derived @param {number} row */
export const rowName = ({ words }, row) => words[row] || `row ${row}`;
