/**
 * What is only on the screen in this view: the spot that is looked at, and what follows it.
 */
import { laidOut } from "../kit/layout_cache.js";
import { layout, settle } from "./layout.js";
import { busiest, litBy, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Spot} Spot */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./layout.js").Layout} Layout */
/**
 * @typedef {object} Own
 * @property {import("./layout.js").Windows} windows
 * @property {number} col             the column that is piled up
 * @property {"rows" | "fate"} asks   what is predicted: the rows, or what becomes of duplicates
 */

/** @returns {Own} */
export function own() {
  return { windows: { token: 0, col: 0 }, col: 0, asks: "rows" };
}

/** What is looked at: the pointer first, then the keyboard, then the step. @param {Scene} scene @returns {Spot} */
export function spotOf({ ui, trace }) {
  const { N } = readingOf(trace);
  return ui.hover ?? ui.focus ?? (ui.step < N ? { part: "chip", n: ui.step } : { part: "end" });
}

/** The column that is piled up. @param {Scene} scene */
export function columnOf({ ui, trace }) {
  return Math.min(ui.hover?.col ?? ui.own.col, readingOf(trace).D - 1);
}

/** The weight that is checked: the one looked at, or the first column of the busiest row. @param {Scene} scene */
export function weightOf(scene) {
  const { ui, trace } = scene;
  const reading = readingOf(trace);
  const col = columnOf(scene);
  if (ui.open?.kind === "cell") return { row: ui.open.row, col: Math.min(ui.open.col, reading.D - 1), own: true };
  const spot = ui.hover?.part === "cell" ? ui.hover : ui.focus?.part === "cell" ? ui.focus : null;
  if (spot && reading.place(spot.row) >= 0) return { row: spot.row, col, own: true };
  const row = busiest(reading);
  return { row: row < 0 ? (reading.rows[0] ?? 0) : row, col, own: false };
}

/** Whether a question is open that the figure must not answer. @param {Scene} scene */
export const isAsked = ({ ui }) => ui.prediction?.phase === "open";

/** The layout, the same object as long as nothing it depends on changes. @param {Scene} scene @param {Reading} reading */
export function layoutOf(scene, { rows, D, N }) {
  const what = { width: scene.size.figure, R: rows.length, D, N };
  return laidOut(scene.act, what, layout);
}

/** Move the windows to what is looked at; called before each painting. @param {Scene} scene */
export function settleWindows(scene) {
  if (!scene.size.figure) return;
  const { ui } = scene;
  const reading = readingOf(scene.trace);
  const at = layoutOf(scene, reading);
  const lit = litBy(reading, spotOf(scene));
  if (!ui.hover && lit.col >= 0) ui.own.col = lit.col;
  const token = lit.n >= 0 ? lit.n : ui.hover || ui.focus ? undefined : lit.senders[0];
  ui.own.windows = settle(ui.own.windows, at, reading, {
    token: token !== undefined && token < reading.N ? token : undefined,
    col: columnOf(scene),
  });
}
