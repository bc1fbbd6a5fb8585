import assert from "node:assert/strict";
import { test } from "node:test";
import { firstWord, hit, layout, pairY, rowY } from "../window/layout.js";
import { derive, highlightFor } from "../window/trace.js";
import { truth } from "../window/predict.js";
import { trace } from "./golden.js";

/** @param {string} name */
const read = (name) => derive(trace(name, "window"));

test("nothing lies on anything else, at every width and height", () => {
  for (const width of [320, 519, 520, 640, 768, 801, 902, 1068, 1500]) {
    for (const height of [280, 394, 540]) {
      for (const V of [1, 11, 18]) {
        for (const D of [2, 4, 8]) {
          for (const P of [0, 1, 12, 40]) {
            const at = layout({ width, height, V, D, N: 70, P });
            const name = JSON.stringify({ width, height, V, D, P });
            const [left, right] = at.tables;
            const order = [
              0,
              left.labels,
              left.x,
              left.x + at.grid.w,
              ...(at.narrow ? [] : [at.pairs.x, at.pairs.x + at.pairs.w]),
              right.labels,
              right.x,
              right.x + at.grid.w,
              width,
            ];
            assert.deepEqual(
              [...order].sort((a, b) => a - b),
              order,
              name,
            );
            if (!at.narrow) {
              assert.ok(at.height <= height + 1, `${name}: ${at.height}`);
              assert.ok(left.y + at.grid.h <= at.foot, name);
            }
            assert.ok(at.pairs.y + at.pairs.count * at.pairs.pitch <= at.foot, name);
            assert.ok(at.grid.cw >= 5 && at.grid.rh >= 10, name);
            assert.ok(at.chips.x >= 0 && at.chips.pitch >= 40, name);
          }
        }
      }
    }
  }
});

test("the center word stands in the middle of the text, but at its ends", () => {
  const at = layout({ width: 900, height: 394, V: 11, D: 4, N: 70, P: 12 });
  const half = Math.floor(at.chips.count / 2);
  assert.equal(firstWord(at, 0, 70), 0);
  assert.equal(firstWord(at, 30, 70), 30 - half);
  assert.equal(firstWord(at, 69, 70), 70 - at.chips.count);
  const short = layout({ width: 900, height: 394, V: 3, D: 4, N: 3, P: 4 });
  assert.equal(firstWord(short, 2, 3), 0);
});

test("a point finds what is drawn under it", () => {
  const sizes = { V: 11, N: 70, P: 12 };
  const at = layout({ width: 900, height: 394, D: 4, ...sizes });
  const from = { step: 30, pair: 0 };
  for (const side of [0, 1]) {
    const { x, labels } = at.tables[side];
    const y = rowY(at, side, 7);
    const cell = { part: "cell", side, row: 7, col: 2 };
    assert.deepEqual(hit(at, sizes, from, x + 2.5 * at.grid.cw, y), cell);
    assert.deepEqual(hit(at, sizes, from, labels + 3, y), { part: "row", side, row: 7 });
  }
  const pair = { part: "pair", k: 5 };
  assert.deepEqual(hit(at, sizes, from, at.pairs.x + 9, pairY(at, 5)), pair);
  assert.deepEqual(hit(at, sizes, { step: 30, pair: 5 }, at.pairs.x + 9, pairY(at, 0)), pair);
  const first = firstWord(at, 30, 70);
  const word = { part: "word", n: first + 1 };
  assert.deepEqual(hit(at, sizes, from, at.chips.x + 1.5 * at.chips.pitch, 9), word);
  assert.equal(hit(at, sizes, from, at.pairs.x - 9, 300), null);
});

test("the pairs of a step are the window's words, each before its negatives", () => {
  const derived = read("default");
  assert.equal(derived.N, 9);
  assert.equal(derived.word(1), "cat");
  const pairs = derived.pairs(1);
  const near = pairs.filter((pair) => pair.positive).map((pair) => derived.words[pair.second]);
  assert.deepEqual(near, ["the", "sat", "on"]);
  for (const pair of pairs) {
    assert.equal(pair.first, derived.ids[1]);
    assert.equal(pair.positive, derived.ids[pair.around] === pair.second);
    const [u, v] = [derived.before(1, 0, pair.first), derived.before(1, 1, pair.second)];
    const score = Array.from(u).reduce((sum, value, d) => sum + value * v[d], 0);
    assert.ok(Math.abs(score - pair.score) < 1e-6);
    const sigmoid = 1 / (1 + Math.exp(-score));
    assert.ok(Math.abs(sigmoid - pair.sigmoid) < 1e-6);
    const loss = -Math.log(pair.positive ? sigmoid : 1 - sigmoid);
    assert.ok(Math.abs(loss - pair.loss) < 1e-5);
  }
  const mean = pairs.reduce((sum, pair) => sum + pair.loss, 0) / pairs.length;
  assert.ok(Math.abs(mean - derived.loss(1)) < 1e-6);
  assert.deepEqual(
    [0, 6].map((n) => derived.begins(n)),
    [true, true],
  );
});

test("a step changes the rows of its pairs by rate times gradient, and no other", () => {
  for (const state of ["default", "hostile", "single"]) {
    const derived = read(state);
    for (let n = 0; n < derived.N; n++) {
      const updated = derived.updated(n);
      for (const side of [0, 1]) {
        for (let row = 0; row < derived.V; row++) {
          const before = derived.before(n, side, row);
          const gradient = derived.gradient(n, side, row);
          Array.from(derived.after(n, side, row)).forEach((value, d) => {
            assert.ok(Math.abs(value - (before[d] - gradient[d])) < 1e-6, `${state} ${n}`);
            if (!updated[side].has(row)) assert.equal(value, before[d]);
          });
        }
      }
    }
  }
});

test("a spot lights its pairs and rows", () => {
  const derived = read("default");
  const [pair] = derived.pairs(1);
  assert.deepEqual(highlightFor(derived, 1, { part: "pair", k: 0 }), {
    pairs: [0],
    rows: [pair.first, pair.second],
    side: -1,
    col: -1,
  });
  const center = highlightFor(derived, 1, { part: "row", side: 0, row: pair.first });
  assert.deepEqual(center.pairs, [...derived.pairs(1).keys()]);
  assert.deepEqual(highlightFor(derived, 1, { part: "pair", k: 99 }).rows, [-1, -1]);
  assert.deepEqual(highlightFor(derived, 1, null).pairs, []);
});

test("the answer counts the context table's rows on, and no pair means no row", () => {
  const whole = trace("default", "window");
  const derived = derive(whole);
  /** @param {any} of @param {number} step */
  const answer = (of, step) => truth(/** @type {any} */ ({ trace: of, ui: { step } }));
  const [rows, contexts] = derived.updated(1);
  assert.deepEqual(
    new Set(answer(whole, 1)),
    new Set([...rows, ...[...contexts].map((row) => row + derived.V)]),
  );
  assert.deepEqual(answer(trace("none", "window"), 0), []);
  assert.deepEqual(answer(trace("single", "window"), 0), []);
  assert.ok(Number.isNaN(read("single").loss(0)));
});
