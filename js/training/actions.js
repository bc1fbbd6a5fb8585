/**
 * Commands of the training view: each thing that pointer, keys and buttons can do, once.
 */
import { clamp } from "../kit/roving_tabindex.js";
import { curveBox, topOf } from "./predict.js";
import { PINS_MOST } from "./state.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Drawing} Drawing */

/** @typedef {[string, number]} Setting  an optimiser and its rate */

/** @param {Scene} scene @returns {Setting[]} */
export const runsOf = ({ params }) => params.runs;

/** What the controls of the run that is looked at change: its branch, where it has one. @param {Scene} scene */
export function setting({ params, ui }) {
  const [run, step, optimizer, rate] = params.branch ?? [];
  const n = Math.min(ui.own.run, params.runs.length - 1);
  if (run === n) return { n, branched: true, step, optimizer, rate };
  const [name, own] = params.runs[n];
  return { n, branched: false, step: null, optimizer: name, rate: own };
}

/** @param {Scene} scene @param {string} optimizer @param {number} rate */
export function change(scene, optimizer, rate) {
  const { n, branched, step } = setting(scene);
  if (branched) return scene.act.edit({ branch: [n, step, optimizer, rate] });
  const runs = runsOf(scene).map((old, i) => (i === n ? [optimizer, rate] : old));
  scene.act.edit({ runs });
}

/** Leave the run after this step, with the settings it has: whatever is changed next is a branch. @param {Scene} scene */
export function branch(scene) {
  const { n, optimizer, rate } = setting(scene);
  const { S } = readingOf(scene.trace);
  const step = scene.ui.step + 1;
  if (step >= S) {
    scene.act.show({ note: "There is no step after this one to branch from. Go back a little." });
    return;
  }
  scene.act.edit({ branch: [n, step, optimizer, rate] });
  scene.act.focusLater(`optimizer:${optimizer}`);
}

/** @param {Scene} scene */
export function dropBranch({ act }) {
  act.edit({ branch: [] });
  act.focusLater("branch");
}

/** @param {Scene} scene */
export function addRun(scene) {
  const runs = runsOf(scene);
  /** @type {Record<string, number>} */
  const rates = limit(scene, "runs").rates ?? {};
  const free = ["sgd", "momentum", "adam", "lazy adam", "adagrad", "rmsprop"];
  const name = free.find((other) => !runs.some(([taken]) => taken === other)) ?? "sgd";
  scene.ui.own.run = runs.length;
  scene.act.edit({ runs: [...runs, [name, rates[name] ?? 0.1]] });
}

/** @param {Scene} scene */
export function removeRun(scene) {
  const { n } = setting(scene);
  const [run, ...rest] = scene.params.branch ?? [];
  const kept = run === undefined || run === n ? [] : [run > n ? run - 1 : run, ...rest];
  scene.ui.own.run = Math.max(0, n - 1);
  scene.act.edit({ runs: runsOf(scene).filter((_, i) => i !== n), branch: kept });
}

/** @param {Scene} scene @param {string} name @returns {any} */
export const limit = ({ trace }, name) => trace.header.limits?.[name] ?? {};

/** Look at a run and a row. @param {Scene} scene @param {number} run @param {number} row */
export function look({ act, ui }, run, row) {
  Object.assign(ui.own, { run, row, touched: true });
  act.show({ hover: null });
  act.reportCursor();
}

/** Pin a row, or take the pin away; the oldest makes room. @param {Scene} scene @param {number} row */
export function pin({ act, ui }, row) {
  const { pins } = ui.own;
  ui.own.pins = pins.includes(row)
    ? pins.filter((/** @type {number} */ other) => other !== row)
    : [...pins, row].slice(-PINS_MOST);
  act.show({});
  act.reportCursor();
}

/** @param {Scene} scene */
export function branchOrDrop(scene) {
  return done(() => (scene.params.branch?.length ? dropBranch(scene) : branch(scene)));
}

/** @param {() => void} act */
export function done(act) {
  act();
  return true;
}

export const STEPS_UP = 20; // presses of an arrow from the bottom to the top

/**
 * Bend the curve under the pointer: the nearest point goes to its height, those passed go along.
 * @param {Drawing} d @param {number} px @param {number} py @param {number | null} from  the point before
 */
export function bendTo(d, px, py, from) {
  const { scene, reading } = d;
  const drawn = scene.ui.prediction?.drawn ?? [];
  const box = curveBox(d);
  const point = clamp(Math.round(((px - box.x) / box.w) * drawn.length) - 1, drawn.length);
  const value = topOf(reading.reach) * Math.max(0, Math.min(1, 1 - (py - box.y) / box.h));
  const start = from === null ? value : drawn[from];
  const first = from === null ? point : from;
  const many = Math.abs(point - first);
  for (let k = many ? 1 : 0; k <= many; k++) {
    const i = first + Math.sign(point - first) * k;
    scene.act.bend(i, many ? start + ((value - start) * k) / many : value);
  }
  return point;
}
