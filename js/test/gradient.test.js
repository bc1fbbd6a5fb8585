import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, curve, stepSize } from "../gradient/gradient_check.js";
import { chipY, hit, layout, rowY, settle, stack } from "../gradient/layout.js";
import { extentOf, pieces } from "../gradient/stacked_bars.js";
import { busiest, litBy, reachedRows, readingOf, standing } from "../gradient/trace.js";
import { sumText } from "../gradient/sum_text.js";
import { errorY, stepX, veePath } from "../gradient/error_curve.js";
import { askable, candidates, fateOf } from "../gradient/predict.js";
import { trace } from "./golden.js";

const read = (/** @type {string} */ name) => readingOf(trace(name, "gradient"));
const near = (/** @type {ArrayLike<number>} */ a, /** @type {ArrayLike<number>} */ b) =>
  Array.from(a).forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-12, `${v} and ${b[i]}`));

test("the figure fits its width and nothing lies on anything else", () => {
  for (const width of [312, 344, 520, 640, 680]) {
    for (const [R, D, N] of [
      [1, 1, 1],
      [14, 6, 10],
      [40, 16, 10],
      [40, 32, 80],
      [5, 3, 0],
    ]) {
      const at = layout({ width, R, D, N });
      const name = JSON.stringify({ width, R, D, N });
      const order = [
        0,
        at.chips.x,
        at.chips.x + at.chips.w,
        at.back.x,
        at.back.x + at.table.w,
        at.labels.x,
        at.table.x,
        at.table.x + at.table.w,
        at.pile.x,
        at.pile.x + at.pile.w,
        at.pile.number,
      ];
      assert.deepEqual([...order].sort((a, b) => a - b), order, name);
      assert.ok(at.pile.number <= width + 1, `${name}: ${at.pile.number}`);
      assert.ok(at.table.cw >= 5 && at.table.rh >= 13, name);
      assert.ok(at.table.y + at.table.h <= at.body.y + at.body.h, name);
      if (at.chips.count)
        assert.ok(chipY(at, at.chips.count - 1) + at.chips.h / 2 <= at.body.y + at.body.h + 1, name);
    }
  }
});

test("a point finds what is drawn under it", () => {
  const sizes = { N: 10, rows: [0, 1, 2, 50] };
  const at = layout({ width: 640, R: 4, D: 6, N: 10 });
  const windows = { token: 0, col: 0 };
  const y = rowY(at, 3);
  assert.deepEqual(hit(at, windows, sizes, at.chips.x + 5, chipY(at, 3)), { part: "chip", n: 3 });
  assert.deepEqual(hit(at, windows, sizes, at.back.x + 1.5 * at.table.cw, chipY(at, 2)), { part: "back", n: 2, col: 1 });
  assert.deepEqual(hit(at, windows, sizes, at.labels.x + 5, y), { part: "row", row: 50 });
  assert.deepEqual(hit(at, { token: 0, col: 2 }, sizes, at.table.x + 1, y), { part: "cell", row: 50, col: 2 });
  assert.deepEqual(hit(at, windows, sizes, at.pile.x + 1, y), { part: "row", row: 50 });
  assert.equal(hit(at, windows, sizes, at.pile.x + 1, y + at.table.rh), null);
  assert.deepEqual(settle(windows, at, { D: 6, N: 10 }, { token: 9 }).token, 10 - at.chips.count);
});

test("a pile grows away from zero on both sides", () => {
  assert.deepEqual(stack([1, -2, 0.5, -1]), [
    { from: 0, to: 1 },
    { from: 0, to: -2 },
    { from: 1, to: 1.5 },
    { from: -2, to: -3 },
  ]);
  assert.deepEqual(stack([NaN, 1]), [
    { from: 0, to: 0 },
    { from: 0, to: 1 },
  ]);
});

test("a reading knows who sends to which row", () => {
  const reading = read("default");
  assert.deepEqual(reading.senders(1), [0, 3, 6]);
  assert.deepEqual(reachedRows(reading), [0, 1, 3, 4, 5, 10, 11]);
  assert.equal(busiest(reading), 1);
  assert.equal(busiest(read("empty")), -1);
  assert.deepEqual(litBy(reading, { part: "back", n: 3, col: 2 }), { n: 3, row: 1, col: 2, senders: [0, 3, 6] });
  assert.equal(litBy(reading, { part: "end" }).row, 1);
  assert.equal(litBy(reading, { part: "cell", row: 99, col: 0 }).row, -1);
  assert.equal(readingOf(trace("many", "gradient")).place(50) >= 0, true);
  assert.equal(read("many").rows.length, 40);
});

test("word by word the rows fill, and end in the core's gradient", () => {
  const reading = read("default");
  assert.equal(standing(reading, 1, -1, "add").any, false);
  near(standing(reading, 1, 2, "add").values, reading.back(0));
  const two = standing(reading, 1, 3, "add").values;
  near(two, Array.from(reading.back(0), (v, c) => v + reading.back(3)[c]));
  near(standing(reading, 1, 9, "add").values, reading.gradient(1, "add"));
  near(standing(reading, 1, 5, "assign").values, reading.back(3));
  near(standing(reading, 1, 10, "assign").values, reading.back(6));
  assert.deepEqual(standing(reading, 1, 10, "assign").kept, [6]);
});

test("padding sends nothing, the mean comes with the merge, tied starts with the scores", () => {
  assert.deepEqual([0, 1, 2, 3].map(read("padding").arrives), [false, true, false, true]);
  const mean = read("frequency");
  near(standing(mean, 1, 3, "add").values, Array.from(standing(mean, 1, 2, "add").values, (v) => v / 2));
  const tied = read("tied");
  assert.deepEqual(reachedRows(tied), [0, 1, 2, 3, 4]);
  near(standing(tied, 4, 0, "add").values, tied.direct(4));
  near(standing(tied, 1, 3, "add").values, standing(tied, 1, 4, "add").values);
});

test("the pieces of a pile add up to the gradient, and what is lost lies behind", () => {
  for (const name of ["default", "tied", "padding", "own"]) {
    const reading = read(name);
    for (const row of reachedRows(reading)) {
      const now = standing(reading, row, reading.N, "add");
      const sum = pieces(reading, row, 0, now).reduce((all, { value }) => all + value, 0);
      near([sum], [reading.gradient(row, "add")[0]]);
    }
    const { below, above } = extentOf(reading);
    assert.ok(below <= 0 && above >= 0 && above > below);
  }
  const reading = read("assign");
  assert.deepEqual(
    pieces(reading, 1, 0, standing(reading, 1, 3, "assign")).map(({ n, lost }) => [n, lost]),
    [
      [2, false],
      [0, true],
    ],
  );
});

test("the check of a weight is what Python's curve says", () => {
  const made = trace("assign", "gradient");
  const reading = readingOf(made);
  for (const rule of /** @type {const} */ (["add", "assign"])) {
    const all = curve(made, reading, rule, null);
    for (let digits = 0; digits < 13; digits++) {
      const worst = Math.max(
        ...reading.rows.flatMap((row) => [0, 1].map((col) => asked(made, reading, row, col, digits, rule)?.error ?? 0)),
      );
      assert.equal(worst, all[digits], `${rule} at ${digits}`);
    }
  }
  assert.ok(Math.min(...curve(made, reading, "add", null)) < 1e-9);
  assert.ok(Math.min(...curve(made, reading, "assign", null)) > 0.1);
  assert.ok((asked(made, reading, 1, 0, 5, "assign")?.error ?? 0) > 0.1);
  assert.equal(asked(trace("many", "gradient"), read("many"), 50, 0, 5, "add") === null, false);
  assert.ok(Number.isNaN(asked(trace("nan", "gradient"), read("nan"), 0, 0, 5, "add")?.error));
  assert.equal(stepSize(5), 1e-5);
});

test("the V is drawn within its box, and what is no number leaves a gap", () => {
  assert.equal(veePath([NaN, NaN]), "");
  assert.equal(veePath([1, NaN, 1]).match(/M/g)?.length, 2);
  assert.ok(errorY(2) < errorY(1e-6) && errorY(1e-6) < errorY(1e-13));
  assert.equal(errorY(0), errorY(1e-13));
  assert.ok(stepX(0) > 0 && stepX(12) < 166);
});

test("last, mean and sum come from the very numbers", () => {
  const made = trace("assign", "gradient");
  const reading = readingOf(made);
  const [last, mean, sum] = candidates(made, 1, 0);
  near([last, mean, sum], [reading.back(2)[0], sum / 2, reading.gradient(1, "add")[0]]);
  assert.equal(fateOf(made), 0);
  assert.equal(fateOf(trace("frequency", "gradient")), 1);
  assert.equal(fateOf(trace("default", "gradient")), 2);
  assert.equal(askable(trace("tied", "gradient")), -1);
  assert.equal(askable(trace("smallest", "gradient")), -1);
});

test("sums read as a person writes them", () => {
  assert.equal(sumText([-0.52, -0.65, 0.9]), "−0.52 − 0.65 + 0.90");
  assert.equal(sumText([1, 2, 3, 4], 3), "1.00 + 2.00 + … 1 more … + 4.00");
  assert.equal(sumText([]), "0");
});
