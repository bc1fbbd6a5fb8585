/**
 * What is only on the screen in this view: the spot that is looked at, and the windows that follow it.
 */
import { laidOut } from "../kit/layout_cache.js";
import { layout, settle } from "./layout.js";
import { litBy, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{ row: number, col: number, text: string, before: number }} Editing */
/**
 * @typedef {object} Own
 * @property {import("./layout.js").Windows} windows
 * @property {Editing | null} editing
 * @property {import("./race.js").Race | null} race
 */

/** @returns {Own} */
export function own() {
  return { windows: { token: 0, row: 0, col: 0 }, editing: null, race: null };
}

/** What is looked at: the pointer first, then the keyboard, then the step. @param {Pick<Scene, "ui">} scene @returns {Spot} */
export function spotOf({ ui }) {
  return ui.hover ?? ui.focus ?? { part: "chip", n: ui.step };
}

/** The layout, the same object as long as nothing it depends on changes. @param {Scene} scene @param {Reading} reading */
export function layoutOf(scene, { V, D, N }) {
  const what = { width: scene.size.figure, V, D, N, hot: scene.params.way === "one-hot" };
  return laidOut(scene.act, what, layout);
}

/** Move the windows to what is looked at; called before each painting. @param {Scene} scene */
export function settleWindows(scene) {
  if (!scene.size.figure) return;
  const reading = readingOf(scene.trace);
  const at = layoutOf(scene, reading);
  const spot = spotOf(scene);
  const asked = scene.ui.prediction?.phase === "open";
  const lit = litBy(reading, asked && spot.part === "chip" ? null : spot);
  const { windows } = scene.ui.own;
  const token = spot.n ?? (scene.ui.hover ? undefined : scene.ui.step);
  scene.ui.own.windows = settle(windows, at, reading, {
    token: token !== undefined && token < reading.N ? token : undefined,
    row: lit.row >= 0 ? lit.row : undefined,
    col: lit.col >= 0 ? lit.col : undefined,
  });
}
