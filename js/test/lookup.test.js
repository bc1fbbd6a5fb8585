import assert from "node:assert/strict";
import { test } from "node:test";
import { chipY, hit, layout, rowY, clampWindows } from "../lookup/layout.js";
import { highlightFor, derive } from "../lookup/trace.js";
import { trace } from "./golden.js";

const windows = { token: 0, row: 0, col: 0 };

test("the figure fits its width and nothing lies on anything else", () => {
  for (const width of [312, 344, 520, 640, 800]) {
    for (const [V, D, N] of [
      [1, 1, 1],
      [16, 8, 6],
      [40, 32, 16],
      [41, 8, 6],
      [2048, 32, 10_000],
      [5, 3, 0],
    ]) {
      for (const hot of [false, true]) {
        const at = layout({ width, V, D, N, hot });
        const name = JSON.stringify({ width, V, D, N, hot });
        const order = [
          0,
          at.chips.x,
          at.chips.x + at.chips.w,
          ...(at.map ? [at.map.x, at.map.x + at.map.w] : []),
          at.labels.x,
          at.labels.x + at.labels.w,
          at.table.x + 0.5,
          at.table.x + at.table.w,
          at.out.x,
          at.out.x + at.table.w,
        ];
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          order,
          name,
        );
        assert.ok(at.out.x + at.table.w <= width + 1, `${name}: ${at.out.x + at.table.w}`);
        assert.ok(at.table.cw >= 5 && at.table.rh >= 13, name);
        assert.ok(at.table.y + at.table.h <= at.body.y + at.body.h, name);
        if (at.chips.count)
          assert.ok(
            chipY(at, at.chips.count - 1) + at.chips.h / 2 <= at.body.y + at.body.h + 1,
            name,
          );
      }
    }
  }
});

test("a point finds what is drawn under it", () => {
  const sizes = { V: 16, D: 8, N: 6 };
  const at = layout({ width: 640, ...sizes, hot: false });
  const cell = { x: at.table.x + 2.5 * at.table.cw, y: rowY(at, 5) };
  assert.deepEqual(hit(at, windows, sizes, at.chips.x + 5, chipY(at, 3)), { part: "chip", n: 3 });
  assert.deepEqual(hit(at, windows, sizes, at.labels.x + 5, rowY(at, 15)), {
    part: "row",
    row: 15,
  });
  assert.deepEqual(hit(at, windows, sizes, cell.x, cell.y), { part: "table", row: 5, col: 2 });
  assert.deepEqual(hit(at, windows, sizes, at.out.x + 1, chipY(at, 5)), {
    part: "out",
    n: 5,
    col: 0,
  });
  assert.equal(hit(at, windows, sizes, at.chips.x + 5, chipY(at, 6) + 20), null);
  assert.deepEqual(hit(at, { token: 2, row: 4, col: 1 }, { V: 40, N: 20 }, cell.x, cell.y), {
    part: "table",
    row: 9,
    col: 3,
  });
});

test("the lens follows: near rows move it a little, far ones come to its middle", () => {
  const sizes = { V: 400, D: 8, N: 6 };
  const at = layout({ width: 640, ...sizes, hot: false });
  const { rows } = at.table;
  assert.equal(clampWindows(windows, at, sizes, { row: rows }).row, 1);
  assert.equal(clampWindows(windows, at, sizes, { row: 250 }).row, 250 - rows / 2);
  assert.equal(clampWindows(windows, at, sizes, { row: 399 }).row, 400 - rows);
  assert.equal(
    clampWindows({ ...windows, row: 390 }, at, { ...sizes, V: 50 }, {}).row,
    50 - rows,
    "a table that shrank",
  );
  assert.equal(
    clampWindows(windows, at, { ...sizes, N: 100 }, { token: 99 }).token,
    100 - at.chips.count,
  );
});

test("a reading knows which word reads which row", () => {
  const derived = derive(trace("default"));
  assert.deepEqual(derived.tokens, ["the", "cat", "sat", "on", "the", "mat"]);
  assert.deepEqual(derived.readers.get(derived.rows[0]), [0, 4], "the same word, the same row");
  assert.equal(derive(trace("default")).N, 6);
  const known = trace("default");
  assert.equal(derive(known), derive(known), "one reading a trace");
});

test("a refused lookup has no output, and its bad ids no row", () => {
  const derived = derive(trace("refused"));
  assert.match(String(derived.error), /ids must lie in 0\.\.15 \(input_dim=16\)\. Received/);
  assert.equal(derived.output(0), null);
  assert.deepEqual(
    derived.rows.map((row) => row >= 0),
    [true, true, false, true, false],
  );
  assert.deepEqual([0, 1, 2, 3, 4].map(derived.outOfRange), [false, false, true, false, true]);
});

test("rules for ids outside: clip reads the last row, nan reads none", () => {
  assert.equal(derive(trace("clip")).rows[1], 15);
  const nan = derive(trace("nan"));
  assert.equal(nan.rows[1], -1);
  assert.ok(Array.from(nan.output(1) ?? []).every(Number.isNaN));
});

test("a spot lights all that is the same thing", () => {
  const derived = derive(trace("default"));
  const row = derived.rows[0];
  assert.deepEqual(highlightFor(derived, { part: "chip", n: 4 }), {
    n: 4,
    row,
    col: -1,
    tokens: [0, 4],
  });
  assert.deepEqual(highlightFor(derived, { part: "out", n: 0, col: 2 }), {
    n: 0,
    row,
    col: 2,
    tokens: [0, 4],
  });
  assert.deepEqual(highlightFor(derived, { part: "table", row, col: 1 }), {
    n: -1,
    row,
    col: 1,
    tokens: [0, 4],
  });
  assert.deepEqual(highlightFor(derived, { part: "row", row: 15 }).tokens, []);
  assert.equal(highlightFor(derived, { part: "chip", n: 99 }).n, -1, "a word that is gone");
  assert.equal(highlightFor(derive(trace("empty")), { part: "chip", n: 0 }).n, -1);
});
