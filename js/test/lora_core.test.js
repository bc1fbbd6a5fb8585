import assert from "node:assert/strict";
import { test } from "node:test";
import { displacementsAlong } from "../core/lora/displacement.js";
import { bestErrorByRank, effectiveRank, singularValues } from "../core/lora/spectrum.js";
import { correctedRates, trainAdapter } from "../core/lora/training.js";
import { Generator } from "../core/random.js";

/** @param {Iterable<number>} values @param {number[]} expected @param {number} [tolerance] */
function near(values, expected, tolerance = 1e-12) {
  const all = [...values];
  assert.equal(all.length, expected.length);
  all.forEach((value, n) =>
    assert.ok(Math.abs(value - expected[n]) <= tolerance, `${n}: ${value}, not ${expected[n]}`),
  );
}

test("singular values by hand, of tall and wide matrices, of huge and tiny numbers", () => {
  near(singularValues(Float64Array.of(3, 0, 0, 0, 0, 4), 3, 2), [4, 3]);
  near(singularValues(Float64Array.of(3, 0, 0, 0, 0, 4), 2, 3), [4, 3]);
  near(singularValues(Float64Array.of(3, 4), 1, 2), [5]);
  near(singularValues(new Float64Array(6), 3, 2), [0, 0]);
  const ones = new Float64Array(12).fill(1);
  for (const scale of [1, 1e6, 1e-200])
    near(
      singularValues(
        ones.map((one) => one * scale),
        4,
        3,
      ).map((v) => v / scale),
      [Math.sqrt(12), 0, 0],
    );
});

test("singular values keep the sums of their second and fourth powers, and their order", () => {
  const [V, D] = [64, 16];
  const matrix = new Generator(5).uniform(-1, 1, V * D);
  const values = singularValues(matrix, V, D);
  const squares = matrix.reduce((sum, value) => sum + value * value, 0);
  near([values.reduce((sum, value) => sum + value ** 2, 0) / squares], [1]);
  assert.deepEqual(
    [...values],
    [...values].sort((a, b) => b - a),
  );
  let fourth = 0; // the trace of (AᵀA)²
  for (let p = 0; p < D; p++) {
    for (let q = 0; q < D; q++) {
      let product = 0;
      for (let row = 0; row < V; row++) product += matrix[row * D + p] * matrix[row * D + q];
      fourth += product ** 2;
    }
  }
  near([values.reduce((sum, value) => sum + value ** 4, 0) / fourth], [1]);
});

test("what a rank cannot reach, and how many directions there are", () => {
  near(bestErrorByRank(Float64Array.of(4, 3)), [1, 0.6, 0]);
  near(bestErrorByRank(new Float64Array(2)), [0, 0, 0]);
  near([effectiveRank(Float64Array.of(2, 2, 0)), effectiveRank(new Float64Array(2))], [2, 0]);
});

test("a step of Adam moves B by the rate, and with B the rows that were not trained", () => {
  const delta = Float64Array.of(1, 1);
  const run = trainAdapter(
    delta,
    1,
    Float64Array.of(1, 1),
    new Float64Array(1),
    1,
    correctedRates(0.5, 1),
    [0, 1],
  );
  near(run.losses, [0.5, 0.125], 1e-5);
  near(run.a, [1, 1, 1, 1]);
  near(run.b, [0, 0.5], 1e-5);
  const start = Float64Array.of(1, 1, -2);
  const along = displacementsAlong(run, 1, start, 1, Float64Array.of(1, 1, 0), [0, 1]);
  near(along.rows, [0, 0, 0, 0.5, 0.5, 1], 1e-5);
  assert.deepEqual([...along.moved], [0, 3]);
  near(along.untrained, [0, 1], 1e-5);
  near(along.errors, [1, Math.sqrt(1.5 / 2)], 1e-5);
});

test("with A zero and no row to train nothing moves", () => {
  const none = new Float64Array();
  const b = Float64Array.of(1, 2);
  const run = trainAdapter(none, 1, none.slice(), b, 1, correctedRates(0.5, 3), [0, 3]);
  near(run.losses, [0, 0, 0, 0]);
  near(run.b, [1, 2, 1, 2]);
  const along = displacementsAlong(run, 1, new Float64Array(2), 1, new Float64Array(4), []);
  assert.deepEqual([...along.moved, ...along.errors], [0, 0, 0, 0]);
});
