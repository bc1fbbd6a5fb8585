/**
 * UI state of the geometry view: the word being dragged, the running transition, the selected row.
 */
import { layout, scaleOf } from "./layout.js";
import { readingOf } from "./trace.js";
import { placesOf } from "./transition.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/**
 * The row that is compared with the picked one: under the pointer, with the keyboard, or the step's.
 * @param {Scene} scene
 * @returns {number} or −1
 */
export function currentOf({ trace, ui }) {
  const { V, near } = readingOf(trace);
  const row = ui.hover?.row ?? ui.focus?.row ?? near[ui.step];
  return row === undefined || row >= V ? -1 : row;
}

/**
 * @typedef {object} Drawing
 * @property {Scene} scene
 * @property {import("./trace.js").Reading} reading
 * @property {import("./layout.js").Layout} at
 * @property {import("./layout.js").Scale} scale
 * @property {ArrayLike<number>} points  as they are drawn now, on their way to another plane
 * @property {boolean} moving
 * @property {number} current
 * @property {boolean} asked
 */

/** @type {WeakMap<object, { key: unknown[], at: import("./layout.js").Layout, scale: import("./layout.js").Scale }>} */
const known = new WeakMap();

/** The layout and the scale, the same as long as nothing they depend on changes. @param {Scene} scene @param {ArrayLike<number>} points */
function placed(scene, points) {
  const { near, nearMap, choices, target } = readingOf(scene.trace);
  const count = Math.max(near.length, nearMap.length, choices.length);
  const key = [scene.size.figure, count, points, target];
  const before = known.get(scene.act);
  if (before && key.every((part, i) => part === before.key[i])) return before;
  const at = layout({ width: scene.size.figure, count });
  const made = { key, at, scale: scaleOf(points, at.map, target) };
  known.set(scene.act, made);
  return made;
}

/** @param {Scene} scene @returns {Drawing} */
export function drawingOf(scene) {
  const { points, moving } = placesOf(scene);
  const { at, scale } = placed(scene, points);
  const asked = scene.ui.prediction?.phase === "open";
  const reading = readingOf(scene.trace);
  return { scene, reading, at, scale, points, moving, current: asked ? -1 : currentOf(scene), asked };
}

/**
 * @typedef {object} Own
 * @property {{ row: number, x: number, y: number, slot?: string } | null} dragging  the word that follows the pointer
 * @property {boolean} dragged  a drag just ended, and its click is still to come
 * @property {{ from: ArrayLike<number>, start: number } | null} walk  the transition from another plane
 */

/** @returns {Own} */
export const own = () => ({ dragging: null, dragged: false, walk: null });
