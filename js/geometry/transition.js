/**
 * Animated transition from one projection to another.
 */
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const DURATION = 400; // ms

/**
 * Start a transition from another trace; rows that it did not draw appear where they stand.
 * @param {Scene} scene
 * @param {import("./trace.js").Derived} before
 */
export function startTransition({ trace, ui, theme }, before) {
  const { points, total, V, id } = derive(trace);
  if (theme.reducedMotion || total !== before.total) return void (ui.local.walk = null);
  const from = Float32Array.from(points);
  for (let row = 0; row < V; row++) {
    // The rows drawn for their own sake have the same place in both.
    const there = before.id(row) === id(row) ? row : before.seat(id(row));
    if (there >= 0) from.set([before.points[2 * there], before.points[2 * there + 1]], 2 * row);
  }
  ui.local.walk = { from, start: performance.now() };
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
  explorer.repaint();
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
