import assert from "node:assert/strict";
import { test } from "node:test";
import { along, boxY, gridY, hit, idY, layout } from "../shard/layout.js";
import { truth } from "../shard/predict.js";
import { columnsAt, derive, highlightFor, progressAt } from "../shard/trace.js";
import { trace } from "./golden.js";

const STATES = ["default", "hashed", "columns", "text", "none", "single"];

/** @param {string} name */
const read = (name) => derive(trace(name, "shard"));

test("nothing lies on anything else, at every width and height", () => {
  for (const width of [320, 519, 520, 640, 699, 768, 801, 902, 1068, 1500]) {
    for (const height of [280, 394, 540]) {
      for (const W of [1, 4, 8]) {
        for (const D of [8, 16, 32]) {
          for (const N of [0, 1, 16]) {
            const at = layout({ width, height, N, W, D });
            const name = JSON.stringify({ width, height, N, W, D });
            const { ids, boxes, grid } = at;
            const order = [0, ids.x, ids.x + ids.w, boxes.x, boxes.x + boxes.w];
            if (!at.narrow) order.push(grid.x, grid.x + grid.w);
            order.push(width);
            assert.deepEqual(
              [...order].sort((a, b) => a - b),
              order,
              name,
            );
            if (!at.narrow) assert.ok(at.height <= height + 1, `${name}: ${at.height}`);
            for (const [list, count] of /** @type {const} */ ([
              [ids, N],
              [boxes, W],
              [grid, N],
            ]))
              assert.ok(list.y >= 36 && list.y + count * list.pitch <= at.foot, name);
            assert.ok(grid.x + grid.w <= width && grid.cw >= 5, name);
            assert.ok(boxes.w >= 190 && boxes.pitch >= 27 && ids.pitch >= 12, name);
          }
        }
      }
    }
  }
});

test("a point finds what is drawn under it", () => {
  const sizes = { N: 16, W: 4 };
  for (const width of [360, 800, 1300]) {
    const at = layout({ width, height: 394, D: 16, ...sizes });
    const all = () => 16;
    assert.deepEqual(hit(at, sizes, all, at.ids.x + 3, idY(at, 9)), { part: "id", n: 9 });
    assert.deepEqual(hit(at, sizes, all, at.boxes.x + 9, boxY(at, 3)), { part: "worker", w: 3 });
    const x = at.grid.x + 2.5 * at.grid.cw;
    assert.deepEqual(hit(at, sizes, all, x, gridY(at, 5)), { part: "cell", n: 5, col: 2 });
    assert.equal(
      hit(at, sizes, () => 0, x, gridY(at, 5)),
      null,
    );
    assert.equal(hit(at, sizes, all, at.ids.x + at.ids.w + 3, idY(at, 1)), null);
  }
});

test("what travels begins and ends where its ribbon does", () => {
  assert.deepEqual(along(10, 20, 110, 80, 0), [10, 20]);
  assert.deepEqual(along(10, 20, 110, 80, 1), [110, 80]);
  assert.deepEqual(along(10, 20, 110, 80, 0.5), [60, 50]);
});

test("the bytes are those of the rows that each worker is asked for", () => {
  for (const state of STATES) {
    const { workers, D, itemsize, K, scheme } = read(state);
    for (const { asks, request, answer, columns, owned, memory } of workers) {
      assert.equal(request, 4 * asks.length, state);
      assert.equal(answer, asks.length * (columns[1] - columns[0]) * itemsize, state);
      assert.equal(memory, owned * (columns[1] - columns[0]) * itemsize, state);
    }
    const rows = workers.reduce((sum, { answer }) => sum + answer, 0);
    assert.equal(rows, K * D * itemsize, state);
    const asked = workers.reduce((sum, { asks }) => sum + asks.length, 0);
    assert.equal(asked, scheme === "column_wise" ? K * workers.length : K, state);
  }
});

test("step by step the rows come, and the last step has them all", () => {
  for (const state of STATES) {
    const derived = read(state);
    let before = 0;
    for (let step = 0; step < derived.steps; step++) {
      const progress = progressAt(derived, step);
      let there = 0;
      for (let n = 0; n < derived.N; n++) there += columnsAt(derived, progress, n);
      assert.ok(there >= before, `${state} ${step}`);
      if (step <= 2) assert.equal(there, 0);
      before = there;
    }
    assert.equal(before, derived.N * derived.D, state);
  }
});

test("between two steps a share of the way is done", () => {
  const derived = read("default");
  assert.equal(progressAt(derived, 1.25).asked, 0.25);
  const [first, second] = derived.askers;
  const progress = progressAt(derived, 3.5);
  assert.deepEqual([progress.answered(first), progress.answered(second)], [1, 0.5]);
  assert.equal(progress.copied, false);
});

test("a spot lights its ids and workers", () => {
  const derived = read("default");
  const [worker] = derived.askers;
  assert.deepEqual(highlightFor(derived, { part: "worker", w: worker }), {
    ids: derived.workers[worker].asks,
    workers: [worker],
  });
  const k = derived.distinctOf(0);
  const spot = highlightFor(derived, { part: "id", n: 0 });
  assert.deepEqual(spot?.ids, [k]);
  assert.deepEqual(highlightFor(derived, { part: "cell", n: 0, col: 3 }), spot);
  assert.equal(highlightFor(derived, { part: "id", n: 99 }), null);
  assert.deepEqual(highlightFor(read("columns"), { part: "id", n: 0 })?.workers, [0, 1, 2]);
});

test("the answer is the worker that is asked most; of equals any, of all alike none", () => {
  /** @param {string} name @param {number[]} chosen */
  const answer = (name, chosen = []) =>
    truth(/** @type {any} */ ({ trace: trace(name, "shard"), ui: { prediction: { chosen } } }));
  const most = (/** @type {string} */ name) => read(name).busiest;
  assert.deepEqual(answer("default"), most("default"));
  assert.equal(most("default").length, 1);
  assert.ok(most("hashed").length > 1 && most("hashed").length < 8);
  for (const worker of most("hashed")) assert.deepEqual(answer("hashed", [worker]), [worker]);
  assert.deepEqual(answer("hashed", [7]), [most("hashed")[0]]);
  assert.deepEqual(answer("columns", [0]), [3]); // “all alike”
  assert.deepEqual(answer("none"), [4]);
  assert.deepEqual(answer("single"), [0]);
});
