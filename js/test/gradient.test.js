import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedWeight, errorsByStep, stepSize } from "../gradient/gradient_check.js";
import { chipY, hit, layout, rowY, clampWindows, stack } from "../gradient/layout.js";
import { barExtent, barSegments } from "../gradient/stacked_bars.js";
import { busiest, highlightFor, rowsWithGradient, derive, rowStateAt } from "../gradient/trace.js";
import { sumText } from "../gradient/sum_text.js";
import { errorY, stepX, curvePath } from "../gradient/error_curve.js";
import { duplicatedRow, candidates, duplicatesAnswer } from "../gradient/predict.js";
import { trace } from "./golden.js";

const read = (/** @type {string} */ name) => derive(trace(name, "gradient"));
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
        at.gradOutput.x,
        at.gradOutput.x + at.table.w,
        at.labels.x,
        at.table.x,
        at.table.x + at.table.w,
        at.bars.x,
        at.bars.x + at.bars.w,
        at.bars.number,
      ];
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        order,
        name,
      );
      assert.ok(at.bars.number <= width + 1, `${name}: ${at.bars.number}`);
      assert.ok(at.table.cw >= 5 && at.table.rh >= 13, name);
      assert.ok(at.table.y + at.table.h <= at.body.y + at.body.h, name);
      if (at.chips.count)
        assert.ok(
          chipY(at, at.chips.count - 1) + at.chips.h / 2 <= at.body.y + at.body.h + 1,
          name,
        );
    }
  }
});

test("a point finds what is drawn under it", () => {
  const sizes = { N: 10, rows: [0, 1, 2, 50] };
  const at = layout({ width: 640, R: 4, D: 6, N: 10 });
  const windows = { token: 0, col: 0 };
  const y = rowY(at, 3);
  assert.deepEqual(hit(at, windows, sizes, at.chips.x + 5, chipY(at, 3)), { part: "chip", n: 3 });
  assert.deepEqual(hit(at, windows, sizes, at.gradOutput.x + 1.5 * at.table.cw, chipY(at, 2)), {
    part: "back",
    n: 2,
    col: 1,
  });
  assert.deepEqual(hit(at, windows, sizes, at.labels.x + 5, y), { part: "row", row: 50 });
  assert.deepEqual(hit(at, { token: 0, col: 2 }, sizes, at.table.x + 1, y), {
    part: "cell",
    row: 50,
    col: 2,
  });
  assert.deepEqual(hit(at, windows, sizes, at.bars.x + 1, y), { part: "row", row: 50 });
  assert.equal(hit(at, windows, sizes, at.bars.x + 1, y + at.table.rh), null);
  assert.deepEqual(
    clampWindows(windows, at, { D: 6, N: 10 }, { token: 9 }).token,
    10 - at.chips.count,
  );
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
  const derived = read("default");
  assert.deepEqual(derived.senders(1), [0, 3, 6]);
  assert.deepEqual(rowsWithGradient(derived), [0, 1, 3, 4, 5, 10, 11]);
  assert.equal(busiest(derived), 1);
  assert.equal(busiest(read("empty")), -1);
  assert.deepEqual(highlightFor(derived, { part: "back", n: 3, col: 2 }), {
    n: 3,
    row: 1,
    col: 2,
    senders: [0, 3, 6],
  });
  assert.equal(highlightFor(derived, { part: "end" }).row, 1);
  assert.equal(highlightFor(derived, { part: "cell", row: 99, col: 0 }).row, -1);
  assert.equal(derive(trace("many", "gradient")).rowIndex(50) >= 0, true);
  assert.equal(read("many").rows.length, 22);
});

test("word by word the rows fill, and end in the core's gradient", () => {
  const derived = read("default");
  assert.equal(rowStateAt(derived, 1, -1, "add").any, false);
  near(rowStateAt(derived, 1, 2, "add").values, derived.gradOutput(0));
  const two = rowStateAt(derived, 1, 3, "add").values;
  near(
    two,
    Array.from(derived.gradOutput(0), (v, c) => v + derived.gradOutput(3)[c]),
  );
  near(rowStateAt(derived, 1, 9, "add").values, derived.gradient(1, "add"));
  near(rowStateAt(derived, 1, 5, "assign").values, derived.gradOutput(3));
  near(rowStateAt(derived, 1, 10, "assign").values, derived.gradOutput(6));
  assert.deepEqual(rowStateAt(derived, 1, 10, "assign").counted, [6]);
});

test("padding sends nothing, the mean comes with the merge, tied starts with the scores", () => {
  assert.deepEqual([0, 1, 2, 3].map(read("padding").hasGradient), [false, true, false, true]);
  const mean = read("frequency");
  near(
    rowStateAt(mean, 1, 3, "add").values,
    Array.from(rowStateAt(mean, 1, 2, "add").values, (v) => v / 2),
  );
  const tied = read("tied");
  assert.deepEqual(rowsWithGradient(tied), [0, 1, 2, 3, 4]);
  near(rowStateAt(tied, 4, 0, "add").values, tied.gradFromScores(4));
  near(rowStateAt(tied, 1, 3, "add").values, rowStateAt(tied, 1, 4, "add").values);
});

test("the pieces of a pile add up to the gradient, and what is lost lies behind", () => {
  for (const name of ["default", "tied", "padding", "own"]) {
    const derived = read(name);
    for (const row of rowsWithGradient(derived)) {
      const now = rowStateAt(derived, row, derived.N, "add");
      const sum = barSegments(derived, row, 0, now).reduce((all, { value }) => all + value, 0);
      near([sum], [derived.gradient(row, "add")[0]]);
    }
    const { below, above } = barExtent(derived);
    assert.ok(below <= 0 && above >= 0 && above > below);
  }
  const derived = read("assign");
  assert.deepEqual(
    barSegments(derived, 1, 0, rowStateAt(derived, 1, 3, "assign")).map(({ n, overwritten }) => [
      n,
      overwritten,
    ]),
    [
      [2, false],
      [0, true],
    ],
  );
});

test("the check of a weight is what Python's curve says", () => {
  const made = trace("assign", "gradient");
  const derived = derive(made);
  for (const rule of /** @type {const} */ (["add", "assign"])) {
    const all = errorsByStep(made, derived, rule, null);
    for (let digits = 0; digits < 13; digits++) {
      const worst = Math.max(
        ...derived.rows.flatMap((row) =>
          [0, 1].map((col) => checkedWeight(made, derived, row, col, digits, rule)?.error ?? 0),
        ),
      );
      assert.equal(worst, all[digits], `${rule} at ${digits}`);
    }
  }
  assert.ok(Math.min(...errorsByStep(made, derived, "add", null)) < 1e-9);
  assert.ok(Math.min(...errorsByStep(made, derived, "assign", null)) > 0.1);
  assert.ok((checkedWeight(made, derived, 1, 0, 5, "assign")?.error ?? 0) > 0.1);
  assert.equal(
    checkedWeight(trace("many", "gradient"), read("many"), 50, 0, 5, "add") === null,
    false,
  );
  assert.ok(
    Number.isNaN(checkedWeight(trace("nan", "gradient"), read("nan"), 0, 0, 5, "add")?.error),
  );
  assert.equal(stepSize(5), 1e-5);
});

test("the V is drawn within its box, and what is no number leaves a gap", () => {
  assert.equal(curvePath([NaN, NaN]), "");
  assert.equal(curvePath([1, NaN, 1]).match(/M/g)?.length, 2);
  assert.ok(errorY(2) < errorY(1e-6) && errorY(1e-6) < errorY(1e-13));
  assert.equal(errorY(0), errorY(1e-13));
  assert.ok(stepX(0) > 0 && stepX(12) < 166);
});

test("last, mean and sum come from the very numbers", () => {
  const made = trace("assign", "gradient");
  const derived = derive(made);
  const [last, mean, sum] = candidates(made, 1, 0);
  near([last, mean, sum], [derived.gradOutput(2)[0], sum / 2, derived.gradient(1, "add")[0]]);
  assert.equal(duplicatesAnswer(made), 0);
  assert.equal(duplicatesAnswer(trace("frequency", "gradient")), 1);
  assert.equal(duplicatesAnswer(trace("default", "gradient")), 2);
  assert.equal(duplicatedRow(trace("tied", "gradient")), -1);
  assert.equal(duplicatedRow(trace("smallest", "gradient")), -1);
});

test("sums read as a person writes them", () => {
  assert.equal(sumText([-0.52, -0.65, 0.9]), "−0.52 − 0.65 + 0.90");
  assert.equal(sumText([1, 2, 3, 4], 3), "1.00 + 2.00 + … 1 more … + 4.00");
  assert.equal(sumText([]), "0");
});
