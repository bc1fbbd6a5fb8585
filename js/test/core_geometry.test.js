import assert from "node:assert/strict";
import { test } from "node:test";
import open from "../core/geometry/index.js";
import { fitPlane, typicalOf } from "../core/geometry/plane.js";
import { cosinesWith, evenlySpread, largest, lengthsOf } from "../core/geometry/unit_rows.js";
import { decode } from "../kit/wire.js";

/** @param {number} rows @param {number} columns @param {number[]} numbers */
const table = (rows, columns, ...numbers) => ({ data: Float64Array.from(numbers), rows, columns });

test("the largest are sorted, of equals the first leads, and NaN is none of them", () => {
  const values = Float32Array.of(0.5, NaN, 0.9, 0.5, 0.7, 0.5);
  assert.deepEqual(largest(values, 3, [4]), [2, 0, 3]);
  assert.deepEqual(largest(values, 9, []), [2, 4, 0, 3, 5]);
  assert.deepEqual(largest(Float32Array.of(NaN, 1), 2, [1]), []);
});

test("numbers are spread as numpy.linspace(0, last, count).astype(int) spreads them", () => {
  assert.deepEqual(evenlySpread(9, 4), [0, 3, 6, 9]);
  assert.deepEqual(evenlySpread(10, 4), [0, 3, 6, 10]);
  assert.deepEqual([evenlySpread(0, 1), evenlySpread(0, 0)], [[0], []]);
  assert.equal(evenlySpread(999, 50)[48], 978);
});

test("a row of zeros has the cosine 0, one of NaN has none", () => {
  const rows = table(4, 2, 0.6, 0.8, 0, 0, NaN, NaN, 1, 0);
  assert.deepEqual([...lengthsOf(rows)], [1, 0, NaN, 1]);
  const cosines = [...cosinesWith(rows, 4, Float64Array.of(3, 4))];
  assert.deepEqual(cosines.slice(0, 3), [1, 0, NaN]);
  assert.ok(Math.abs(cosines[3] - 0.6) < 1e-15);
});

test("a random plane has the axes of NumPy's QR, signs included", () => {
  const units = [0, 1, 2].flatMap((row) => [0, 1, 2].map((d) => Number(d === row)));
  const axes = { axes: table(0, 3), mean: new Float64Array(3), variance: 1, fitted: 3, square: 1 };
  const { points } = fitPlane(table(3, 3, ...units), Float32Array.of(1, 1, 1), axes, "random", 7);
  // numpy.linalg.qr(numpy.random.default_rng(7).normal(size=(3, 2)))[0]
  [
    [-0.002317012, 0.762826876],
    [0.516342601, -0.552823816],
    [0.856378976, 0.33538185],
  ]
    .flat()
    .forEach((value, at) => assert.ok(Math.abs(points[at] - value) < 1e-7));
});

test("on a map that lies, few neighbors stay neighbors", () => {
  const plane = { name: "pca 1+2", points: Float32Array.of(0, 0, 1, 0, 2, 0), shares: [1, 0] };
  assert.equal(typicalOf(plane, { queries: [0, 2], near: [[1, 2], [0]] }, 3), 1.5);
  assert.equal(typicalOf(plane, { queries: [0], near: [[1]] }, 3), 0);
});

/** @param {ArrayBufferView & { buffer: ArrayBufferLike }} numbers @param {number[]} shape */
const travelling = (numbers, ...shape) => ({
  dtype: "float32",
  shape,
  base64: Buffer.from(numbers.buffer).toString("base64"),
});

/** A page of three words. */
function page() {
  const params = {
    word: "cat",
    rows: 3,
    plane: "pca 1+2",
    metric: "cosine",
    color: "nearness",
    a: "",
    b: "",
    c: "",
    seed: 7,
  };
  const principal = {
    axes: travelling(Float32Array.of(1, 0, 0, 1), 2, 2),
    mean: travelling(Float32Array.of(0.5, 0.5), 1, 2),
    variance: 0.4,
    fitted: 3,
    square: 1,
  };
  const inputs = {
    source: "",
    words: ["cat", "dog", "tuple"],
    rows: travelling(Float32Array.of(1, 0, 6, 8, 0, 0.5), 3, 2),
    divisors: travelling(Float32Array.of(1, 1.25, 1), 3, 1),
    principal: { cosine: principal, euclidean: principal },
    drawn: 4000,
  };
  const header = { view: "geometry", version: 1, question: "Near?", needs: [], params, arrays: {} };
  return open({ initial: params, inputs }, { header, buffer: new ArrayBuffer(0) });
}

test("an edit is answered with the neighbors of the word, and a sum", () => {
  const { header, arrays } = decode(
    page().answer({ word: " DOG", a: "cat", b: "dog", c: "#2" }, 4),
  );
  assert.deepEqual([header.seq, header.error, header.picked], [4, null, 1]);
  assert.deepEqual([...arrays.near.data], [2, 0]);
  assert.deepEqual(header.terms, [0, 1, 2]);
  assert.deepEqual(
    [...arrays.points.data].map((at) => Math.round(10 * at)),
    [5, -5, 1, 3, -5, 5],
  );
  assert.match(header.summary, /^Near\?\nword {4}dog, of 3 words with 2 numbers each\n/);
  assert.equal(header.note, null);
});

test("by Euclidean distance a long row is far, whatever its direction", () => {
  const { header, arrays } = decode(page().answer({ word: "cat", metric: "euclidean" }, 1));
  assert.equal(header.error, null);
  assert.deepEqual([...arrays.near.data], [2, 1]); // by cosine it is [1, 2]
  assert.deepEqual([...arrays.lengths.data], [1, 10, 0.5]);
  assert.ok(Math.abs(arrays.distances.data[1] - Math.sqrt(89)) < 1e-6);
  assert.match(header.summary, /near {4}tuple 1\.12 · dog 9\.43\n/);
});

test("an unknown word is refused, and the neighbors before stay", () => {
  const answerer = page();
  answerer.answer({ word: "dog" }, 1);
  const { header } = answerer.answer({ word: "unicorn" }, 2);
  const must = "a word must be one of these 3, or #0 to #2";
  assert.equal(header.error, `${must}. Received unicorn. Try one that is on the map.`);
  assert.deepEqual([header.seq, header.params.word, header.picked], [2, "dog", 1]);
  assert.match(answerer.answer({ rows: 1 }, 3).header.error, /Received dog, which has rank 2\./);
});
