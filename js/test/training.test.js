import assert from "node:assert/strict";
import { test } from "node:test";
import { bendCurveTo } from "../training/actions.js";
import { updateLine } from "../training/arithmetic.js";
import { addLine, shadeOf, signedShade } from "../training/cells.js";
import { axisTop, guessTop, questionKind } from "../training/predict.js";
import { hit, layout, mapper, placeLabels, stepAt, stepX } from "../training/layout.js";
import { shortNumber } from "../training/number_format.js";
import {
  countMoves,
  distance,
  derive,
  distancesAhead,
  longestWay,
  stepsWithoutGrad,
} from "../training/trace.js";
import { initialUi, rarestRow } from "../training/state.js";
import { trace } from "./golden.js";

/** @param {string} name */
const derived = (name) => derive(trace(name, "training"));

/** @param {import("../training/layout.js").Box} a @param {import("../training/layout.js").Box} b */
const apart = (a, b) =>
  a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

test("the figure fits its width and nothing lies on anything else", () => {
  for (const width of [312, 344, 520, 640, 800]) {
    for (const V of [1, 11, 24, 40]) {
      for (const runs of [1, 2, 3]) {
        const at = layout({ width, V, runs, lanes: 8 });
        const name = JSON.stringify({ width, V, runs });
        // below the maps stands one plot of three
        const plots = [at.strips, [at.loss], [at.lanes]].map((plot) => [...at.maps, ...plot]);
        for (const [i, box, boxes] of plots.flatMap((all) =>
          all.map((box, i) => /** @type {const} */ ([i, box, all])),
        )) {
          assert.ok(box.x >= 0 && box.x + box.w <= width + 0.5, `${name} box ${i}`);
          assert.ok(box.w > 40 && box.y + box.h <= at.height, `${name} box ${i}`);
          for (const other of boxes.slice(0, i)) assert.ok(apart(box, other), `${name} box ${i}`);
        }
      }
    }
  }
});

test("a point of the figure is what it looks like", () => {
  const at = layout({ width: 640, V: 3, runs: 2, lanes: 8 });
  const what = { S: 50, V: 3, order: [2, 0, 1] };
  const [, strip] = at.strips;
  const spot = hit(at, "strips", what, [], strip.x + strip.w * 0.51, strip.y + at.pitch * 1.5);
  assert.deepEqual(spot, { part: "strip", run: 1, row: 0, step: 25 });
  assert.deepEqual(hit(at, "strips", what, [], 5, strip.y + 2), { part: "label", run: 0, row: 2 });
  const dot = { row: 1, run: 0, x: at.maps[0].x + 50, y: at.maps[0].y + 50 };
  assert.deepEqual(hit(at, "strips", what, [dot], dot.x + 5, dot.y), {
    part: "dot",
    run: 0,
    row: 1,
  });
  assert.deepEqual(hit(at, "strips", what, [dot], dot.x + 25, dot.y), { part: "map", run: 0 });
  assert.deepEqual(hit(at, "strips", what, [], at.maps[1].x + 5, at.maps[1].y - 5), {
    part: "title",
    run: 1,
  });
  assert.equal(hit(at, "loss", what, [], at.loss.x + at.loss.w - 1, at.loss.y + 5)?.step, 49);
  for (const s of [0, 7, 49]) assert.equal(stepAt(strip, stepX(strip, s, 50) + 0.1, 50), s);
});

test("the map keeps lengths and stays inside its sheet", () => {
  const box = { x: 10, y: 20, w: 300, h: 200 };
  const map = mapper({ x: [-1, 2], y: [0, 1] }, box);
  const [left, low] = map.at([-1, 0]);
  const [right, high] = map.at([2, 1]);
  assert.ok(left >= box.x && right <= box.x + box.w && high >= box.y && low <= box.y + box.h);
  assert.ok(Math.abs((right - left) / 3 - (low - high)) < 1e-9);
  assert.ok(
    mapper({ x: [1, 1], y: [2, 2] }, box)
      .at([1, 2])
      .every(Number.isFinite),
  ); // one point
});

test("every rule names its optimizer slots, also behind a branch", () => {
  for (const name of ["default", "branch"]) {
    const { runs, S } = derive(trace(name, "training"));
    for (const run of runs) {
      assert.ok(Array.isArray(run.rule(0).slots) && Array.isArray(run.rule(S).slots), run.title);
    }
  }
});

test("labels never cover each other, and those asked for first are always there", () => {
  const box = { x: 0, y: 0, w: 300, h: 200 };
  const wanted = Array.from({ length: 30 }, (_, row) => ({
    row,
    x: 140 + (row % 6) * 4,
    y: 90 + Math.floor(row / 6) * 4,
    w: 40,
    priority: row === 29,
  }));
  const placed = placeLabels(wanted, box);
  assert.ok(placed.has(29) && placed.size < 30);
  const boxes = [...placed.values()].map(({ x, y, anchor }) => ({
    x: anchor === "start" ? x : x - 40,
    y: y - 10,
    w: 40,
    h: 13,
  }));
  boxes.forEach((one, i) => boxes.slice(0, i).forEach((other) => assert.ok(apart(one, other))));
});

test("cells of one shade become one rectangle", () => {
  const shades = [0, 2, 2, 1, 0, 1];
  const paths = addLine(6, (i) => shades[i], { x: 0, y: 5, w: 60, h: 8 }, new Map());
  assert.deepEqual(
    [...paths],
    [
      [2, "M10 5H30v8H10z"],
      [1, "M30 5H40v8H30zM50 5H60v8H50z"],
    ],
  );
  assert.deepEqual(
    [0, 1e-9, 1, 9].map((v) => shadeOf(v, 1)),
    [0, 1, 8, 8],
  );
  assert.deepEqual(
    [0, NaN, -1, 0.01].map((v) => signedShade(v, 1)),
    [0, 0, -8, 1],
  );
});

test("rows move without a gradient under dense Adam, and not under lazy Adam", () => {
  const { runs, S, V, lastSeen } = derived("default");
  const [dense, lazy] = runs;
  let count = 0;
  for (let s = 0; s < S; s++) {
    for (let row = 0; row < V; row++) {
      count += Number(dense.movedWithoutGrad(s, row));
      assert.equal(lazy.movedWithoutGrad(s, row), false);
      assert.equal(lazy.move(s, row) > 0, lazy.hasGrad(s, row));
      if (lastSeen(s, row) < 0) assert.equal(dense.move(s, row), 0);
      assert.equal(dense.move(s, row), distance(dense.weights(s, row), dense.weights(s + 1, row)));
    }
  }
  assert.ok(count > 50);
  const { moved, movedWithoutGrad, withGrad } = countMoves(derived("default"), lazy, 7);
  assert.equal(moved, withGrad);
  assert.equal(movedWithoutGrad, 0);
});

test("under an L2 penalty all rows move, and the card has its formula", () => {
  const made = derived("penalty");
  const [run] = made.runs;
  const never = Array.from({ length: made.V }, (_, row) => row).filter(
    (row) => made.lastSeen(made.S - 1, row) < 0,
  );
  assert.ok(never.length > 0);
  for (const row of never) {
    for (let s = 0; s < made.S; s++) {
      assert.ok(run.movedWithoutGrad(s, row));
      const [before, after] = [run.weights(s, row)[0], run.weights(s + 1, row)[0]];
      assert.ok(Math.abs(after - 0.98 * before) < 1e-6);
    }
  }
  const line = /** @type {any} */ (
    updateLine(/** @type {any} */ ({ derived: made, run, row: never[0], s: 3 }), 0)
  );
  assert.match(line.body.values[1], /^−rate · \(g \+ 0\.02 · w\) = −1 · \(0 \+ 0\.02 · /);
  assert.equal(line.note.values[0], "penalty");
});

test("the rarest word has the story, and the way ahead is that of the next steps", () => {
  const made = derived("default");
  const moon = rarestRow(made);
  assert.equal(made.words[moon], "moon");
  const way = distancesAhead(made.runs[0], 4, moon, 20);
  assert.equal(way.length, 20);
  assert.equal(way[0], made.runs[0].move(5, moon));
  const [run] = made.runs;
  const far = Array.from({ length: made.V }, (_, row) =>
    distance(run.weights(3, row), run.weights(8, row)),
  );
  assert.equal(longestWay(made, run, 7, 5), Math.max(...far));
  assert.equal(axisTop(0.42), 0.5);
});

test("what is asked has no gradient in its steps, and where that holds the learner stays", () => {
  for (const name of ["default", "penalty", "branch"]) {
    const made = derived(name);
    for (const row of made.order) {
      for (const step of [0, 12, made.S - 1]) {
        const ui = { step, prediction: null, local: { ...initialUi(), row, touched: true } };
        const sent = trace(name, "training");
        const { start } = questionKind(
          /** @type {any} */ ({ trace: sent, params: sent.header.params, ui }),
        );
        assert.ok(start.length > 0, name);
        for (let s = ui.step + 1; s <= ui.step + start.length; s++)
          assert.equal(made.runs[0].hasGrad(s, ui.local.row), false);
        const stays = Math.max(0, Math.min(step, made.S - 21));
        if (stepsWithoutGrad(made, made.runs[0], stays, row) >= 5)
          assert.deepEqual([ui.step, ui.local.row], [stays, row]);
      }
    }
  }
});

test("a branch has the unbranched run behind it, the same up to the step", () => {
  const made = derived("branch");
  const { unbranched, runs } = made;
  assert.ok(unbranched);
  assert.equal(unbranched.from, 12);
  assert.equal(runs[0].branchStep, 12);
  assert.deepEqual([...unbranched.weights(12, 3)], [...runs[0].weights(12, 3)]);
  assert.deepEqual([runs[0].rule(11).optimizer, runs[0].rule(12).optimizer], ["adam", "sgd"]);
  assert.ok(runs[0].title.includes("→") && unbranched.losses[5] === runs[0].losses[5]);
});

test("empty, NaN and one-number tables can be read", () => {
  for (const name of ["empty", "smallest", "nan"]) {
    const made = derived(name);
    const [x, y] = made.bounds.x.concat(made.bounds.y);
    assert.ok(Number.isFinite(x) && Number.isFinite(y) && made.longestMove > 0, name);
    assert.equal(made.runs[0].movedWithoutGrad(0, 0), false);
  }
  assert.ok(Number.isNaN(derived("nan").runs[0].move(0, 0)));
});

test("numbers keep their first digits however small", () => {
  const said = [0, 0.0195, -0.5, 0.00031, -1.234e-7, NaN, Infinity].map(shortNumber);
  assert.deepEqual(said, ["0", "0.0195", "−0.5000", "3.10e−4", "−1.23e−7", "NaN", "∞"]);
});

test("the arithmetic of a step gives the step", () => {
  const made = derived("default");
  const run = made.runs[0];
  for (let s = 0; s < made.S; s++) {
    for (let row = 0; row < made.V; row++) {
      const m = run.slot(0, s + 1, row)?.[0] ?? NaN;
      const v = run.slot(1, s + 1, row)?.[0] ?? NaN;
      const step = (-run.rate(s) * m) / (Math.sqrt(v) + 1e-7);
      assert.ok(Math.abs(run.weights(s + 1, row)[0] - run.weights(s, row)[0] - step) < 1e-6);
    }
  }
  const line = updateLine(/** @type {any} */ ({ derived: made, run, row: 0, s: 3 }), 0);
  assert.equal(line.name, "update");
});

test("a curve bends under the pointer, and the points passed go along", () => {
  const made = derived("default");
  /** @type {[number, number][]} */
  const bent = [];
  const drawn = Array.from({ length: 20 }, () => 0);
  const explorer = {
    bendCurve: (/** @type {number} */ i, /** @type {number} */ value) => bent.push([i, value]),
  };
  const at = layout({ width: 640, V: made.V, runs: 2, lanes: 8, asked: true });
  const d = /** @type {any} */ ({
    scene: {
      trace: trace("default", "training"),
      ui: { step: 24, prediction: { curve: drawn }, local: initialUi() },
      explorer,
    },
    at,
  });
  const { x, y, w, h } = at.question;
  assert.equal(bendCurveTo(d, x + w / 2, y, null), 9);
  assert.deepEqual(bent.splice(0), [[9, guessTop(d.scene)]]);
  assert.equal(bendCurveTo(d, x + (w * 13) / 20, y + h, 9), 12);
  assert.deepEqual(
    bent.map(([i]) => i),
    [10, 11, 12],
  );
});
