/** How far an adapter moves rows, and what it leaves of a change: `embedlab.traces.lora.trace`. */

/** @typedef {import("./training.js").Run} Run */
/**
 * @typedef {object} Along
 * @property {Float64Array} rows  (frames, V): the displacement of each row
 * @property {Int32Array} moved  (frames,): how many rows moved
 * @property {Float64Array} untrained  (frames,): the largest displacement of the other rows
 * @property {Float64Array} errors  (frames,): ‖ΔW − s·AB‖ / ‖ΔW‖ over all rows
 */

/**
 * @param {Run} run @param {number} R  its rank
 * @param {Float64Array} start  the initial A (V, K)
 * @param {number} K
 * @param {Float64Array} delta (V, D)
 * @param {number[]} seen  the trained rows
 * @returns {Along}
 */
export function displacementsAlong(run, R, start, K, delta, seen) {
  const V = start.length / K;
  const D = delta.length / V;
  const frames = run.b.length / (R * D);
  const trained = new Map(seen.map((row, n) => [row, n]));
  const rows = new Float64Array(frames * V);
  const untrained = new Float64Array(frames);
  const moved = new Int32Array(frames);
  const errors = new Float64Array(frames);
  const whole = Math.sqrt(delta.reduce((sum, value) => sum + value * value, 0));
  const change = new Float64Array(D);
  for (let frame = 0; frame < frames; frame++) {
    const b = run.b.subarray(frame * R * D, (frame + 1) * R * D);
    let left = 0;
    for (let row = 0; row < V; row++) {
      const n = trained.get(row);
      const from = n === undefined ? start : run.a;
      const at = n === undefined ? row * K : (frame * seen.length + n) * R;
      multiply(run.scale, from, at, b, R, change);
      let squares = 0;
      for (let d = 0; d < D; d++) {
        squares += change[d] * change[d];
        left += (delta[row * D + d] - change[d]) ** 2;
      }
      const distance = Math.sqrt(squares);
      rows[frame * V + row] = distance;
      if (distance > 0) moved[frame]++;
      if (n === undefined) untrained[frame] = Math.max(untrained[frame], distance);
    }
    errors[frame] = whole ? Math.sqrt(left) / whole : 0;
  }
  return { rows, moved, untrained, errors };
}

/**
 * Write s·AB of one row, whose numbers of A are those of `factors` from `at` on.
 * @param {number} scale @param {Float64Array} factors @param {number} at
 * @param {Float64Array} b @param {number} R @param {Float64Array} change
 */
function multiply(scale, factors, at, b, R, change) {
  const D = change.length;
  change.fill(0);
  for (let r = 0; r < R; r++) {
    const factor = scale * factors[at + r];
    for (let d = 0, k = r * D; d < D; d++, k++) change[d] += factor * b[k];
  }
}
