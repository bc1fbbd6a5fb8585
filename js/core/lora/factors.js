/** Initial factors of adapters, and their first update: `embedlab.traces.lora.sweep`. */
import { Generator } from "../random.js";

/** @typedef {{ a: Float64Array, b: Float64Array }} Factors */

const DRAWS = 16; // seeds over which the first update is averaged

/** Numbers by He's uniform initializer for a matrix (`rows`, `columns`). @param {number} rows @param {number} columns @param {number} seed */
function heUniform(rows, columns, seed) {
  const limit = Math.sqrt(3 * (2 / Math.max(1, rows)));
  return new Generator(seed).uniform(-limit, limit, rows * columns);
}

/**
 * The initial A (V, K) and B (K, D): one is random and one zero.
 * @param {number} V @param {number} D @param {number} K @param {string} start @param {number} seed
 * @returns {Factors}
 */
export function initialFactors(V, D, K, start, seed) {
  return start === "random"
    ? { a: heUniform(V, K, seed), b: new Float64Array(K * D) }
    : { a: new Float64Array(V * K), b: heUniform(K, D, seed) };
}

/**
 * The norm of the first update of the trained rows at every rank with scale 1, by SGD with rate 1:
 * the mean over some seeds. `delta` (M, D) is the change of the trained rows.
 * @param {Float64Array} delta @param {number} M @param {number} V @param {number} D
 * @param {number} K @param {string} start @param {number} seed
 */
export function firstStepNorms(delta, M, V, D, K, start, seed) {
  const norms = new Float64Array(K);
  const left = new Float64Array(M);
  const right = new Float64Array(D);
  for (let draw = 0; draw < (M ? DRAWS : 0); draw++) {
    const { a, b } = initialFactors(M, D, K, start, seed + draw);
    if (start === "random") for (const n of a.keys()) a[n] *= Math.sqrt(M / V);
    const change = new Float64Array(M * D);
    for (let k = 0; k < K; k++) {
      if (start === "random") {
        right.fill(0); // row k of B becomes that of Aᵀ·ΔW
        for (let n = 0; n < M; n++) {
          left[n] = a[n * K + k];
          for (let d = 0; d < D; d++) right[d] += left[n] * delta[n * D + d];
        }
      } else {
        right.set(b.subarray(k * D, (k + 1) * D));
        left.fill(0);
        for (let n = 0; n < M; n++)
          for (let d = 0; d < D; d++) left[n] += delta[n * D + d] * right[d];
      }
      let squares = 0;
      for (let n = 0; n < M; n++) {
        for (let d = 0; d < D; d++) {
          change[n * D + d] += left[n] * right[d];
          squares += (change[n * D + d] / M) ** 2;
        }
      }
      norms[k] += Math.sqrt(squares / M) / DRAWS;
    }
  }
  return norms;
}
