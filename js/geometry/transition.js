/**
 * Animated transition from one projection to another.
 */
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const DURATION = 400; // ms

/**
 * Start a transition from the points of another trace.
 * @param {Scene} scene
 * @param {ArrayLike<number>} from
 */
export function startTransition({ trace, ui, theme }, from) {
  const calm = theme.reducedMotion || from.length !== derive(trace).points.length;
  ui.local.walk = calm ? null : { from, start: performance.now() };
}

/**
 * Return the current positions of the dots.
 * @param {Scene} scene
 * @returns {{ points: ArrayLike<number>, moving: boolean }}
 */
export function pointsNow({ trace, ui, explorer }) {
  const { points } = derive(trace);
  const { walk: running } = ui.local;
  if (!running) return { points, moving: false };
  const share = (performance.now() - running.start) / DURATION;
  if (share >= 1) {
    ui.local.walk = null;
    return { points, moving: false };
  }
  requestAnimationFrame(() => explorer.repaint());
  return { points: between(running.from, points, share), moving: true };
}

/**
 * Interpolate points, slow at both ends.
 * @param {ArrayLike<number>} from
 * @param {ArrayLike<number>} to
 * @param {number} share  0 to 1
 */
export function between(from, to, share) {
  const eased = share * share * (3 - 2 * share);
  return Float32Array.from(to, (value, i) => from[i] + (value - from[i]) * eased);
}
