/**
 * What is only on the screen in this view: which run and which row are looked at, and which rows
 * are pinned.
 */
import { laidOut } from "../kit/layout_cache.js";
import { layout } from "./layout.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Run} Run */
/** @typedef {import("./layout.js").Layout} Layout */
/**
 * @typedef {object} Own
 * @property {number} run
 * @property {number} row      −1 until the first trace says which one has the story
 * @property {number[]} pins
 * @property {boolean} touched whether a row was ever chosen by hand
 */
/**
 * What is drawn now.
 * @typedef {object} Drawing
 * @property {Scene} scene
 * @property {Reading} reading
 * @property {Layout} at
 * @property {number} n        the run that is looked at
 * @property {Run} run
 * @property {number} row      the row that is looked at
 * @property {number} s        the step
 * @property {boolean} asked   a prediction is open: what comes after this step is hidden
 */

export const PINS_MOST = 4;

/** @returns {Own} */
export function own() {
  return { run: 0, row: -1, pins: [], touched: false };
}

/** The row that shows the story: the rarest word of the text. @param {Reading} reading */
export function storyRow({ order, counts }) {
  return [...order].reverse().find((row) => counts[row] > 0) ?? order[0];
}

/** The run that is looked at, among those that have come: one just added may still be on its way. @param {Scene} scene */
export const runOf = ({ trace, ui }) => Math.min(ui.own.run, trace.header.runs.length - 1);

/** Keep run, row and pins within what there is, or was asked for. @param {Scene} scene */
export function settle({ trace, ui, params }) {
  const reading = readingOf(trace);
  const mine = /** @type {Own} */ (ui.own);
  mine.run = Math.min(mine.run, Math.max(params.runs.length, 1) - 1);
  if (mine.row < 0 || mine.row >= reading.V) mine.row = storyRow(reading);
  mine.pins = mine.pins.filter((row) => row < reading.V);
  ui.step = Math.max(0, Math.min(ui.step, reading.S - 1));
}

/** The layout, the same object as long as nothing it depends on changes. @param {Scene} scene @param {Reading} reading */
export function layoutOf(scene, { V, D, runs }) {
  const lanes = 2 + Math.max(...runs.map((run) => Math.max(run.rule(0).memory.length, run.rule(Infinity).memory.length)));
  const what = { width: scene.size.figure, V, runs: runs.length, lanes: lanes * Math.min(D, 2) };
  return laidOut(scene.act, what, layout);
}

/** @param {Scene} scene @returns {Drawing} */
export function drawingOf(scene) {
  const reading = readingOf(scene.trace);
  const { hover, own: mine, step, prediction } = scene.ui;
  const asked = prediction?.phase === "open";
  const n = Math.min(hover?.run ?? mine.run, reading.runs.length - 1);
  const row = !prediction && hover?.row !== undefined && hover.row < reading.V ? hover.row : mine.row;
  const seen = prediction ? runOf(scene) : n;
  return { scene, reading, at: layoutOf(scene, reading), n: seen, run: reading.runs[seen], row, s: step, asked };
}

/** A row's word, or its number where it has none. @param {Reading} reading @param {number} row */
export const nameOf = ({ words }, row) => words[row] || `row ${row}`;
