/**
 * What is only on the screen in this view: the weight in hand, a drag, and the windows that follow.
 */
import { laidOut } from "../kit/layout_cache.js";
import { layout, reachOf, settle } from "./layout.js";
import { bumps, readingOf, rowIn } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Row} Row */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{ col: number, reach: number, pointer: number }} Drag  the ruler holds still meanwhile */
/**
 * @typedef {object} Own
 * @property {import("./layout.js").Windows} windows
 * @property {Drag | null} drag
 * @property {number | null} row  what a linked view selected, until a row is chosen here
 * @property {boolean} dropped  a drag just ended, and its click is still to come
 */
/** @typedef {{ reading: Reading, now: Row, row: number, col: number, reach: number, at: Layout, shown: number }} Look */

export const STAGES = ["largest", "levels", "multiply", "round", "pack", "back"];

/** @returns {Own} */
export const own = () => ({ windows: { row: 0, col: 0, band: 0 }, drag: null, dropped: false, row: null });

/** Whether the figure shows what the tenfold weight does. @param {Scene} scene */
export const isGrown = ({ ui }) => ui.prediction?.phase === "revealed";

/**
 * What a scene shows: the row, the weight in hand, how far the ruler reaches, and the layout.
 * @param {Scene} scene
 * @returns {Look}
 */
export function lookOf(scene) {
  const reading = readingOf(scene.trace);
  const { params, ui } = scene;
  const row = Math.max(0, Math.min(reading.V - 1, Number(ui.own.row ?? params.row)));
  const now = rowIn(reading, params.way, row, isGrown(scene));
  const held = ui.hover?.col ?? ui.focus?.col ?? now.largest;
  const col = Math.max(0, Math.min(reading.D - 1, held));
  // while a tenfold is asked for, the ruler has room for it already: what moves then is the row
  const grown = ui.prediction ? Math.abs(reading.tenfold(row).value) : 0;
  const most = Math.max(grown, ...Array.from(now.weights, Math.abs));
  const reach = ui.own.drag?.reach ?? reachOf(most);
  return { reading, now, row, col, reach, at: layoutOf(scene, reading, now), shown: ui.step };
}

/** @param {Scene} scene @param {Reading} reading @param {Row} now @returns {Layout} */
function layoutOf(scene, reading, { way, row }) {
  const ranks = bumps(reading, way.name, row);
  const what = {
    width: scene.size.figure,
    V: reading.V,
    D: reading.D,
    bits: way.bits,
    groups: way.groups,
    slots: reading.near + Math.max(0, ranks.length - reading.near),
  };
  return laidOut(scene.act, what, layout);
}

/** Move the windows to what is looked at; called before each painting. @param {Scene} scene */
export function settleWindows(scene) {
  if (!scene.size.figure) return;
  const { reading, now, row, at } = lookOf(scene);
  const { ui } = scene;
  // a hover does not move what it points at
  const col = Math.min(reading.D - 1, ui.focus?.col ?? (ui.hover ? ui.own.windows.col : now.largest));
  const looked = ui.focus?.part === "row" ? ui.focus.row : row;
  const sizes = { V: reading.V, D: reading.D, ...now.way };
  ui.own.windows = settle(ui.own.windows, at, sizes, { row: Math.min(reading.V - 1, looked), col });
}
