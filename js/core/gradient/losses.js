/** Two losses of a looked-up sentence, their gradients, and their values at moved weights: `embedlab.traces.gradient.losses`. */
import { Refusal, refuse } from "../parameters.js";
import { outOfRange } from "../ids.js";

/** @typedef {import("../table.js").Table} Table */
/**
 * @typedef {object} Loss
 * @property {number} total
 * @property {Float64Array} gradOut  (N, D), by the looked-up rows
 * @property {Float64Array | null} gradScores  (N, V), by the scores of the next word
 * @property {Float64Array | null} direct  (V, D), of the table by its scores
 * @property {boolean[]} hasGradient
 * @property {(row: number, steps: Float64Array, columns: number) => Float64Array} moved
 *   the loss with one weight of a row moved by each step: (S, K)
 */

const LOG2 = Math.LN2;

/** @param {number} x */
function logCosh(x) {
  const size = Math.abs(x);
  return size + Math.log1p(Math.exp(-2 * size)) - LOG2;
}

/** @param {number[]} ids @param {number} V */
function checkIds(ids, V) {
  const text = outOfRange(ids, V);
  if (text) throw new Refusal(text);
}

/** The sum of `log(cosh(row - target))`. @param {Table} table @param {number[]} ids @param {Float64Array} target @param {number} padding  the row without a gradient, or -1 @returns {Loss} */
export function targetLoss({ data, rows: V, columns: D }, ids, target, padding) {
  checkIds(ids, V);
  const gradOut = new Float64Array(ids.length * D);
  const each = new Float64Array(ids.length * D);
  const sums = new Float64Array(D);
  for (const [n, row] of ids.entries()) {
    for (let d = 0; d < D; d++) {
      const x = data[row * D + d] - target[n * D + d];
      gradOut[n * D + d] = Math.tanh(x);
      each[n * D + d] = logCosh(x);
      sums[d] += each[n * D + d];
    }
  }
  return {
    total: sums.reduce((a, b) => a + b, 0),
    gradOut,
    gradScores: null,
    direct: null,
    hasGradient: ids.map((id) => id !== padding),
    moved(row, steps, columns) {
      const losses = new Float64Array(steps.length * columns);
      const reads = ids.flatMap((id, n) => (id === row ? [n] : []));
      const others = ids.flatMap((id, n) => (id === row ? [] : [n]));
      for (let k = 0; k < columns; k++) {
        let same = 0;
        for (const n of others) same += each[n * D + k];
        let rest = 0;
        for (let d = 0; d < D; d++) if (d !== k) rest += sums[d];
        for (const [s, step] of steps.entries()) {
          const weight = data[row * D + k] + step;
          let moved = 0;
          for (const n of reads) moved += logCosh(weight - target[n * D + k]);
          losses[s * columns + k] = moved + same + rest;
        }
      }
      return losses;
    },
  };
}

/** Cross-entropy of the next word, with the table as output projection. @param {Table} table @param {number[]} ids @returns {Loss} */
export function nextWordLoss({ data, rows: V, columns: D }, ids) {
  const N = ids.length;
  const M = Math.max(0, N - 1); // words with a next one
  const inputs = ids.slice(0, M);
  const targets = ids.slice(1);
  checkIds(inputs, V);
  const wrong = targets.findIndex((label) => label < 0 || label >= V);
  if (wrong >= 0)
    refuse(
      `labels must lie in 0..${V - 1}`,
      `${targets[wrong]} at [${wrong}]`,
      "Count classes from 0, or give the last layer more units",
    );
  const scores = new Float64Array(M * V);
  const exps = new Float64Array(M * V); // of the scores, less the highest of a word
  const highest = new Float64Array(M);
  const gradScores = new Float64Array(N * V);
  const gradOut = new Float64Array(N * D);
  const direct = new Float64Array(V * D);
  let total = 0;
  for (let m = 0; m < M; m++) {
    const row = inputs[m] * D;
    let most = -Infinity;
    for (let v = 0; v < V; v++) {
      let score = 0;
      for (let d = 0; d < D; d++) score += data[row + d] * data[v * D + d];
      scores[m * V + v] = score;
      most = Math.max(most, score);
    }
    let sum = 0;
    for (let v = 0; v < V; v++) sum += exps[m * V + v] = Math.exp(scores[m * V + v] - most);
    highest[m] = most;
    total -= scores[m * V + targets[m]] - most - Math.log(sum);
    for (let v = 0; v < V; v++) {
      const grad = exps[m * V + v] / sum - Number(v === targets[m]);
      gradScores[m * V + v] = grad;
      for (let d = 0; d < D; d++) direct[v * D + d] += grad * data[row + d];
    }
  }
  for (let n = 0; n < N; n++) {
    for (let v = 0; v < V; v++) {
      const grad = gradScores[n * V + v]; // 0 in the last row, which makes 0 · NaN
      for (let d = 0; d < D; d++) gradOut[n * D + d] += grad * data[v * D + d];
    }
  }

  /** Inputs that do not read the row: one of their scores changes. @param {number} row @param {number} step @param {number} k */
  const asTarget = (row, step, k) => {
    let loss = 0;
    for (let m = 0; m < M; m++) {
      if (inputs[m] === row) continue;
      const score = scores[m * V + row] + step * data[inputs[m] * D + k];
      const target = targets[m] === row ? score : scores[m * V + targets[m]];
      loss += highest[m] + Math.log(rests[m] + Math.exp(score - highest[m])) - target;
    }
    return loss;
  };
  const rests = new Float64Array(M); // of the exponentials, without the row
  /** Inputs that read the row: all their scores change. @param {number} row @param {number} step @param {number} k @param {number[]} reads */
  const asInput = (row, step, k, reads) => {
    if (!reads.length) return 0;
    const moved = new Float64Array(V);
    let most = -Infinity;
    for (let v = 0; v < V; v++) {
      moved[v] = scores[reads[0] * V + v] + step * data[v * D + k];
      if (v === row) moved[v] += step * (data[row * D + k] + step); // the row is also a target
      most = Math.max(most, moved[v]);
    }
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(moved[v] - most);
    let wanted = 0;
    for (const m of reads) wanted += moved[targets[m]];
    return reads.length * (most + Math.log(sum)) - wanted;
  };
  return {
    total: V === 1 ? 0 : total,
    gradOut,
    gradScores,
    direct,
    hasGradient: ids.map((_, n) => n < M),
    moved(row, steps, columns) {
      const losses = new Float64Array(steps.length * columns);
      if (!M) return losses;
      const reads = inputs.flatMap((id, m) => (id === row ? [m] : []));
      for (let m = 0; m < M; m++) {
        rests[m] = 0;
        for (let v = 0; v < V; v++) if (v !== row) rests[m] += exps[m * V + v];
      }
      for (const [s, step] of steps.entries()) {
        for (let k = 0; k < columns; k++)
          losses[s * columns + k] = asTarget(row, step, k) + asInput(row, step, k, reads);
      }
      return losses;
    },
  };
}
