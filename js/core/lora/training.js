/** Training of an adapter on some rows with Adam: `embedlab.core.lora.fit`. */

const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-7];

/**
 * The losses of a run before and after each step, and its factors at some of the steps.
 * @typedef {object} Run
 * @property {number} scale
 * @property {Float64Array} losses  (S + 1,)
 * @property {Float64Array} a  (frames, M, R): the trained rows
 * @property {Float64Array} b  (frames, R, D)
 */

/**
 * The rate of each step, corrected for the time.
 * @param {number} rate @param {number} steps
 */
export const correctedRates = (rate, steps) =>
  Float64Array.from(
    { length: steps },
    (_, n) => (rate * Math.sqrt(1 - BETA_2 ** (n + 1))) / (1 - BETA_1 ** (n + 1)),
  );

/**
 * Train `a` (M, R) and `b` (R, D), in place, until `scale` · A · B is `delta` (M, D).
 * @param {Float64Array} delta @param {number} scale @param {Float64Array} a @param {Float64Array} b
 * @param {number} R @param {Float64Array} rates @param {number[]} frames  steps that are kept, sorted
 * @returns {Run}
 */
export function trainAdapter(delta, scale, a, b, R, rates, frames) {
  const [M, D] = [a.length / R, b.length / R];
  const losses = new Float64Array(rates.length + 1);
  const path = {
    a: new Float64Array(frames.length * a.length),
    b: new Float64Array(frames.length * b.length),
  };
  const [gradA, gradB] = [new Float64Array(a.length), new Float64Array(b.length)];
  const moments = [a, a, b, b].map(({ length }) => new Float64Array(length));
  const error = new Float64Array(D);
  for (let step = 0, frame = 0; step < losses.length; step++) {
    if (step === frames[frame]) {
      path.a.set(a, frame * a.length);
      path.b.set(b, frame * b.length);
      frame++;
    }
    if (!M) continue; // no row, no gradient: nothing changes
    losses[step] = gradients(delta, scale, a, b, gradA, gradB, error) / (2 * M);
    if (step === rates.length) break;
    adam(a, gradA, moments[0], moments[1], rates[step]);
    adam(b, gradB, moments[2], moments[3], rates[step]);
  }
  return { scale, losses, ...path };
}

/**
 * Write the gradients of both factors; return the sum of the squared errors. A function of its own:
 * in the loop over the steps the browser would compile it late, and the first edit took 50 ms.
 * @param {Float64Array} delta @param {number} scale @param {Float64Array} a @param {Float64Array} b
 * @param {Float64Array} gradA @param {Float64Array} gradB @param {Float64Array} error  of a row
 */
function gradients(delta, scale, a, b, gradA, gradB, error) {
  const D = error.length;
  const R = b.length / D;
  const M = a.length / R;
  let loss = 0;
  gradB.fill(0);
  for (let n = 0; n < M; n++) {
    for (let d = 0; d < D; d++) error[d] = -delta[n * D + d];
    for (let r = 0; r < R; r++) {
      const factor = scale * a[n * R + r];
      for (let d = 0, at = r * D; d < D; d++, at++) error[d] += factor * b[at];
    }
    for (let d = 0; d < D; d++) {
      loss += error[d] * error[d];
      error[d] /= M;
    }
    for (let r = 0; r < R; r++) {
      const factor = scale * a[n * R + r];
      let total = 0;
      for (let d = 0, at = r * D; d < D; d++, at++) {
        total += error[d] * b[at];
        gradB[at] += factor * error[d];
      }
      gradA[n * R + r] = scale * total;
    }
  }
  return loss;
}

/**
 * @param {Float64Array} weights @param {Float64Array} grad @param {Float64Array} m
 * @param {Float64Array} v @param {number} rate
 */
function adam(weights, grad, m, v, rate) {
  for (let n = 0; n < weights.length; n++) {
    const g = grad[n];
    m[n] += (g - m[n]) * (1 - BETA_1);
    v[n] += (g * g - v[n]) * (1 - BETA_2);
    weights[n] -= (m[n] * rate) / (Math.sqrt(v[n]) + EPSILON);
  }
}
