/**
 * Positions of the rows of every run on its map after a step, with arrows and labels.
 */
import { shorten } from "../kit/format.js";
import { mapper, placeLabels } from "./layout.js";
import { rowName } from "./state.js";
import { weightsAt } from "./trace.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {{ row: number, run: number, x: number, y: number }} Dot */
/** @typedef {{ row: number, tip: number[], line: string, head: string }} Arrow */
/** @typedef {ReturnType<typeof placeLabels>} Places */
/** @typedef {{ here: Dot[], flying: Arrow[], names: Places }} Positions */

export const ARROW_LABEL = -1; // key of the arrow among the labels
export const ARROW_SCALE = 12; // length of an arrow, as a multiple of the move
const ARROW_LEAST = 11;
const ARROW_MOST = 46;

/** @type {WeakMap<object, { key: any[], all: Positions[] }>} by explorer: the pointer moves more often than the step */
const cache = new WeakMap();

/** Return the positions on each map, cached. @param {SceneFrame} d @returns {Positions[]} */
export function positions(d) {
  const { row, pins } = d.scene.ui.local;
  const key = [d.derived, d.at, d.s, d.k, row, pins.join(), d.predicting];
  const had = cache.get(d.scene.explorer);
  if (had && key.every((one, k) => one === had.key[k])) return had.all;
  const all = d.derived.runs.map((_, n) => positionsOf(d, n));
  cache.set(d.scene.explorer, { key, all });
  return all;
}

/**
 * Return the points of all maps; rows with NaN are left out.
 * @param {SceneFrame} d
 * @returns {Dot[]}
 */
export const dots = (d) => d.runs.flatMap((n) => positions(d)[n].here);

/** @param {SceneFrame} d @param {number} n @returns {Positions} */
function positionsOf(d, n) {
  const { derived, at, k } = d;
  const map = mapper(derived.bounds, at.maps[n]);
  const here = derived.order.flatMap((row) => {
    const [x, y] = map.at(derived.project(weightsAt(derived.runs[n].weights, k, row)));
    return Number.isFinite(x) && Number.isFinite(y) ? [{ row, run: n, x, y }] : [];
  });
  const flying = arrowsOf(d, n, here);
  return { here, flying, names: namesOf(d, here, n, flying) };
}

/**
 * Place the labels: those of selected rows first.
 * @param {SceneFrame} d
 * @param {Dot[]} here
 * @param {number} n
 * @param {Arrow[]} flying
 */
function namesOf(d, here, n, flying) {
  const { row: chosen, pins } = d.scene.ui.local;
  const first = (/** @type {number} */ row) => row === chosen || pins.includes(row);
  const requests = here.map(({ row, x, y }) => ({
    row,
    x,
    y,
    w: label(d, row).length * 6.6 + 2,
    priority: first(row),
  }));
  const named = flying.find(({ row }) => row === chosen) ?? flying[0];
  const box = d.at.maps[n];
  const y = Math.min(named?.tip[1] ?? 0, box.y + box.h - 8); // an arrow may leave the map, its label not
  if (named) requests.push({ row: ARROW_LABEL, x: named.tip[0], y, w: 74, priority: true });
  const had = cache.get(d.scene.explorer);
  const before = had && had.key[1] === d.at ? had.all[n]?.names : undefined;
  return placeLabels(requests, box, before);
}

/** Return the label of a row on the map. @param {SceneFrame} d @param {number} row */
export function label({ derived }, row) {
  const name = rowName(derived, row);
  return shorten(name, 12);
}

/**
 * An arrow for each row that moves without a gradient, the longest first.
 * @param {SceneFrame} d
 * @param {number} n
 * @param {Dot[]} here
 * @returns {Arrow[]}
 */
function arrowsOf({ derived, at, s, predicting }, n, here) {
  if (predicting) return [];
  const run = derived.runs[n];
  const map = mapper(derived.bounds, at.maps[n]);
  const gliding = here.filter(({ row }) => run.movedWithoutGrad(s, row));
  gliding.sort((a, b) => run.move(s, b.row) - run.move(s, a.row));
  return gliding.flatMap(({ row, x, y }) => {
    const [x0, y0] = map.at(derived.project(run.weights(s, row)));
    const [x1, y1] = map.at(derived.project(run.weights(s + 1, row)));
    const long = Math.hypot(x1 - x0, y1 - y0);
    if (!(long > 0)) return [];
    const [ux, uy] = [(x1 - x0) / long, (y1 - y0) / long];
    const size = Math.max(ARROW_LEAST, Math.min(ARROW_MOST, long * ARROW_SCALE)) + 6;
    const [tx, ty] = [x + ux * size, y + uy * size];
    const wing = (/** @type {number} */ side) =>
      `${r(tx - ux * 6 - side * uy * 3.5)} ${r(ty - uy * 6 + side * ux * 3.5)}`;
    return [
      {
        row,
        tip: [tx, ty],
        line: `M${r(x + ux * 6)} ${r(y + uy * 6)}L${r(tx)} ${r(ty)}`,
        head: `M${wing(1)}L${r(tx)} ${r(ty)}L${wing(-1)}`,
      },
    ];
  });
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
