import assert from "node:assert/strict";
import { test } from "node:test";
import { arithmetic } from "../geometry/arithmetic.js";
import {
  layout,
  lineY,
  placeNames,
  nextRow,
  toScreen,
  rowToScreen,
  rowAt,
  scaleOf,
} from "../geometry/layout.js";
import { PALETTES } from "../geometry/coloring.js";
import { within } from "../geometry/region.js";
import { selectedRow } from "../geometry/state.js";
import { between } from "../geometry/transition.js";
import { isFiniteRow, derive } from "../geometry/trace.js";
import { tables } from "../geometry/tables.js";
import { fixed } from "../kit/format.js";
import { luminance } from "../kit/theme.js";
import { trace } from "./golden.js";

/** @param {string} name @param {Record<string, any>} [ui] @returns {any} */
const scene = (name, ui = {}) => ({
  trace: trace(name, "geometry"),
  ui: { step: 0, hover: null, focus: null, open: null, prediction: null, local: {}, ...ui },
});

test("the reading is the message", () => {
  const derived = derive(trace("default", "geometry"));
  assert.equal(derived.V, 12);
  assert.equal(derived.name(derived.picked), "tuple");
  assert.equal(derived.near.length, 10);
  assert.ok(!derived.near.includes(derived.picked) && !derived.nearMap.includes(derived.picked));
  const cosines = derived.near.map((row) => derived.cosines[row]);
  assert.deepEqual(
    [...cosines].sort((a, b) => b - a),
    cosines,
  );
  const apart = derived.nearMap.map((row) => derived.mapDistances[row]);
  assert.deepEqual(
    [...apart].sort((a, b) => a - b),
    apart,
  );
  for (const row of derived.near) {
    const [u, v] = [derived.vector(derived.picked), derived.vector(row)];
    const dot = Array.from(u ?? [], (x, d) => x * (v ?? [])[d]).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(dot - derived.cosines[row]) < 1e-5);
    assert.ok(Math.abs(Math.sqrt(2 - 2 * dot) - derived.distances[row]) < 1e-5);
    const { points, picked } = derived;
    const seen = Math.hypot(
      points[2 * row] - points[2 * picked],
      points[2 * row + 1] - points[2 * picked + 1],
    );
    assert.ok(
      Math.abs(seen - derived.mapDistances[row]) < 1e-5 && seen <= derived.distances[row] + 1e-5,
    );
  }
  assert.deepEqual(derived.terms, [0, 1, 8]);
  const [a, b, c] = [0, 1, 8].map((row) => [derived.points[2 * row], derived.points[2 * row + 1]]);
  derived.target?.forEach((at, i) => assert.ok(Math.abs(at - (a[i] - b[i] + c[i])) < 1e-5));
});

test("a row that no word names is asked for by its number", () => {
  const derived = derive(trace("lost", "geometry"));
  assert.deepEqual([0, 1, 2, 3].map(derived.text), ["#0", "#1", "חתול", "#3"]);
  assert.deepEqual([0, 3].map(derived.name), ["a", "#3"]);
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => isFiniteRow(derived, row)),
    [true, true, false, true],
  );
});

test("of a large table some rows are on the map, under their own numbers", () => {
  const whole = trace("lost", "geometry");
  const rows = { data: Int32Array.of(0, 70, 500, 9), shape: [4] };
  const sample = {
    header: { ...whole.header, total: 1000 },
    arrays: { ...whole.arrays, rows },
  };
  const derived = derive(/** @type {any} */ (sample));
  assert.deepEqual([derived.V, derived.total], [4, 1000]);
  assert.deepEqual([0, 1, 2, 3].map(derived.id), [0, 70, 500, 9]);
  assert.deepEqual([500, 9, 8].map(derived.seat), [2, 3, -1]);
  assert.deepEqual([0, 1, 2, 3].map(derived.text), ["#0", "#70", "חתול", "#9"]);
  assert.equal(derived.name(3), "#9");
  assert.deepEqual([derive(whole).seat(3), derive(whole).seat(4)], [3, -1]);
});

test("what is looked at: the pointer, then the keyboard, then the step", () => {
  const { near } = derive(trace("default", "geometry"));
  assert.equal(selectedRow(scene("default", { step: 2 })), near[2]);
  assert.equal(selectedRow(scene("default", { focus: { row: 7 } })), 7);
  assert.equal(selectedRow(scene("default", { focus: { row: 7 }, hover: { row: 3 } })), 3);
  assert.equal(selectedRow(scene("default", { hover: { row: 99 } })), -1);
  assert.equal(selectedRow(scene("one")), -1);
});

test("nothing lies on anything else, at any width", () => {
  for (const width of [312, 344, 520, 560, 640, 700, 840]) {
    for (const count of [0, 1, 6, 10]) {
      const at = layout({ width, count });
      const [one, two] = at.lists;
      assert.ok(one.x + one.w < two.x && two.x + two.w <= width + 0.01);
      assert.ok(one.w >= 130 && at.map.w >= 200, `${width}`);
      assert.ok(at.narrow || at.map.x + at.map.w < one.x);
      assert.ok(at.ruler.y > at.map.y + at.map.h && at.ruler.y + at.ruler.h <= at.height);
      assert.ok(!at.narrow || at.rows.y > at.ruler.y + at.ruler.h);
      assert.ok(count === 0 || lineY(at, count - 1) + 12 <= (at.sum?.y ?? at.height));
    }
  }
});

test("every point stands inside the map, and is found where it stands", () => {
  const { points, V } = derive(trace("default", "geometry"));
  const at = layout({ width: 640, count: 10 });
  const scale = scaleOf(points, at.map);
  for (let row = 0; row < V; row++) {
    const [x, y] = rowToScreen(scale, points, row);
    assert.ok(
      x >= at.map.x && x <= at.map.x + at.map.w && y >= at.map.y && y <= at.map.y + at.map.h,
    );
    assert.equal(rowAt(scale, points, x + 1, y), row);
  }
  const wide = scaleOf(points, at.map, [3, -4]); // the end of an arrow stands inside too
  const [ax, ay] = toScreen(wide, 3, -4);
  assert.ok(
    ax >= at.map.x && ax <= at.map.x + at.map.w && ay >= at.map.y && ay <= at.map.y + at.map.h,
  );
  assert.equal(rowAt(scale, points, at.map.x - 60, at.map.y - 60), -1);
  const lone = scaleOf(Float32Array.of(0.3, 0.4), at.map);
  assert.deepEqual(
    toScreen(lone, 0.3, 0.4).map(Math.round),
    [at.map.x + at.map.w / 2, at.map.y + at.map.h / 2].map(Math.round),
  );
  assert.equal(
    rowAt(scaleOf(Float32Array.of(NaN, NaN), at.map), Float32Array.of(NaN, NaN), 5, 5),
    -1,
  );
});

test("an arrow goes to the nearest word that way", () => {
  const points = Float32Array.of(0, 0, 2, 0.5, 1, 0.9, -1, 0, 0, -3, NaN, NaN);
  assert.equal(nextRow(points, 0, "ArrowRight"), 2);
  assert.equal(nextRow(points, 0, "ArrowLeft"), 3);
  assert.equal(nextRow(points, 0, "ArrowDown"), 4);
  assert.equal(nextRow(points, 0, "ArrowUp"), -1);
  assert.equal(nextRow(points, 5, "ArrowUp"), -1);
  assert.equal(nextRow(points, 0, "Enter"), -1);
});

test("names stand inside the map and not on each other; the first ones win", () => {
  const box = { x: 0, y: 0, w: 300, h: 300, side: 300 };
  const wanted = Array.from({ length: 40 }, (_, i) => ({
    x: 150 + (i % 7) * 6,
    y: 150 + i,
    text: `word${i}`,
    kind: "",
  }));
  const placed = placeNames([...wanted, { x: 296, y: 5, text: "corner", kind: "" }], box);
  assert.equal(placed[0].text, "word0");
  const spans = placed.map(({ lx, ly, anchor, text }) => {
    const wide = text.length * 6.6;
    return {
      l: anchor === "start" ? lx : lx - wide,
      r: anchor === "start" ? lx + wide : lx,
      y: ly,
    };
  });
  spans.forEach((a, i) => {
    assert.ok(a.l >= 0 && a.r <= 300 && a.y > 0 && a.y < 300);
    for (const b of spans.slice(i + 1))
      assert.ok(Math.abs(a.y - b.y) >= 11 || a.r <= b.l || b.r <= a.l);
  });
});

test("a name that must stand is never left out, however close the points are", () => {
  const box = { x: 0, y: 0, w: 300, h: 200, side: 200 };
  const close = Array.from({ length: 11 }, (_, i) => ({
    x: 150 + (i % 3),
    y: 100 + (i % 4),
    text: `neighbor${i}`,
    kind: "true",
    must: true,
  }));
  const placed = placeNames(close, box);
  assert.equal(placed.length, 11);
  placed.forEach((a, i) => {
    for (const b of placed.slice(i + 1))
      assert.ok(Math.abs(a.ly - b.ly) >= 11 || a.anchor !== b.anchor || Math.abs(a.lx - b.lx) > 60);
  });
});

test("names never stand on another name, nor on the point of the first, however little room there is", () => {
  const box = { x: 0, y: 0, w: 150, h: 70, side: 70 };
  const crowd = Array.from({ length: 14 }, (_, i) => ({
    x: 70 + (i % 5) * 3,
    y: 35 + (i % 4) * 2,
    text: i % 3 ? `WORM${i}` : "猫睡觉",
    kind: i ? "true" : "middle",
    must: true,
  }));
  const placed = placeNames(crowd, box);
  assert.equal(placed[0].kind, "middle");
  assert.ok(placed.length > 3 && placed.length < 14);
  const wide = (/** @type {string} */ text) => (text.startsWith("W") ? 44 : 36);
  const spans = placed.map(({ lx, ly, anchor, text }) => {
    const l = anchor === "start" ? lx : lx - wide(text);
    return { l, r: l + wide(text), y: ly };
  });
  spans.forEach((a, i) => {
    assert.ok(a.r <= 65 || a.l >= 75 || Math.abs(a.y - 39) >= 11, placed[i].text);
    for (const b of spans.slice(i + 1))
      assert.ok(Math.abs(a.y - b.y) >= 11 || a.r <= b.l + 1 || b.r <= a.l + 1);
  });
});

test("a line around words holds those inside, by the even-odd rule", () => {
  /** @type {[number, number][]} */
  const horseshoe = [
    [0, 0],
    [30, 0],
    [30, 30],
    [20, 30],
    [20, 10],
    [10, 10],
    [10, 30],
    [0, 30],
  ];
  for (const [x, y, inside] of [
    [5, 25, true],
    [15, 25, false],
    [25, 25, true],
    [15, 5, true],
    [40, 5, false],
    [-1, 5, false],
  ])
    assert.equal(within([Number(x), Number(y)], horseshoe), inside, `${x}, ${y}`);
});

test("the colors of categories keep 3 : 1 to the panel, and are eight", () => {
  /** @param {string} hex */
  const light = (hex) =>
    luminance(/** @type {any} */ ([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))));
  for (const [scheme, panel] of Object.entries({ light: "#f6f8fa", dark: "#171d25" })) {
    assert.equal(new Set(PALETTES[scheme]).size, 8);
    for (const color of PALETTES[scheme]) {
      const [low, high] = [light(color), light(panel)].sort((a, b) => a - b);
      assert.ok((high + 0.05) / (low + 0.05) >= 3, `${scheme} ${color}`);
    }
  }
});

test("dots walk from one plane to another", () => {
  const [from, to] = [Float32Array.of(0, 1), Float32Array.of(2, 5)];
  assert.deepEqual([...between(from, to, 0)], [0, 1]);
  assert.deepEqual([...between(from, to, 0.5)], [1, 3]);
  assert.deepEqual([...between(from, to, 1)], [2, 5]);
});

test("the table holds what is drawn, and hides it while a guess is asked for", () => {
  const shown = scene("default");
  const derived = derive(shown.trace);
  const [near, map, looked, sum] = tables(shown);
  assert.deepEqual(
    near.rows.map((row) => row.head),
    derived.near.map(derived.name),
  );
  assert.deepEqual(near.rows[0].cells.slice(0, 3), [
    fixed(derived.cosines[derived.near[0]]),
    fixed(derived.distances[derived.near[0]]),
    fixed(derived.mapDistances[derived.near[0]]),
  ]);
  assert.equal(map.rows.length, 10);
  assert.equal(looked.rows.length, 2);
  assert.equal(sum.rows.length, 5);
  const asked = tables(scene("default", { prediction: { phase: "open", chosen: [] } }));
  assert.equal(asked.length, 1);
  assert.ok(!JSON.stringify(asked).includes("0."));
  assert.equal(tables(scene("one"))[0].rows.length, 0);
});

test("each number opens to its arithmetic", () => {
  for (const id of [
    "cosine",
    "true",
    "map",
    "shown",
    "closer",
    "both",
    "typical",
    "variance",
    "trust",
    "continuity",
  ]) {
    const { lines, pinned } = arithmetic(scene("default", { open: { kind: "fact", id } }));
    assert.ok(pinned && lines.length >= 1, id);
  }
  assert.equal(arithmetic(scene("default")).lines.length, 2);
  assert.equal(arithmetic(scene("one")).lines.length, 0);
});
