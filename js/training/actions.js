/**
 * Commands of the training view: each thing that pointer, keys and buttons can do, once.
 */
import { clamp } from "../kit/roving_tabindex.js";
import { curveBox, guessTop } from "./predict.js";
import { PINS_MOST } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */

/** @typedef {[string, number]} Setting  an optimizer and its rate */

/** @param {Scene} scene @returns {Setting[]} */
export const runsOf = ({ params }) => params.runs;

/**
 * Return the setting that the controls change: of the selected run, or of its branch.
 * @param {Scene} scene
 */
export function selectedSetting({ params, ui }) {
  const [run, step, optimizer, rate] = params.branch ?? [];
  const n = Math.min(ui.local.run, params.runs.length - 1);
  if (run === n) return { n, branched: true, step, optimizer, rate };
  const [name, runRate] = params.runs[n];
  return { n, branched: false, step: null, optimizer: name, rate: runRate };
}

/** @param {Scene} scene @param {string} optimizer @param {number} rate */
export function setOptimizer(scene, optimizer, rate) {
  const { n, branched, step } = selectedSetting(scene);
  if (branched) return scene.explorer.edit({ branch: [n, step, optimizer, rate] });
  const runs = runsOf(scene).map((old, i) => (i === n ? [optimizer, rate] : old));
  scene.explorer.edit({ runs });
}

/**
 * Branch the run after this step, with another optimizer, so that there is something to see; further changes apply
 * to the branch.
 * @param {Scene} scene
 */
export function branch(scene) {
  const { n, optimizer } = selectedSetting(scene);
  const { S } = derive(scene.trace);
  const step = scene.ui.step + 1;
  if (step >= S) {
    scene.explorer.updateUi({
      note: "There is no step after this one to branch from. Go back a little.",
    });
    return;
  }
  const other = optimizer === "momentum" ? "adam" : "momentum";
  scene.explorer.edit({ branch: [n, step, other, limit(scene, "runs").rates?.[other] ?? 0.1] });
  scene.explorer.focusAfterPaint("optimizer");
}

/** @param {Scene} scene */
export function dropBranch({ explorer }) {
  explorer.edit({ branch: [] });
  explorer.focusAfterPaint("branch");
}

/** @param {Scene} scene */
export function addRun(scene) {
  const runs = runsOf(scene);
  /** @type {Record<string, number>} */
  const rates = limit(scene, "runs").rates ?? {};
  const free = ["sgd", "momentum", "adam", "lazy adam", "adagrad", "rmsprop"];
  const name = free.find((other) => !runs.some(([taken]) => taken === other)) ?? "sgd";
  scene.ui.local.run = runs.length;
  scene.explorer.edit({ runs: [...runs, [name, rates[name] ?? 0.1]] });
}

/** @param {Scene} scene */
export function removeRun(scene) {
  const { n } = selectedSetting(scene);
  const [run, ...rest] = scene.params.branch ?? [];
  const remaining = run === undefined || run === n ? [] : [run > n ? run - 1 : run, ...rest];
  scene.ui.local.run = Math.max(0, n - 1);
  scene.explorer.edit({ runs: runsOf(scene).filter((_, i) => i !== n), branch: remaining });
}

/** @param {Scene} scene @param {string} name @returns {any} */
export const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** Select a run and a row. @param {Scene} scene @param {number} run @param {number} row */
export function selectRow({ explorer, ui }, run, row) {
  Object.assign(ui.local, { run, row, touched: true });
  explorer.updateUi({ hover: null });
  explorer.reportCursor();
}

/**
 * Pin a row, or unpin it; the oldest pin is dropped.
 * @param {Scene} scene
 * @param {number} row
 */
export function togglePin({ explorer, ui }, row) {
  const { pins } = ui.local;
  ui.local.pins = pins.includes(row)
    ? pins.filter((/** @type {number} */ other) => other !== row)
    : [...pins, row].slice(-PINS_MOST);
  explorer.updateUi({});
  explorer.reportCursor();
}

/** @param {Scene} scene */
export function branchOrDrop(scene) {
  return handled(() => (scene.params.branch?.length ? dropBranch(scene) : branch(scene)));
}

/** @param {() => void} command */
export function handled(command) {
  command();
  return true;
}

export const STEPS_UP = 20; // presses of an arrow from the bottom to the top

/**
 * Bend the curve under the pointer: the nearest point goes to its height, those passed go along.
 * @param {SceneFrame} d @param {number} px @param {number} py @param {number | null} from  the point before
 */
export function bendCurveTo(d, px, py, from) {
  const { scene } = d;
  const drawn = scene.ui.prediction?.curve ?? [];
  const box = curveBox(d);
  const point = clamp(Math.round(((px - box.x) / box.w) * drawn.length) - 1, drawn.length);
  const value = guessTop(scene) * Math.max(0, Math.min(1, 1 - (py - box.y) / box.h));
  const start = from === null ? value : drawn[from];
  const first = from === null ? point : from;
  const many = Math.abs(point - first);
  for (let k = many ? 1 : 0; k <= many; k++) {
    const i = first + Math.sign(point - first) * k;
    scene.explorer.bendCurve(i, many ? start + ((value - start) * k) / many : value);
  }
  return point;
}
