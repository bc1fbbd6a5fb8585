import assert from "node:assert/strict";
import { test } from "node:test";
import { visibleTerms } from "../kit/formula_card.js";
import { sequentialColor, maxAbs, divergingColor } from "../kit/colors.js";
import { nearest, stopsBetween } from "../kit/controls.js";
import { signMarks } from "../kit/heatmap.js";
import { commandOf } from "../kit/keys.js";
import { receive, join } from "../kit/link.js";
import { newPrediction, moveCurvePoint, markOf, reveal, toggle } from "../kit/predict.js";
import { ribbonPath } from "../kit/curves.js";
import { followFocus, nextCell } from "../kit/roving_tabindex.js";
import { logScale } from "../kit/scale.js";
import { stateText } from "../kit/share.js";
import { splitColumns } from "../kit/data_table.js";
import { announce, countDone } from "../kit/tasks_panel.js";
import { luminance, parse } from "../kit/theme.js";
import { Player, stepTo } from "../kit/playback.js";
import { clock } from "./clock.js";
import "./custom_event.js";

test("arrows move inside a grid and stop at its edge", () => {
  const size = { rows: 16, cols: 8 };
  assert.deepEqual(nextCell("ArrowDown", { row: 0, col: 3 }, size), { row: 1, col: 3 });
  assert.deepEqual(nextCell("PageDown", { row: 9, col: 3 }, size), { row: 15, col: 3 });
  assert.equal(nextCell("ArrowLeft", { row: 2, col: 0 }, size), null);
  assert.equal(nextCell("a", { row: 2, col: 0 }, size), null);
});

test("a window moves as little as it can", () => {
  assert.equal(followFocus(10, 12, 5, 100), 10);
  assert.equal(followFocus(10, 9, 5, 100), 9);
  assert.equal(followFocus(10, 15, 5, 100), 11);
  assert.equal(followFocus(98, 99, 5, 100), 95);
  assert.equal(followFocus(3, 0, 5, 2), 0);
});

test("keys mean acts, unless the control under them needs them", () => {
  const at = (
    /** @type {string} */ key,
    /** @type {any} */ target = { tagName: "DIV" },
    more = {},
  ) => commandOf({ key, target, ctrlKey: false, metaKey: false, altKey: false, ...more });
  assert.deepEqual(
    [" ", ",", ".", "Home", "P", "t", "?", "Escape"].map((k) => at(k)),
    ["play", "back", "forward", "first", "predict", "table", "help", "leave"],
  );
  assert.equal(at("p", { tagName: "TEXTAREA" }), null);
  assert.equal(at("p", { tagName: "INPUT", type: "text" }), null);
  assert.equal(at("p", { tagName: "INPUT", type: "range" }), "predict");
  assert.equal(at(" ", { tagName: "BUTTON" }), null);
  assert.equal(at("End", { tagName: "INPUT", type: "range" }), null);
  assert.equal(at("Escape", { tagName: "TEXTAREA" }), "leave");
  assert.equal(at("s", undefined, { ctrlKey: true }), null, "Ctrl+S stays the host's");
});

test("a linked view follows the step of its own kind, and the row of any other", () => {
  /** @type {unknown[]} */
  const log = [];
  const view = {
    name: "lookup",
    onRowSelected: (/** @type {any} */ _, /** @type {any} */ __, /** @type {number} */ row) =>
      log.push(["row", row]),
  };
  const explorer = /** @type {any} */ ({
    view,
    scene: {},
    goToStep: (/** @type {number} */ step) => log.push(["step", step]),
  });
  receive(explorer, { view: "lookup", step: 3, row: 5 });
  receive(explorer, { view: "lookup", step: null, row: 6 });
  receive(explorer, { view: "training", step: 9, row: 5 });
  receive(explorer, { view: "training", step: 9, row: null });
  assert.deepEqual(log, [
    ["step", 3],
    ["row", 6],
    ["row", 5],
  ]);
});

test("where one thing is asked for, the newest choice stands alone", () => {
  const told = [4, 2].reduce((p, thing) => toggle(p, thing), newPrediction("one"));
  assert.deepEqual(told.chosen, [2]);
  assert.deepEqual(toggle(told, 2).chosen, []);
  assert.equal(reveal(told, [2]).verdict?.correct, true);
});

test("a curve is bent point by point, and judged by how near it comes", () => {
  const told = moveCurvePoint(
    moveCurvePoint(newPrediction("curve", new Float32Array([1, 1, 1])), 1, 0.5),
    7,
    9,
  );
  assert.deepEqual(told.curve, [1, 0.5, 1], "there is no point 7");
  const judged = reveal(told, [1.05, 0.5, 0.2], 0.1);
  assert.deepEqual(judged.verdict, { right: [0, 1], missed: [], extra: [2], correct: false });
  assert.equal(moveCurvePoint(judged, 0, 3), judged, "it is too late");
});

test("a prediction is chosen, taken back, and judged", () => {
  let told = [5, 1, 9, 5].reduce((p, row) => toggle(p, row), newPrediction());
  assert.deepEqual(told.chosen, [1, 9]);
  assert.equal(markOf(told, 9), "chosen");
  told = reveal(told, [1, 3]);
  assert.deepEqual(told.verdict, { right: [1], missed: [3], extra: [9], correct: false });
  assert.deepEqual(
    [1, 3, 9, 4].map((row) => markOf(told, row)),
    ["right", "missed", "extra", ""],
  );
  assert.equal(toggle(told, 4), told, "nothing is chosen after the reveal");
  assert.equal(reveal({ ...newPrediction(), chosen: [3, 1] }, [1, 3, 3]).verdict?.correct, true);
});

test("of many terms those about the hit are written out, and none is lost", () => {
  for (const total of [1, 2, 5, 16, 2048]) {
    for (const hit of [0, Math.floor(total / 3), Math.floor(total / 2), total - 1]) {
      for (const most of [3, 5, 40]) {
        const parts = visibleTerms(total, hit, most);
        const written = parts.flatMap((p) => ("index" in p ? [p.index] : []));
        const left = parts.reduce((n, p) => n + ("skipped" in p ? p.skipped : 0), 0);
        assert.equal(written.length + left, total, `${total} ${hit} ${most}`);
        assert.ok(written.includes(hit), `${total} ${hit} ${most}: ${written}`);
        assert.deepEqual(
          written,
          [...new Set(written)].sort((a, b) => a - b),
        );
        assert.ok(parts.every((p) => !("skipped" in p) || p.skipped > 0));
      }
    }
  }
});

test("wide tables break into blocks that hold every column once", () => {
  const columns = Array.from({ length: 10 }, (_, i) => String(i));
  const parts = splitColumns(
    { caption: "W", corner: "row", columns, rows: [{ head: "0", cells: columns }] },
    4,
  );
  assert.deepEqual(
    parts.map((p) => p.columns.length),
    [4, 4, 2],
  );
  assert.deepEqual(
    parts.flatMap((p) => p.rows[0].cells),
    columns,
  );
  assert.equal(parts[1].caption, "W, columns 4 to 7");
});

test("colors: zero is the middle, the ends are the strongest, sizes beyond are held", () => {
  for (const shade of /** @type {const} */ (["light", "dark"])) {
    assert.equal(divergingColor(3, 1, shade), divergingColor(1, 1, shade));
    assert.notEqual(divergingColor(0.5, 1, shade), divergingColor(-0.5, 1, shade));
    assert.equal(sequentialColor(2, shade), sequentialColor(1, shade));
  }
  assert.equal(divergingColor(1, 1, "light"), "rgb(90,58,145)", "the spline ends in the last stop");
  assert.equal(maxAbs(new Float32Array([0.5, -3, NaN, Infinity])), 3);
  assert.equal(maxAbs(new Float32Array([])), 1);
});

test("a sign is a mark: minus always, plus where there is room, a cross for NaN", () => {
  const place = { x: 0, y: 0, cw: 20, ch: 20, vmax: 1, bySize: false };
  const marks = (/** @type {number} */ v, more = {}) => {
    const { pale, strong } = signMarks([v], { ...place, ...more });
    return pale + strong;
  };
  assert.match(marks(-0.2), /^M[^v]*h[^v]*$/);
  assert.match(marks(0.2), /h.*v/);
  assert.equal(marks(0), "");
  assert.match(marks(NaN), /l.*m.*l/);
  assert.equal(marks(0.2, { cw: 6 }), "");
  assert.notEqual(marks(-0.2, { cw: 6 }), "");
  assert.notEqual(signMarks([0.9], place).strong, "", "strong colors carry light marks");
});

test("stops: each whole number first, then wider steps, and both ends", () => {
  const stops = stopsBetween(1, 2048, 40);
  assert.deepEqual(
    stops.slice(0, 40),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  assert.equal(stops.at(-1), 2048);
  assert.ok(stops.length < 110 && stops.every(Number.isInteger));
  assert.deepEqual(
    [...stops].sort((a, b) => a - b),
    stops,
  );
  assert.deepEqual(stopsBetween(16, 16), [16]);
  assert.equal(stops[nearest(stops, 50)], 48);
});

test("the steps: acts lead where they say, and the clock stops at the end", (t) => {
  assert.deepEqual(
    ["first", "back", "forward", "last"].map((act) => stepTo(act, 3, 6)),
    [0, 2, 4, 5],
  );
  assert.deepEqual(
    ["back", "forward", "last"].map((act) => stepTo(act, 0, 0)),
    [0, 0, 0],
  );
  const time = clock(t);
  let step = 0;
  const player = new Player(() => ++step < 3);
  player.start(1);
  for (let beat = 0; beat < 5; beat++) time.tick(10_000);
  assert.equal(step, 3);
});

test("linked views hear each other, not themselves, and not other links", () => {
  /** @type {string[]} */
  const log = [];
  /** @param {string} id @param {string} name @param {string | null} [notebook] */
  const add = (id, name, notebook = null) => {
    const el = /** @type {Element} */ (/** @type {unknown} */ ({ closest: () => notebook }));
    return join(id, (/** @type {number} */ n) => log.push(`${name}${n}`), el);
  };
  const a = add("one", "a");
  const b = add("one", "b");
  const c = add("two", "c");
  const d = add("", "d");
  add("", "e");
  add("one", "f", "another notebook");
  a.send(1);
  d.send(2);
  b.leave();
  a.send(3);
  c.leave();
  assert.deepEqual(log, ["b1"]);
});

test("luminance and colors of the host", () => {
  assert.deepEqual(parse("rgb(17, 22, 28)"), [17, 22, 28]);
  assert.deepEqual(
    [parse("rgba(0, 0, 0, 0)"), parse("color(srgb 1 1 1)"), parse("")],
    [null, null, null],
  );
  assert.ok(luminance([255, 255, 255]) > 0.99 && luminance([17, 22, 28]) < 0.02);
});

test("ribbons leave and arrive level; scales hold their ends; a state is small JSON", () => {
  assert.equal(ribbonPath(0, 10, 100, 50), "M0 10C48 10 52 50 100 50");
  const x = logScale(100, 0, 10);
  assert.deepEqual([x(1), x(10), x(100), x(0), x(1e9)], [0, 5, 10, 0, 10]);
  assert.equal(
    stateText("lookup", 1, { seed: 7 }),
    '{"view":"lookup","version":1,"params":{"seed":7}}',
  );
  assert.match(stateText("lookup", 1, {}, ["table"]), /"needs":\["table"\]/);
});

test("new ticks are announced once, and tasks of another view are not", () => {
  const list = (/** @type {(boolean | null)[]} */ ...ticks) =>
    ticks.map((done, i) => ({ number: i + 3, text: "", done }));
  assert.equal(countDone(list(true, false, true)), "2 of 3");
  assert.equal(announce(list(false, false), list(false, true)), "Task 4 is done. 1 of 2.");
  assert.equal(
    announce(list(false, false), list(true, true)),
    "Task 3 is done. Task 4 is done. 2 of 2.",
  );
  assert.equal(announce(list(true, false), list(true, false)), "");
  assert.equal(announce([], list(true)), "");
});
