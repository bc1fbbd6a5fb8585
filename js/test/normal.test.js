import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { standardNormal, standardNormals } from "../core/normal.js";
import { Generator } from "../core/random.js";

// numpy.random.default_rng(seed).normal(size=20_000): SHA-256 of its bytes, little-endian.
const DIGESTS = [
  [0, "b31c46643d69f90d2f515fbbd924273f925a4b5fe94929f364f708434f937ef3"],
  [7, "0b0e036457ce66fca50da6c9ac08b5a0a8f2ff122cd0bb73aa3b819414829474"],
  [2 ** 31 - 1, "4dc1035c3139e4934db09706bc0d890f99ea97f89e3d522ae43af1c2ae33610c"],
];

test("normal numbers are NumPy's to the last bit, also in the tail", () => {
  for (const [seed, digest] of DIGESTS) {
    const values = standardNormals(new Generator(Number(seed)), 20_000);
    assert.equal(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex"), digest);
    assert.ok(values.some((value) => Math.abs(value) > 3.66));
  }
});

test("one number at a time is the same", () => {
  const generator = new Generator(7);
  const values = [1, 2, 3].map(() => standardNormal(generator));
  assert.deepEqual(values, [0.0012301533574825742, 0.2987455375084699, -0.2741378553622176]);
});
