/**
 * Facts derived from a training trace: positions, moves and gradients of the rows. State k is
 * after k steps; step s leads from state s to state s + 1.
 */

/** @typedef {import("../kit/wire.js").Trace} Trace */
/** @typedef {import("../kit/wire.js").Numbers} Numbers */
/** @typedef {{ optimizer: string, rate: number, slots: string[] }} Rule */
/**
 * @typedef {object} Run
 * @property {string} title
 * @property {string} name                               the optimizer it began with
 * @property {number | null} branchStep                        the step from which on it branched
 * @property {(s: number) => Rule} rule
 * @property {(k: number, row: number) => Numbers} weights
 * @property {(s: number, row: number) => ArrayLike<number>} grad
 * @property {(s: number, row: number) => boolean} hasGrad
 * @property {(s: number, row: number) => number} move
 * @property {(s: number, row: number) => boolean} movedWithoutGrad  it moved without a gradient
 * @property {(slot: number, k: number, row: number) => Numbers | null} slot
 * @property {(s: number) => number} rate                as the formula uses it
 * @property {Numbers} losses
 */
/** @typedef {{ x: [number, number], y: [number, number] }} Bounds */
/**
 * @typedef {object} Derived
 * @property {number} V
 * @property {number} D
 * @property {number} S
 * @property {number} N
 * @property {string[]} words
 * @property {{ window: number, negative: number }} objective
 * @property {(s: number, row: number) => { context: number, near: boolean }[] | null} pairs  of a row at a step; null where they were not sent
 * @property {number[]} order     rows, the most frequent word first
 * @property {Numbers} counts
 * @property {Run[]} runs
 * @property {{ run: number, from: number, weights: (k: number, row: number) => Numbers, losses: Numbers } | null} unbranched
 * @property {number | null} varianceShown  the share of the variance that the map shows
 * @property {(row: ArrayLike<number>) => [number, number]} project  position of a row on the map
 * @property {(s: number) => number[]} batch   ids of the words a step looks at
 * @property {(s: number, row: number) => number} lastSeen  the last step up to s with a gradient in any run, or −1
 * @property {number} longestMove        the longest move
 * @property {Bounds} bounds
 */

export const STEPS_AHEAD = 20;

/** @type {WeakMap<Trace, Derived>} */
const cache = new WeakMap();

/** @param {Trace} trace @returns {Derived} */
export function derive(trace) {
  const before = cache.get(trace);
  if (before) return before;
  const derived = deriveTrace(trace);
  cache.set(trace, derived);
  return derived;
}

/** @param {Trace} trace @returns {Derived} */
function deriveTrace({ header, arrays }) {
  const [states, V, D] = arrays.w0.shape;
  const S = states - 1;
  const events = arrays.events.data;
  const index = new Int32Array(S * V).fill(-1); // which entry of g is that of (step, row)
  for (let e = 0; e < events.length / 2; e++) index[events[2 * e] * V + events[2 * e + 1]] = e;
  /** @type {Run[]} */
  const runs = header.runs.map((/** @type {any} */ spec, /** @type {number} */ n) =>
    deriveRun(spec, n, arrays, { S, V, D }, index),
  );
  const center = arrays.center.data;
  const axes = arrays.axes.data;
  /** @param {ArrayLike<number>} row @returns {[number, number]} */
  const project = (row) => {
    let x = 0;
    let y = 0;
    for (let d = 0; d < D; d++) {
      x += (row[d] - center[d]) * axes[2 * d];
      y += (row[d] - center[d]) * axes[2 * d + 1];
    }
    return [x, y];
  };
  const branchStep = header.branched === null ? null : header.runs[header.branched].branch.step;
  const past = arrays.unbranched;
  const unbranched = past && {
    run: header.branched,
    from: branchStep,
    losses: arrays.unbranched_losses.data,
    weights: (/** @type {number} */ k, /** @type {number} */ row) =>
      rowAt(past.data, (k - branchStep) * V + row, D),
  };
  const B = header.batch;
  const ids = arrays.ids.data;
  return {
    V,
    D,
    S,
    runs,
    project,
    unbranched,
    N: header.total,
    words: header.words,
    order: Array.from(arrays.order.data),
    objective: header.objective,
    pairs: (s, row) => pairsOf(arrays, s, row),
    counts: arrays.counts.data,
    varianceShown: header.variance_shown,
    batch: (s) => Array.from({ length: B }, (_, b) => ids[(s * B + b) % ids.length]),
    lastSeen(s, row) {
      for (let t = s; t >= 0; t--) if (index[t * V + row] >= 0) return t;
      return -1;
    },
    longestMove: longestMove(runs, S, V),
    bounds: mapBounds(runs, S, V, project),
  };
}

/**
 * @param {Record<string, import("../kit/wire.js").NdArray>} arrays
 * @param {number} s
 * @param {number} row
 */
function pairsOf({ pairs, pair_starts: starts }, s, row) {
  if (!pairs) return null;
  const result = [];
  for (let p = starts.data[s]; p < starts.data[s + 1]; p++) {
    const [center, context, near] = pairs.data.subarray(3 * p, 3 * p + 3);
    if (center === row) result.push({ context, near: near === 1 });
  }
  return result;
}

/**
 * @param {any} spec
 * @param {number} n
 * @param {Record<string, import("../kit/wire.js").NdArray>} arrays
 * @param {{ S: number, V: number, D: number }} sizes
 * @param {Int32Array} index
 * @returns {Run}
 */
function deriveRun(spec, n, arrays, { S, V, D }, index) {
  const w = arrays[`w${n}`].data;
  const g = arrays[`g${n}`].data;
  const rates = arrays[`rates${n}`].data;
  const none = new Float32Array(D);
  const branchStep = spec.branch?.step ?? null;
  const firstRule = ruleOf(spec);
  const branchRule = spec.branch ? ruleOf(spec.branch) : firstRule;
  /** @param {number} k @param {number} row */
  const weights = (k, row) => rowAt(w, k * V + row, D);
  /** @param {number} s @param {number} row */
  const grad = (s, row) => {
    const e = index[s * V + row];
    return e < 0 ? none : rowAt(g, e, D);
  };
  const moves = new Float64Array(S * V);
  const withGrad = new Uint8Array(S * V);
  for (let s = 0; s < S; s++) {
    for (let row = 0; row < V; row++) {
      const at = s * V + row; // by index: thousands of small views would cost more than the sums
      let sum = 0;
      for (let d = 0; d < D; d++) sum += (w[(at + V) * D + d] - w[at * D + d]) ** 2;
      moves[at] = Math.sqrt(sum);
      for (let d = 0, e = index[at]; e >= 0 && d < D; d++) if (g[e * D + d] !== 0) withGrad[at] = 1;
    }
  }
  return {
    name: spec.optimizer,
    title: runTitle(spec, spec.branch),
    branchStep,
    rule: (s) => (branchStep !== null && s >= branchStep ? branchRule : firstRule),
    weights,
    grad,
    hasGrad: (s, row) => withGrad[s * V + row] === 1,
    move: (s, row) => moves[s * V + row],
    movedWithoutGrad: (s, row) => moves[s * V + row] > 0 && !withGrad[s * V + row],
    slot(slot, k, row) {
      const values = arrays[`slot${n}${slot}`]?.data;
      return values ? rowAt(values, k * V + row, D) : null;
    },
    rate: (s) => rates[s],
    losses: arrays[`losses${n}`].data,
  };
}

/** Return row i of D columns. @param {Numbers} values @param {number} i @param {number} D */
const rowAt = (values, i, D) => values.subarray(i * D, (i + 1) * D);

/** @param {any} spec @returns {Rule} */
const ruleOf = ({ optimizer, rate, slots }) => ({ optimizer, rate, slots });

/**
 * Return the title of a run, before and after its branch.
 * @param {Rule} first
 * @param {Rule | null} then
 */
function runTitle(first, then) {
  const whole = `${first.optimizer}, rate ${first.rate}`;
  if (!then || (then.optimizer === first.optimizer && then.rate === first.rate)) return whole;
  if (then.optimizer === first.optimizer) return `${whole} → ${then.rate}`;
  if (then.rate === first.rate) return `${first.optimizer} → ${then.optimizer}, rate ${then.rate}`;
  return `${first.optimizer} ${first.rate} → ${then.optimizer} ${then.rate}`;
}

/**
 * Return the Euclidean distance of two rows.
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
export function distance(a, b) {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (b[d] - a[d]) ** 2;
  return Math.sqrt(sum);
}

/** @param {Run[]} runs @param {number} S @param {number} V */
function longestMove(runs, S, V) {
  let most = 0;
  for (const run of runs) {
    for (let s = 0; s < S; s++) {
      for (let row = 0; row < V; row++) {
        const move = run.move(s, row);
        if (Number.isFinite(move) && move > most) most = move;
      }
    }
  }
  return most || 1;
}

/**
 * Return the bounds of the map: of every row at every other step of every run.
 * @param {Run[]} runs
 * @param {number} S
 * @param {number} V
 * @param {Derived["project"]} project
 * @returns {Bounds}
 */
function mapBounds(runs, S, V, project) {
  /** @type {Bounds} */
  const all = { x: [Infinity, -Infinity], y: [Infinity, -Infinity] };
  for (const run of runs) {
    for (let k = S; k >= 0; k -= 2) {
      for (let row = 0; row < V; row++) {
        const [x, y] = project(run.weights(k, row));
        if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
        all.x = [Math.min(all.x[0], x), Math.max(all.x[1], x)];
        all.y = [Math.min(all.y[0], y), Math.max(all.y[1], y)];
      }
    }
  }
  return all.x[0] <= all.x[1] ? all : { x: [-1, 1], y: [-1, 1] };
}

/**
 * Count the rows that moved at a step, those of them without a gradient, and those with one.
 * @param {Derived} derived
 * @param {Run} run
 * @param {number} s
 */
export function countMoves({ V }, run, s) {
  let moved = 0;
  let movedWithoutGrad = 0;
  let withGrad = 0;
  for (let row = 0; row < V; row++) {
    moved += Number(run.move(s, row) > 0);
    movedWithoutGrad += Number(run.movedWithoutGrad(s, row));
    withGrad += Number(run.hasGrad(s, row));
  }
  return { moved, movedWithoutGrad, withGrad };
}

/**
 * Return the weights of a row at a state, or between two.
 * @param {(k: number, row: number) => ArrayLike<number>} weights
 * @param {number} k
 * @param {number} row
 * @returns {ArrayLike<number>}
 */
export function weightsAt(weights, k, row) {
  const before = weights(Math.floor(k), row);
  const share = k - Math.floor(k);
  if (!share) return before;
  const after = weights(Math.ceil(k), row);
  return Array.from(before, (value, d) => value + (after[d] - value) * share);
}

/**
 * Return how many steps after step s a row has no gradient, up to STEPS_AHEAD: there the optimizer's rule
 * alone decides whether it moves.
 * @param {Derived} derived
 * @param {Run} run
 * @param {number} s
 * @param {number} row
 */
export function stepsWithoutGrad({ S }, run, s, row) {
  const last = Math.min(S - 1, s + STEPS_AHEAD);
  let t = s;
  while (t < last && !run.hasGrad(t + 1, row)) t++;
  return t - s;
}

/**
 * Return the distance of a row from its position after step s, for each of the next steps.
 * @param {Run} run
 * @param {number} s
 * @param {number} row
 * @param {number} count
 */
export function distancesAhead(run, s, row, count) {
  const here = run.weights(s + 1, row);
  return Array.from({ length: count }, (_, i) => distance(here, run.weights(s + 2 + i, row)));
}

/**
 * Return how far the row that went furthest came during the last steps, up to step s.
 * @param {Derived} derived
 * @param {Run} run
 * @param {number} s
 * @param {number} count
 */
export function longestWay({ V }, run, s, count) {
  let most = 0;
  for (let row = 0; row < V; row++) {
    const far = distance(run.weights(s + 1 - count, row), run.weights(s + 1, row));
    if (Number.isFinite(far) && far > most) most = far;
  }
  return most;
}
