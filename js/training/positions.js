/**
 * Where the rows of every run stand on its map after a step, with the arrows of those that glide and
 * the places of their names.
 */
import { mapper, placeLabels } from "./layout.js";
import { nameOf } from "./state.js";

/** @typedef {import("./state.js").Drawing} Drawing */
/** @typedef {{ row: number, run: number, x: number, y: number }} Dot */
/** @typedef {{ row: number, tip: number[], line: string, head: string }} Arrow */
/** @typedef {ReturnType<typeof placeLabels>} Places */
/** @typedef {{ here: Dot[], flying: Arrow[], names: Places }} Standing */

export const MOMENTUM = -1; // among the labels, that of the arrow
export const ARROW = 12; // how many times its move an arrow is long
const ARROW_LEAST = 11;
const ARROW_MOST = 46;

/** @type {WeakMap<object, { key: any[], all: Standing[] }>} by explorer: the pointer moves more often than the step */
const kept = new WeakMap();

/** What stands on each map. @param {Drawing} d @returns {Standing[]} */
export function standing(d) {
  const { row, pins } = d.scene.ui.own;
  const key = [d.reading, d.at, d.s, row, pins.join()];
  const had = kept.get(d.scene.act);
  if (had && key.every((one, k) => one === had.key[k])) return had.all;
  const all = d.reading.runs.map((_, n) => standingOf(d, n));
  kept.set(d.scene.act, { key, all });
  return all;
}

/** Where the points of all maps stand now; rows without a finite place are left out. @param {Drawing} d @returns {Dot[]} */
export const dots = (d) => standing(d).flatMap(({ here }) => here);

/** @param {Drawing} d @param {number} n @returns {Standing} */
function standingOf(d, n) {
  const { reading, at, s } = d;
  const map = mapper(reading.bounds, at.maps[n]);
  const here = reading.order.flatMap((row) => {
    const [x, y] = map.at(reading.place(reading.runs[n].weights(s + 1, row)));
    return Number.isFinite(x) && Number.isFinite(y) ? [{ row, run: n, x, y }] : [];
  });
  const flying = arrowsOf(d, n, here);
  return { here, flying, names: namesOf(d, here, n, flying) };
}

/** Where the names go: those of rows chosen by hand first. @param {Drawing} d @param {Dot[]} here @param {number} n @param {Arrow[]} flying */
function namesOf(d, here, n, flying) {
  const { row: chosen, pins } = d.scene.ui.own;
  const first = (/** @type {number} */ row) => row === chosen || pins.includes(row);
  const wanted = here.map(({ row, x, y }) => ({ row, x, y, w: label(d, row).length * 6.6 + 2, first: first(row) }));
  const named = flying.find(({ row }) => row === chosen) ?? flying[0];
  if (named) wanted.push({ row: MOMENTUM, x: named.tip[0], y: named.tip[1], w: 74, first: true });
  return placeLabels(wanted, d.at.maps[n]);
}

/** A word as it fits on the map. @param {Drawing} d @param {number} row */
export function label({ reading }, row) {
  const name = nameOf(reading, row);
  return name.length > 12 ? `${name.slice(0, 11)}…` : name;
}

/** An arrow for each row that moves without a gradient, the longest first. @param {Drawing} d @param {number} n @param {Dot[]} here @returns {Arrow[]} */
function arrowsOf({ reading, at, s }, n, here) {
  const run = reading.runs[n];
  const map = mapper(reading.bounds, at.maps[n]);
  const gliding = here.filter(({ row }) => run.glides(s, row));
  gliding.sort((a, b) => run.move(s, b.row) - run.move(s, a.row));
  return gliding.flatMap(({ row, x, y }) => {
    const [x0, y0] = map.at(reading.place(run.weights(s, row)));
    const long = Math.hypot(x - x0, y - y0);
    if (!(long > 0)) return [];
    const [ux, uy] = [(x - x0) / long, (y - y0) / long];
    const size = Math.max(ARROW_LEAST, Math.min(ARROW_MOST, long * ARROW)) + 6;
    const [tx, ty] = [x + ux * size, y + uy * size];
    const wing = (/** @type {number} */ side) => `${r(tx - ux * 6 - side * uy * 3.5)} ${r(ty - uy * 6 + side * ux * 3.5)}`;
    return [{
      row,
      tip: [tx, ty],
      line: `M${r(x + ux * 6)} ${r(y + uy * 6)}L${r(tx)} ${r(ty)}`,
      head: `M${wing(1)}L${r(tx)} ${r(ty)}L${wing(-1)}`,
    }]; // prettier-ignore
  });
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
