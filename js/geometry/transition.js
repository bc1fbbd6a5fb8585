/**
 * From one plane to another: each dot walks to its new place.
 */
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const TAKES = 400; // ms

/**
 * Let the dots walk from where they stood in another trace.
 * @param {Scene} scene
 * @param {ArrayLike<number>} from
 */
export function walk({ trace, ui, theme }, from) {
  const calm = theme.calm || from.length !== readingOf(trace).points.length;
  ui.own.walk = calm ? null : { from, start: performance.now() };
}

/**
 * Where the dots stand now.
 * @param {Scene} scene
 * @returns {{ points: ArrayLike<number>, moving: boolean }}
 */
export function placesOf({ trace, ui, act }) {
  const { points } = readingOf(trace);
  const { walk: way } = ui.own;
  if (!way) return { points, moving: false };
  const share = (performance.now() - way.start) / TAKES;
  if (share >= 1) {
    ui.own.walk = null;
    return { points, moving: false };
  }
  requestAnimationFrame(() => act.repaint());
  return { points: between(way.from, points, share), moving: true };
}

/**
 * Points on their way, slow at both ends.
 * @param {ArrayLike<number>} from
 * @param {ArrayLike<number>} to
 * @param {number} share  0 to 1
 */
export function between(from, to, share) {
  const eased = share * share * (3 - 2 * share);
  return Float32Array.from(to, (value, i) => from[i] + (value - from[i]) * eased);
}
