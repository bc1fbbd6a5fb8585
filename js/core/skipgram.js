/** Skip-gram batches with negatives, and recorded training: `embedlab.core.skipgram`. */
import { sumOf } from "./floats.js";
import { isDense, rateOf, SLOT_NAMES, slotStart, updateWeight } from "./optimizers.js";
import { Generator } from "./random.js";

/**
 * @typedef {object} Batches
 * @property {number[]} first   the row of the table of each pair
 * @property {number[]} second  the row of the context table
 * @property {number[]} label   1 for a pair of the text, 0 for a negative
 * @property {number[]} starts  where the pairs of each step begin, and the end
 * @property {number} size      words of a step
 */
/**
 * A recorded run; the second axis is the table, then the context table.
 * @typedef {object} Run
 * @property {Float32Array} weights  (S + 1, 2, V, D)
 * @property {Float32Array[]} slots  two of (S + 1, 2, V, D); unused ones are 0
 * @property {Float32Array} grads    (S, 2, V, D)
 * @property {Float32Array} rates    (S,), as the formula uses them
 * @property {Float64Array} losses   (S,)
 * @property {Setting} setting
 * @property {number} since  the step at which its slots began
 */
/** @typedef {{ rule: import("./optimizers.js").Rule, rate: number }} Setting */

const round = Math.fround;

/**
 * `count ** 0.75`, the nearest float of all: `Math.pow` may give the one beside it, and a rounding
 * here can exchange the words of a draw.
 * @param {number} count  an integer from 0
 */
function threeQuarters(count) {
  if (!count) return 0;
  const near = count ** 0.75;
  const unit = 2 ** (Math.floor(Math.log2(near)) - 52);
  const cube = BigInt(count) ** 3n * BigInt(2 / unit) ** 4n;
  let units = BigInt(near / unit);
  while ((2n * units + 1n) ** 4n < cube) units++;
  while ((2n * units - 1n) ** 4n > cube) units--;
  return Number(units) * unit;
}

/** Walker's alias table: a draw of a word is one draw and one comparison. @param {number[]} weights */
function aliasTable(weights) {
  const V = weights.length;
  const sum = sumOf(weights);
  const odds = weights.map((weight) => (weight / sum) * V);
  const alias = odds.map((_, n) => n);
  const small = alias.filter((n) => odds[n] < 1);
  const large = alias.filter((n) => odds[n] >= 1);
  while (small.length && large.length) {
    const poor = /** @type {number} */ (small.pop());
    const rich = /** @type {number} */ (large.pop());
    alias[poor] = rich;
    odds[rich] -= 1 - odds[poor];
    (odds[rich] < 1 ? small : large).push(rich);
  }
  for (const n of [...small, ...large]) odds[n] = 1;
  return { alias, odds: Float32Array.from(odds) };
}

/**
 * Batches of some words each, in cycles from the start of the text, with their negatives.
 * @param {number[]} ids @param {ArrayLike<number>} sentence  of each word
 * @param {number} V
 * @param {{ steps: number, batch: number, window: number, negative: number, seed: number }} how
 * @returns {Batches}
 */
export function sampleBatches(ids, sentence, V, { steps, batch, window, negative, seed }) {
  const N = ids.length;
  /** @type {Batches} */
  const batches = { first: [], second: [], label: [], starts: [0], size: Math.min(batch, N) };
  if (!N) return { ...batches, starts: Array(steps + 1).fill(0) };
  const counts = Array(V).fill(0);
  for (const id of ids) counts[id]++;
  const { alias, odds } = aliasTable(counts.map(threeQuarters));
  const reach = [];
  for (let by = -window; by <= window; by++) if (by) reach.push(by);
  const generator = new Generator(seed);
  const draws = steps * batches.size * reach.length * negative;
  const negatives = generator.integers(V, draws);
  for (let n = 0; n < draws; n++)
    if (!(generator.random() < odds[negatives[n]])) negatives[n] = alias[negatives[n]];
  /** @param {number} center @param {number} other @param {number} label */
  const add = (center, other, label) => {
    batches.first.push(center);
    batches.second.push(other);
    batches.label.push(label);
  };
  for (let place = 0; place < steps * batches.size; place++) {
    const center = place % N;
    for (const [c, by] of reach.entries()) {
      const other = center + by;
      if (other < 0 || other >= N || sentence[other] !== sentence[center]) continue;
      add(ids[center], ids[other], 1);
      const from = (place * reach.length + c) * negative;
      for (const word of negatives.subarray(from, from + negative))
        if (word !== ids[other]) add(ids[center], word, 0);
    }
    if ((place + 1) % batches.size === 0) batches.starts.push(batches.label.length);
  }
  return batches;
}

/** @param {number} size  of both tables @param {number} steps @param {Setting} setting @returns {Run} */
function newRun(size, steps, setting) {
  return {
    weights: new Float32Array((steps + 1) * size),
    slots: [0, 1].map(() => new Float32Array((steps + 1) * size)),
    grads: new Float32Array(steps * size),
    rates: new Float32Array(steps),
    losses: new Float64Array(steps),
    setting,
    since: 0,
  };
}

/**
 * Train both tables, one step a batch, and record every step.
 * @param {Batches} batches @param {Float32Array} start  both tables @param {number} D
 * @param {Setting} setting
 * @param {{ run: Run, step: number } | null} [after]  a run that it continues from a step
 * @returns {Run}
 */
export function trainRecorded(batches, start, D, setting, after = null) {
  const { rule, rate } = setting;
  const steps = batches.starts.length - 1;
  const size = start.length;
  const first = after?.step ?? 0;
  const run = newRun(size, steps, setting);
  if (after) {
    copyRun(after.run, run, first, size);
  } else {
    run.weights.set(start);
    run.slots.forEach((slot) => slot.fill(slotStart(rule), 0, size));
  }
  const rows = size / 2 / D;
  for (let s = first; s < steps; s++) {
    const [here, next] = [s * size, (s + 1) * size];
    for (const record of [run.weights, ...run.slots]) record.copyWithin(next, here, next);
    const grads = run.grads.subarray(here, next);
    run.losses[s] = gradPairs(batches, s, run.weights.subarray(here, next), D, grads);
    run.rates[s] = rateOf(rule, rate, s + 1 - run.since);
    const after = run.weights.subarray(next, next + size);
    const [one, two] = run.slots.map((slot) => slot.subarray(next, next + size));
    for (const [side, pairs] of [batches.first, batches.second].entries()) {
      const seen = new Set(pairs.slice(batches.starts[s], batches.starts[s + 1]));
      for (let row = 0; row < rows; row++) {
        if (!isDense(rule, side) && !seen.has(row)) continue;
        const at = (side * rows + row) * D;
        for (let n = at; n < at + D; n++)
          updateWeight(rule, side, run.rates[s], grads[n], after, one, two, n);
      }
    }
  }
  return run;
}

/** Copy the record of a run up to a step; a rule with other slots begins with new ones. @param {Run} from @param {Run} to @param {number} step @param {number} size */
function copyRun(from, to, step, size) {
  const end = (step + 1) * size;
  to.weights.set(from.weights.subarray(0, end));
  to.slots.forEach((slot, n) => slot.set(from.slots[n].subarray(0, end)));
  to.grads.set(from.grads.subarray(0, step * size));
  to.rates.set(from.rates.subarray(0, step));
  to.losses.set(from.losses.subarray(0, step));
  to.since = from.since;
  if (SLOT_NAMES[to.setting.rule].join() === SLOT_NAMES[from.setting.rule].join()) return;
  to.slots.forEach((slot) => slot.fill(slotStart(to.setting.rule), end - size, end));
  to.since = step;
}

/**
 * Add the gradients of a step's pairs; return the mean loss, NaN without a pair.
 * @param {Batches} batches @param {number} step @param {Float32Array} weights @param {number} D
 * @param {Float32Array} grads
 */
function gradPairs({ first, second, label, starts }, step, weights, D, grads) {
  const [from, to] = [starts[step], starts[step + 1]];
  const context = weights.length / 2;
  const share = round(1 / Math.max(to - from, 1));
  let loss = 0;
  for (let p = from; p < to; p++) {
    const i = first[p] * D;
    const j = context + second[p] * D;
    const score = scoreOf(weights, i, j, D);
    const small = round(Math.exp(-Math.abs(score)));
    loss += round(round(Math.max(score, 0) - (label[p] ? score : 0)) + round(Math.log1p(small)));
    const sigmoid = round((score >= 0 ? 1 : small) / round(1 + small));
    const push = round(round(sigmoid - label[p]) * share);
    for (let d = 0; d < D; d++) {
      grads[i + d] += round(push * weights[j + d]);
      grads[j + d] += round(push * weights[i + d]);
    }
  }
  return from < to ? loss * share : NaN;
}

/** The product of two rows in single precision. @param {Float32Array} weights @param {number} i @param {number} j @param {number} D */
export function scoreOf(weights, i, j, D) {
  let score = 0;
  for (let d = 0; d < D; d++) score = round(score + round(weights[i + d] * weights[j + d]));
  return score;
}
