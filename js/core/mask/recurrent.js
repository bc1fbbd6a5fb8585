/** SimpleRNN, GRU and LSTM, one state after the other: `embedlab.layers.recurrent`. */
import { builtOnce, multiply, multiplyTransposed, widthOf } from "./layers.js";
import { glorotUniform, orthogonal } from "./weights.js";

/** @typedef {import("./layers.js").Layer} Layer */
/** @typedef {Float64Array} Row */
/**
 * What a cell does with one sequence at one step. `x` and `h` are the inputs times the kernel and
 * the first state times the recurrent kernel; the states have a part for each kind.
 * @typedef {object} Cell
 * @property {string} kind
 * @property {number} gates
 * @property {number} states
 * @property {(x: Row, h: Row, states: Row[]) => { after: Row[], backward: (grads: Row[]) => Back }} step
 */
/** The gradients of `x`, of `h`, and of the states but for their part in `h`. @typedef {{ x: Row, h: Row, states: Row[] }} Back */

/** @param {number} x */
const sigmoid = (x) => 1 / (Math.exp(-x) + 1);

/** @type {Cell} */
export const SIMPLE_RNN = {
  ...{ kind: "SimpleRNN", gates: 1, states: 1 },
  step(x, h, [state]) {
    const after = x.map((value, n) => Math.tanh(value + h[n]));
    return {
      after: [after],
      backward([grad]) {
        const sums = grad.map((g, n) => g * (1 - after[n] * after[n]));
        return { x: sums, h: sums, states: [new Float64Array(state.length)] };
      },
    };
  },
};

/** Update gate, reset gate and candidate, side by side. @type {Cell} */
export const GRU = {
  ...{ kind: "GRU", gates: 3, states: 1 },
  step(x, h, [state]) {
    const U = state.length;
    const update = state.map((_, n) => sigmoid(x[n] + h[n]));
    const reset = state.map((_, n) => sigmoid(x[U + n] + h[U + n]));
    const candidate = state.map((_, n) => Math.tanh(x[2 * U + n] + reset[n] * h[2 * U + n]));
    return {
      after: [state.map((value, n) => update[n] * value + (1 - update[n]) * candidate[n])],
      backward([grad]) {
        const toX = new Float64Array(3 * U);
        const toH = new Float64Array(3 * U);
        for (let n = 0; n < U; n++) {
          const [z, r, c] = [update[n], reset[n], candidate[n]];
          const toCandidate = grad[n] * (1 - z) * (1 - c * c);
          toX[n] = toH[n] = grad[n] * (state[n] - c) * (z * (1 - z));
          toX[U + n] = toH[U + n] = toCandidate * h[2 * U + n] * (r * (1 - r));
          toX[2 * U + n] = toCandidate;
          toH[2 * U + n] = toCandidate * r;
        }
        return { x: toX, h: toH, states: [grad.map((g, n) => g * update[n])] };
      },
    };
  },
};

/** Input gate, forget gate, candidate and output gate, side by side. @type {Cell} */
export const LSTM = {
  ...{ kind: "LSTM", gates: 4, states: 2 },
  step(x, h, [, cell]) {
    const U = cell.length;
    const into = cell.map((_, n) => sigmoid(x[n] + h[n]));
    const forget = cell.map((_, n) => sigmoid(x[U + n] + h[U + n] + 1)); // its bias starts at 1
    const candidate = cell.map((_, n) => Math.tanh(x[2 * U + n] + h[2 * U + n]));
    const out = cell.map((_, n) => sigmoid(x[3 * U + n] + h[3 * U + n]));
    const newCell = cell.map((value, n) => forget[n] * value + into[n] * candidate[n]);
    const activated = newCell.map(Math.tanh);
    return {
      after: [activated.map((value, n) => out[n] * value), newCell],
      backward([grad, gradCell]) {
        const sums = new Float64Array(4 * U);
        const toCell = new Float64Array(U);
        for (let n = 0; n < U; n++) {
          const [i, f, g, o, a] = [into[n], forget[n], candidate[n], out[n], activated[n]];
          const to = gradCell[n] + grad[n] * o * (1 - a * a);
          sums[n] = to * g * (i * (1 - i));
          sums[U + n] = to * cell[n] * (f * (1 - f));
          sums[2 * U + n] = to * i * (1 - g * g);
          sums[3 * U + n] = grad[n] * a * (o * (1 - o));
          toCell[n] = to * f;
        }
        return { x: sums, h: sums, states: [new Float64Array(U), toCell] };
      },
    };
  },
};

/** @param {number} count @param {number} length @returns {Row[]} */
const zeros = (count, length) => Array.from({ length: count }, () => new Float64Array(length));

/**
 * At a masked step the states stay, and the whole gradient goes to the states before it.
 * @param {Cell} cell @param {string} name @param {number} U  units
 * @param {number} seed @param {boolean} sequences  whether the output of every step is returned
 * @returns {Layer}
 */
export function recurrent(cell, name, U, seed, sequences) {
  const G = cell.gates * U;
  const weightsFor = builtOnce(name, (width) => [
    glorotUniform([width, G], seed),
    orthogonal(U, G, seed + 1),
  ]);
  return {
    ...{ name, kind: cell.kind, role: sequences ? "passes" : "consumes" },
    forward(inputs, mask) {
      const [kernel, recurrentKernel] = weightsFor(inputs);
      const width = widthOf(inputs);
      const [B, T] = inputs.shape;
      const sums = multiply(inputs.data, width, kernel, G);
      const outputs = new Float64Array(B * (sequences ? T : 1) * U);
      /** @type {((grads: Row[]) => Back)[]} */
      const steps = [];
      /** @param {number} n */
      const isWord = (n) => !mask || mask[n] === 1;
      for (let b = 0; b < B; b++) {
        let states = zeros(cell.states, U);
        for (let t = 0; t < T; t++) {
          const n = b * T + t;
          const x = isWord(n) ? sums.subarray(n * G, (n + 1) * G) : new Float64Array(G);
          const { after, backward } = cell.step(
            x,
            multiply(states[0], U, recurrentKernel, G),
            states,
          );
          if (isWord(n)) states = after;
          steps.push(backward);
          if (sequences || t === T - 1) outputs.set(states[0], (sequences ? n : b) * U);
        }
      }
      return {
        values: { data: outputs, shape: sequences ? [B, T, U] : [B, U] },
        backward(grad) {
          const toSums = new Float64Array(B * T * G);
          for (let b = 0; b < B; b++) {
            let grads = zeros(cell.states, U);
            for (let t = T - 1; t >= 0; t--) {
              const n = b * T + t;
              const at = (sequences ? n : b) * U;
              if (sequences || t === T - 1) grads[0] = grads[0].map((g, u) => g + grad[at + u]);
              const none = zeros(cell.states, U);
              const [through, stays] = isWord(n) ? [grads, none] : [none, grads];
              const { x, h, states } = steps[n](through);
              toSums.set(x, n * G);
              const back = multiplyTransposed(h, U, recurrentKernel, G);
              grads = states.map((row, k) =>
                row.map((g, u) => g + (k ? 0 : back[u]) + stays[k][u]),
              );
            }
          }
          return multiplyTransposed(toSums, width, kernel, G);
        },
      };
    },
  };
}
