import assert from "node:assert/strict";
import { test } from "node:test";
import { edges, hit, layout, rankAt, rankPlace, spread } from "../lora/layout.js";
import { nextBrushValue, withPaintedCell } from "../lora/paint.js";
import {
  firstUpdates,
  momentOf,
  parameterCount,
  rankOf,
  derive,
  farthestUntrained,
} from "../lora/trace.js";
import { formatDifference, narrateChange, narrateRank } from "../lora/narration.js";
import { trace } from "./golden.js";

const SIZES = [
  [1, 1, 1],
  [6, 3, 3],
  [16, 8, 8],
  [20, 16, 16],
  [20, 1, 1],
  [2, 16, 2],
];

test("the figure fits its width, and nothing lies on anything else", () => {
  for (const width of [312, 328, 520, 644, 700]) {
    for (const [n, cols, K] of SIZES) {
      const at = layout({ width, n, cols, K });
      const name = JSON.stringify({ width, n, cols, K });
      const order = [
        0,
        at.labels,
        at.w.x,
        at.w.x + at.w.w,
        at.signs.plus,
        at.a.x,
        at.a.x + at.a.w,
        at.signs.dot,
        at.b.x,
      ];
      order.push(at.b.x + at.b.w, at.signs.equals, at.m.x, at.m.x + at.m.w);
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        order,
        name,
      );
      assert.ok(at.m.x + at.m.w <= width + 1, `${name}: ${at.m.x + at.m.w}`);
      assert.ok(at.strip.x + at.strip.w <= width + 1, name);
      if (!at.narrow) assert.ok(at.strip.x > at.m.x + at.m.w, name);
      assert.ok(at.cols >= 1 && at.cols <= cols && at.cw >= 4, name);
      for (const box of [at.delta, at.spectrum, at.error]) {
        assert.ok(box.x >= 0 && box.x + box.w <= width, `${name}: ${JSON.stringify(box)}`);
        assert.ok(box.y + box.h < at.height, name);
        assert.ok(box.y > Math.max(at.a.y + at.a.h, at.b.y + at.b.h), name);
      }
      assert.ok(
        at.delta.x + at.delta.w < at.spectrum.x &&
          (at.narrow || at.spectrum.x + at.spectrum.w < at.error.x),
        name,
      );
    }
  }
});

test("a drag finds its rank, and stays among those there are", () => {
  const at = layout({ width: 644, n: 16, cols: 8, K: 8 });
  for (let r = 1; r <= 8; r++) {
    const edge = edges(at, r);
    assert.equal(rankAt("a", at, 8, edge.x, 0), r);
    assert.equal(rankAt("b", at, 8, 0, edge.y), r);
    const { x } = rankPlace(at.spectrum, 8, r, 0.5);
    assert.equal(rankAt("curve", at, 8, x, 0), r);
    assert.equal(rankAt("cut", at, 8, x, 0), r);
  }
  assert.equal(rankAt("a", at, 8, -500, 0), 1);
  assert.equal(rankAt("a", at, 8, 5000, 0), 8);
  assert.equal(rankPlace(at.spectrum, 8, 8, 2).y, at.spectrum.y);
});

test("labels of lines that meet stand below each other, inside the chart", () => {
  assert.deepEqual(spread([50, 10, 90], 0, 100), [50, 10, 90]);
  assert.deepEqual(spread([95, 96, 0], 5, 97), [84, 97, 5]);
});

test("a point finds what is drawn under it", () => {
  const what = { n: 16, r: 3 };
  const at = layout({ width: 644, n: 16, cols: 8, K: 8 });
  /**
   * @param {{ x: number, y: number }} box
   * @param {number} cw
   * @param {number} rh
   * @param {number} c
   * @param {number} i
   * @returns {[number, number]}
   */
  const inside = (box, cw, rh, c, i) => [box.x + (c + 0.5) * cw, box.y + (i + 0.5) * rh];
  assert.deepEqual(hit(at, what, ...inside(at.w, at.cw, at.rh, 2, 5)), { part: "w", i: 5, c: 2 });
  assert.deepEqual(hit(at, what, ...inside(at.a, at.cw, at.rh, 2, 15)), { part: "a", i: 15, k: 2 });
  assert.deepEqual(hit(at, what, ...inside(at.b, at.cw, at.rh, 7, 2)), { part: "b", k: 2, c: 7 });
  assert.deepEqual(hit(at, what, ...inside(at.m, at.cw, at.rh, 0, 0)), { part: "m", i: 0, c: 0 });
  assert.deepEqual(hit(at, what, ...inside(at.delta, at.delta.cw, at.delta.rh, 3, 9)), {
    part: "d",
    i: 9,
    c: 3,
  });
  assert.deepEqual(hit(at, what, at.strip.x + 30, at.strip.y + 4.5 * at.strip.rh), {
    part: "token",
    i: 4,
  });
  assert.deepEqual(hit(at, what, 10, at.w.y + 1), { part: "token", i: 0 });
  assert.equal(hit(at, what, ...inside(at.a, at.cw, at.rh, 3, 4)), null); // a rank that is not used
  assert.equal(hit(at, what, 3, 3), null);
});

test("every rank and step is read as Python wrote it", () => {
  const small = trace("small", "lora");
  const derived = derive(small);
  assert.deepEqual([derived.V, derived.D, derived.n, derived.K, derived.frames], [6, 3, 6, 3, 54]);
  assert.deepEqual([...derived.trainedRows], [0, 2]);
  assert.equal(derived.steps[53], 200);
  for (const r of [1, 2, 3]) {
    for (const f of [0, 1, 20, 53]) {
      const now = momentOf(small, r, f);
      assert.equal(now.scale, small.header.scales[r - 1]);
      let moved = 0;
      for (let i = 0; i < 6; i++) {
        const far = Math.hypot(...now.after(i).map((value, c) => value - derived.table(i)[c]));
        assert.ok(Math.abs(far - now.displacement(i)) < 1e-5, `rank ${r}, step ${f}, row ${i}`);
        if (far > 0) moved++;
      }
      assert.equal(now.moved, moved);
      assert.equal(now.a(4).length, r);
    }
  }
  const [start, end] = [momentOf(small, 2, 0), momentOf(small, 2, 53)];
  assert.equal(start.trainedError, 1);
  assert.equal(start.error, 1); // nothing is learned yet
  assert.ok(end.error >= derived.errors[2] && end.error <= derived.top);
  assert.equal(end.path.all.length, 54);
  assert.ok(end.trainedError < 0.05 && end.mergeDifference === 0);
  assert.deepEqual(Array.from(start.a(4)), Array.from(end.a(4))); // a row that never came
  assert.notDeepEqual(Array.from(start.a(0)), Array.from(end.a(0)));
  assert.equal(momentOf(small, 2, 0), start); // made once
});

test("a rank beyond the table is the largest there is", () => {
  const zero = trace("zero", "lora");
  assert.equal(zero.header.params.rank, 3);
  assert.equal(rankOf(derive(zero), 9), 3);
  assert.equal(momentOf(zero, 9, 53).r, 3);
  assert.equal(parameterCount(derive(zero), 3), 27);
});

test("with A zero only the trained row moves", () => {
  const zero = trace("zero", "lora");
  const now = momentOf(zero, 2, 53);
  assert.deepEqual(
    Array.from({ length: 6 }, (_, i) => now.displacement(i) > 0),
    [false, false, true, false, false, false],
  );
  assert.equal(now.moved, 1);
  assert.equal(now.maxUntrainedDisplacement, 0);
  assert.equal(now.displacement(farthestUntrained(derive(zero), now)), 0);
});

test("the first update falls with α/r by the rank", () => {
  const { plain, stable } = firstUpdates(trace("small", "lora"));
  stable.forEach((v, k) => assert.ok(Math.abs(v / plain[k] - (k + 1)) < 1e-3));
});

test("painting goes round, and a cell of zero is no edit", () => {
  assert.deepEqual([nextBrushValue(0), nextBrushValue(0.9), nextBrushValue(-0.9)], [0.9, -0.9, 0]);
  const one = withPaintedCell([], 2, 1, 0.9);
  assert.deepEqual(one, [[2, 1, 0.9]]);
  assert.deepEqual(withPaintedCell(one, 2, 1, -0.9), [[2, 1, -0.9]]);
  assert.deepEqual(withPaintedCell(one, 2, 1, 0), []);
});

test("sentences carry the numbers", () => {
  const small = trace("small", "lora");
  assert.match(
    narrateRank(derive(small), 2),
    /^r = 2: 18 parameters instead of 18; the best possible error at rank 2 is \d+\.\d %\.$/,
  );
  const { params } = small.header;
  const scene = /** @type {any} */ ({ trace: small });
  assert.equal(narrateChange(params, scene), "");
  assert.match(narrateChange({ ...params, alpha: 99 }, scene), /^α = 4: .* multiplied by 2\.00/);
  assert.match(narrateChange({ ...params, start: "zero" }, scene), /^Keras: A random/);
  assert.match(narrateChange({ ...params, scaling: "rslora" }, scene), /shrinks/);
  assert.equal(formatDifference(0), "0");
  assert.equal(formatDifference(2.2e-16), "2.2e−16");
});

test("the smallest view has numbers, not blanks", () => {
  const one = trace("smallest", "lora");
  const now = momentOf(one, 1, 53);
  assert.deepEqual([derive(one).trainedCount, now.moved, now.trainedError], [0, 0, 0]);
  assert.equal(farthestUntrained(derive(one), now), 0);
});
