/**
 * UI state of the geometry view: the word being dragged, the running transition, the selected row.
 */
import { seenBy } from "./camera.js";
import { legendSize } from "./coloring.js";
import { layout, scaleOf } from "./layout.js";
import { derive } from "./trace.js";
import { pointsNow } from "./transition.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/**
 * Return the row that is compared with the picked one: hover, focus, or the step's.
 * @param {Scene} scene
 * @returns {number} or −1
 */
export function selectedRow({ trace, ui }) {
  const { V, near } = derive(trace);
  const row = ui.hover?.row ?? ui.focus?.row ?? near[ui.step];
  return row === undefined || row >= V ? -1 : row;
}

/**
 * @typedef {object} SceneFrame
 * @property {Scene} scene
 * @property {import("./trace.js").Derived} derived
 * @property {import("./layout.js").Layout} at
 * @property {import("./layout.js").Scale} scale
 * @property {import("./layout.js").Scale} fit  the scale at which all points fit
 * @property {import("./camera.js").Camera | null} camera
 * @property {ArrayLike<number>} points  as they are drawn now, also during a transition
 * @property {boolean} moving
 * @property {number} current
 * @property {boolean} predicting
 */

/** @typedef {import("./layout.js").Scale} Scale */
/** @type {WeakMap<object, { key: unknown[], at: import("./layout.js").Layout, fit: Scale }>} */
const layoutCache = new WeakMap();

/**
 * Return the layout and the scale, cached.
 * @param {Scene} scene
 * @param {ArrayLike<number>} points
 */
function layoutAndScale(scene, points) {
  const { near, nearMap, choices, target } = derive(scene.trace);
  const count = Math.max(near.length, nearMap.length, choices.length);
  const { figureWidth: width, figureHeight: height } = scene.size;
  const legend = legendSize(scene);
  const key = [width, height, count, points, target, legend];
  const before = layoutCache.get(scene.explorer);
  if (before && key.every((part, i) => part === before.key[i])) return before;
  const at = layout({ width, height, count, legend });
  const result = { key, at, fit: scaleOf(points, at.map, target) };
  layoutCache.set(scene.explorer, result);
  return result;
}

/** @param {Scene} scene @returns {SceneFrame} */
export function sceneFrame(scene) {
  const { points, moving } = pointsNow(scene);
  const { at, fit } = layoutAndScale(scene, points);
  const { camera } = scene.ui.local;
  const predicting = scene.ui.prediction?.phase === "open";
  const derived = derive(scene.trace);
  return {
    scene,
    derived,
    at,
    fit,
    camera,
    scale: seenBy(fit, camera),
    points,
    moving,
    current: predicting ? -1 : selectedRow(scene),
    predicting,
  };
}

/**
 * @typedef {object} LocalUi
 * @property {{ row: number, x: number, y: number, slot?: string } | null} dragging  the word that follows the pointer
 * @property {boolean} dragged  a drag just ended, and its click is still to come: ignore it
 * @property {{ from: ArrayLike<number>, start: number } | null} transition  the transition from another plane
 * @property {import("./camera.js").Camera | null} camera  null: all points fit
 * @property {import("./region.js").Region | null} region  what is drawn to select; null: nobody selects
 * @property {number | null} emphasis  the category that is emphasized
 * @property {import("./search.js").Search | null} search  the field for a word in which one types
 */

/** @returns {LocalUi} */
export const initialUi = () => ({
  dragging: null,
  dragged: false,
  transition: null,
  camera: null,
  region: null,
  emphasis: null,
  search: null,
});
