import assert from "node:assert/strict";
import { test } from "node:test";
import { layout as geometry } from "../geometry/layout.js";
import { layout as gradient } from "../gradient/layout.js";
import { layout as lookup } from "../lookup/layout.js";
import { layout as lora } from "../lora/layout.js";
import { layout as mask } from "../mask/layout.js";
import { layout as quantize } from "../quantize/layout.js";
import { layout as training } from "../training/layout.js";
import { layout as window } from "../window/layout.js";

const STAGES = [4, 4, 1].map((cells) => ({ form: cells > 1 ? "steps" : "vector", cells, size: 3 }));

test("at a desk every figure fits the height it gets, at every size", () => {
  for (const [width, height] of [
    [801, 394],
    [902, 394],
    [1260, 520],
  ]) {
    const box = { width, height };
    /** @type {[string, { height: number }][]} */
    const all = [];
    for (const V of [1, 11, 16, 24, 40]) {
      for (const hot of [false, true]) all.push(["lookup", lookup({ ...box, V, D: 8, N: 6, hot })]);
      all.push(["gradient", gradient({ ...box, R: V, D: 6, N: 10 })]);
      for (const runs of [1, 2, 3])
        for (const asked of [false, true])
          all.push(["training", training({ ...box, V, runs, lanes: 8, asked })]);
      for (const [bits, groups] of [
        [4, 1],
        [8, 1],
        [4, 8],
      ])
        all.push(["quantize", quantize({ ...box, V, D: 8, bits, groups, slots: 7 })]);
    }
    for (const B of [0, 1, 4, 6])
      for (const D of [1, 3, 6]) all.push(["mask", mask({ ...box, B, T: 8, D, stages: STAGES })]);
    for (const V of [1, 11, 18])
      for (const P of [0, 12, 40])
        for (const D of [2, 4, 8]) all.push(["window", window({ ...box, V, D, N: 70, P })]);
    for (const count of [0, 5, 10]) all.push(["geometry", geometry({ ...box, count })]);
    for (const n of [1, 4, 16])
      for (const K of [1, 8, 16]) if (K <= n) all.push(["lora", lora({ ...box, n, cols: 8, K })]);
    for (const [name, at] of all)
      assert.ok(
        at.height <= height + 1,
        `${name}: ${at.height} px at ${width}, ${JSON.stringify(at)}`,
      );
  }
});
