import assert from "node:assert/strict";
import { test } from "node:test";
import { labelsThatFit, slotsOf } from "../quantize/charts.js";
import { formatExact, formatWeight, alignedFormat, formatStep } from "../quantize/number_format.js";
import {
  bitBox,
  columnX,
  keyStep,
  lanesOf,
  layout,
  rulerReach,
  roundedTo,
  clampWindows,
  valueAt,
  valueX,
} from "../quantize/layout.js";
import {
  bitsOf,
  neighborRanks,
  changedByOutlier,
  codeOfBit,
  derive,
  rowAs,
  bitValue,
} from "../quantize/trace.js";
import { trace } from "./golden.js";

const STATES = ["default", "outlier", "odd", "flipped", "smallest", "zeros"];
/** @type {("int8" | "int4" | "groups")[]} */
const SCHEMES = ["int8", "int4", "groups"];
/** @param {string} name */
const read = (name) => derive(trace(name, "quantize"));

test("what comes back is what the formula says, for every weight of every state", () => {
  for (const state of STATES) {
    const derived = read(state);
    for (const name of SCHEMES) {
      for (let row = 0; row < derived.V; row++) {
        const now = rowAs(derived, name, row);
        for (let col = 0; col < derived.D; col++) {
          const { scale, zero, step } = now.group(col);
          const back = name === "groups" ? (now.codes[col] - zero) * scale : now.codes[col] / scale;
          assert.ok(
            Math.abs(back - now.restored[col]) <= 1e-5 * Math.max(1, Math.abs(back)),
            `${state} ${name} ${row} ${col}`,
          );
          assert.ok(state === "flipped" || Math.abs(now.errors[col]) <= (step / 2) * 1.001);
          const made = name === "groups" ? now.weights[col] / scale : now.weights[col] * scale;
          assert.ok(Math.abs(made - now.scaled[col]) < 1e-3);
        }
      }
    }
  }
});

test("the bits of the bytes are the codes, the first of a pair in the low half", () => {
  for (const state of STATES) {
    const derived = read(state);
    for (const name of SCHEMES) {
      const { scheme, codes, bytes } = rowAs(derived, name, 0);
      const sums = Array.from({ length: derived.D }, () => 0);
      bytes.length &&
        Array.from(bytes).forEach((byte, k) =>
          bitsOf(byte).forEach((on, place) => {
            const owner = codeOfBit(scheme, k, 7 - place, derived.D);
            if (owner >= 0) sums[owner] += on * bitValue(scheme, 7 - place);
          }),
        );
      assert.deepEqual(sums, Array.from(codes), `${state} ${name}`);
    }
  }
  assert.equal(
    codeOfBit({ bits: 4 }, 2, 4, 5),
    -1,
    "half of the last byte of an odd row is nobody's",
  );
  assert.deepEqual(
    [0, 3, 4, 7].map((bit) => bitValue({ bits: 4 }, bit)),
    [1, -8, 1, -8],
  );
  assert.deepEqual(
    [0, 6, 7].map((bit) => bitValue({ bits: 8 }, bit)),
    [1, 64, -128],
  );
});

test("the truth of the prediction is what the outlier really did", () => {
  const before = read("default");
  const after = read("outlier");
  for (const name of SCHEMES) {
    const was = rowAs(before, name, 9).codes;
    const is = rowAs(after, name, 9).codes;
    const cols = Array.from(is).flatMap((code, col) => (code === was[col] ? [] : [col]));
    assert.deepEqual(changedByOutlier(before, name, 9), cols, name);
    for (let row = 0; row < before.V; row++) {
      if (row !== 9)
        assert.deepEqual(rowAs(after, name, row).codes, rowAs(before, name, row).codes);
    }
    assert.equal(rowAs(before, name, 9, true).group(3).step, rowAs(after, name, 9).group(3).step);
  }
  assert.deepEqual(changedByOutlier(before, "int4", 9), [1, 4, 5, 6]);
  assert.deepEqual(
    changedByOutlier(before, "groups", 9).filter((col) => col > 3),
    [],
  );
});

test("neighbors: every one that is near before or after has a line and a place on both sides", () => {
  for (const state of STATES) {
    const derived = read(state);
    for (const name of SCHEMES) {
      const found = neighborRanks(derived, name, 0);
      assert.equal(found.filter((o) => o.before < derived.near).length, derived.near);
      assert.equal(found.filter((o) => o.after < derived.near).length, derived.near);
      const slots = slotsOf(found, derived.near);
      for (const side of [slots.before, slots.after]) {
        assert.deepEqual(
          [...side.values()].sort((a, b) => a - b),
          found.map((_, i) => i),
          `${state} ${name}`,
        );
      }
    }
  }
});

test("names of neighbors that would stand on each other are left out, those that changed last", () => {
  const ranks = [0, 1, 2, 3].map((row) => ({ row, kept: row < 2 }));
  const lines = new Map(ranks.map(({ row }) => [row, row]));
  const slots = { before: lines, after: lines };
  const fit = (/** @type {number} */ pitch) =>
    [...labelsThatFit(ranks, slots, pitch).before].sort();
  assert.deepEqual(fit(9), [0, 1, 2, 3]);
  assert.deepEqual(fit(8), [0, 2]);
});

test("the figure fits its width, and nothing lies on anything else", () => {
  for (const width of [312, 344, 520, 628, 840]) {
    for (const [V, D, block] of [
      [1, 1, 1],
      [16, 8, 4],
      [64, 32, 1],
      [64, 64, 64],
      [3, 5, 2],
    ]) {
      for (const bits of [4, 8]) {
        const groups = bits === 4 ? Math.ceil(D / block) : 1;
        const at = layout({ width, V, D, bits, groups, slots: Math.min(10, V) });
        const name = JSON.stringify({ width, V, D, bits, groups });
        const { ruler, memory, errors, near, rows } = at;
        if (!at.narrow) assert.ok(rows.x + rows.w <= memory.x, name);
        else assert.ok(rows.y + rows.h <= ruler.y && rows.count * rows.pitch <= width + 1, name);
        assert.ok(ruler.x >= 0 && ruler.x + ruler.w <= width, name);
        assert.ok(columnX(at, memory.cols) <= width + 1, `${name} ${columnX(at, memory.cols)}`);
        assert.ok(ruler.y + ruler.h < memory.y && memory.y + memory.h < errors.y - 20, name);
        assert.ok(near.x + near.w <= width + 1 && near.y + near.h <= at.height, name);
        assert.ok(bits === 8 || memory.cols % 2 === 0 || memory.cols === D, name);
        const last = bitBox(at, bits, Math.ceil(memory.cols / (bits === 4 ? 2 : 1)) - 1, 7);
        if (D % 2 === 0 || bits === 8)
          assert.ok(last.x + last.w <= columnX(at, memory.cols) + 1, name);
        assert.ok(last.w >= 5, `${name} ${last.w}`);
      }
    }
  }
});

test("the windows follow the weight, and a byte is drawn whole", () => {
  const at = layout({ width: 344, V: 64, D: 31, bits: 4, groups: 8, slots: 5 });
  for (let col = 0; col < 31; col++) {
    const sizes = { V: 64, D: 31, bits: 4, block: 4, groups: 8 };
    const seen = clampWindows({ row: 0, col: 0, band: 0 }, at, sizes, { row: 63, col });
    assert.ok(seen.col <= col && col < seen.col + at.memory.cols, String(col));
    assert.equal(seen.col % 2, 0);
    assert.ok(seen.row <= 63 && 63 < seen.row + at.rows.count);
    assert.ok(seen.band <= Math.floor(col / 4) && Math.floor(col / 4) < seen.band + at.ruler.count);
  }
});

test("the rulers stay where they are when the goal says so", () => {
  const sizes = { V: 64, D: 32, bits: 4, block: 1, groups: 32 };
  const at = layout({ width: 900, height: 394, ...sizes, slots: 5 });
  const windows = { row: 0, col: 0, band: 9 };
  assert.ok(at.ruler.count < 9);
  assert.equal(clampWindows(windows, at, sizes, { row: 0, col: 0 }).band, 0);
  assert.equal(clampWindows(windows, at, sizes, { row: 0, col: 0, band: 9 }).band, 9);
});

test("the ruler: a place is a value and back, and there is room to drag outwards", () => {
  const at = layout({ width: 640, V: 16, D: 8, bits: 4, groups: 1, slots: 5 });
  for (const most of [1e-30, 0.04, 0.8, 1, 2.4, 99, 3e38]) {
    const reach = rulerReach(most);
    assert.ok(reach >= 1.249 * most && reach <= 2.6 * most, String(most));
    assert.ok(Math.abs(valueAt(at, valueX(at, most, reach), reach) - most) < 1e-6 * reach);
    const step = keyStep(reach, false);
    assert.ok(Math.abs(roundedTo(most + step, reach) - most - step) <= step / 10, String(most));
  }
  assert.equal(rulerReach(0), 1);
  const end = at.ruler.x + at.ruler.w;
  assert.ok(
    Math.abs(valueAt(at, end + 200, 1) - 10) < 1e-9,
    "past the end it grows tenfold in 200 px",
  );
  assert.ok(Math.abs(valueAt(at, at.ruler.x - 100, 2) + 2 * Math.sqrt(10)) < 1e-9);
  assert.equal(roundedTo(0.123456, 1), 0.12);
  assert.deepEqual([keyStep(1, false), keyStep(1.5, true), keyStep(10, false)], [0.1, 0.01, 1]);
});

test("marks that are close stand in lanes of their own", () => {
  assert.deepEqual(lanesOf([0, 3, 50], 3, 10), [0, 1, 0]);
  assert.deepEqual(lanesOf([5, 5, 5, 5], 2, 10).sort(), [0, 0, 1, 1].sort());
});

test("numbers have the digits that count", () => {
  assert.deepEqual([0.69, 0.0123, 0, -3e38, 12.3456].map(formatWeight), [
    "0.69",
    "0.012",
    "0.00",
    "−3.0e38",
    "12.35",
  ]);
  assert.deepEqual([0.0986, 0.00543, 0, 1234.5].map(formatStep), [
    "0.0986",
    "0.00543",
    "0",
    "1234",
  ]);
  assert.equal(formatExact(10.1449), "10.14");
  assert.deepEqual([0.04, -0.0357, 0].map(alignedFormat(0.0493, 2, 3)), [
    "0.040",
    "−0.036",
    "0.000",
  ]);
});
