import assert from "node:assert/strict";
import { test } from "node:test";
import { hatch } from "../mask/cells.js";
import { cut, insert, isRecurrent, lengthsFor, move, remove, turn } from "../mask/layer_edits.js";
import { boundary, cellX, gapAt, gapMark, hit, layout, lengthAt, rowTop } from "../mask/layout.js";
import { off } from "../mask/facts.js";
import { isPadding, labelOf, norm, paddingOf, pooledOf, readingOf, wordsOf } from "../mask/trace.js";
import { trace } from "./golden.js";

/** @param {string} name */
const read = (name) => readingOf(trace(name, "mask"));
/** @param {number} width @param {ReturnType<typeof read>} reading */
const laid = (width, { B, T, D, stages }) => layout({ width, B, T, D, stages });

test("the figure fits its width, and nothing lies on anything else", () => {
  for (const width of [312, 344, 519, 520, 640, 678, 860]) {
    for (const name of ["default", "flat", "hostile", "empty", "replaced"]) {
      const reading = read(name);
      const at = laid(width, reading);
      const told = `${name} at ${width}`;
      assert.equal(at.columns.length, reading.stages.length + 1, told);
      at.columns.forEach((column, k) => {
        const cells = k ? reading.stages[k - 1].cells : reading.T;
        assert.ok(column.x + cells * column.pitch <= width + 0.5, `${told}: column ${k}`);
        assert.ok(column.pitch >= 3, `${told}: column ${k} has cells of ${column.pitch}`);
        const next = at.columns[k + 1];
        if (!next) return;
        const apart = at.narrow ? next.card.y - column.card.y - column.card.h : next.card.x - column.card.x - column.card.w;
        assert.ok(apart >= 8, `${told}: cards ${k} and ${k + 1} are ${apart} apart`);
        if (at.narrow && reading.B) assert.ok(rowTop(at, k, reading.B - 1) + at.vh < next.y, told);
      });
      assert.ok(at.dots + at.r < at.rowH, told);
      assert.ok(at.bars + 3 * 21 <= at.height + 1, told);
    }
  }
});

test("a point finds what is drawn under it", () => {
  const reading = read("default");
  for (const width of [344, 678]) {
    const at = laid(width, reading);
    const { card } = at.columns[3];
    assert.deepEqual(hit(at, reading, card.x + 5, card.y + 5), { part: "card", k: 2 });
    assert.deepEqual(hit(at, reading, cellX(at, 2, 4.5), rowTop(at, 2, 1) + 3), { part: "place", k: 1, b: 1, cell: 4 });
    assert.deepEqual(hit(at, reading, cellX(at, 0, 0.5), rowTop(at, 0, 3) + 3), { part: "ids", b: 3, cell: 0 });
    assert.equal(hit(at, reading, width - 1, at.height - 2), null);
  }
});

test("a dragged layer lands in the gap it is nearest to", () => {
  const reading = read("default");
  for (const width of [344, 678]) {
    const at = laid(width, reading);
    const middle = (/** @type {number} */ k) => {
      const { x, y, w, h } = at.columns[k].card;
      return /** @type {const} */ ([x + w / 2, y + h / 2]);
    };
    assert.equal(gapAt(at, ...middle(1)), 0, "over the embedding: right behind it");
    const [x, y] = middle(2);
    assert.equal(gapAt(at, x + 2, y + 2), 1);
    assert.equal(gapAt(at, x - 2, y - 2), 0);
    assert.equal(gapAt(at, at.width + 40, at.height + 40), reading.stages.length - 1);
    for (let gap = 0; gap < reading.stages.length; gap++) {
      const mark = gapMark(at, gap);
      assert.equal(gapAt(at, mark.x + mark.w / 2, mark.y + mark.h / 2), gap, "the mark stands in its gap");
      assert.ok(mark.x >= 0 && mark.x + mark.w <= width);
    }
  }
});

test("a sentence's end can be dragged as far as its words go", () => {
  const reading = { ...read("default"), available: [8, 6, 8, 8] };
  const at = laid(678, reading);
  for (const pre of [false, true]) {
    for (const [b, n] of reading.lengths.entries()) {
      assert.equal(lengthAt(at, reading, pre, b, boundary(at, reading, pre, b)), n, "where the handle stands");
    }
    const step = at.columns[0].pitch * (pre ? -1 : 1);
    const from = boundary(at, reading, pre, 1);
    assert.equal(lengthAt(at, reading, pre, 1, from + 2 * step), 5);
    assert.equal(lengthAt(at, reading, pre, 1, from + 50 * step), 6, "it has no seventh word");
    assert.equal(lengthAt(at, reading, pre, 1, from - 50 * step), 0);
  }
});

test("layers are put in, moved and taken out", () => {
  const row = ["Dropout", "Conv1D", "Dense"];
  assert.deepEqual(move(row, 0, 2), ["Conv1D", "Dropout", "Dense"]);
  assert.deepEqual(move(row, 0, 1), row, "into the gap it stands in");
  assert.deepEqual(move(row, 2, 0), ["Dense", "Dropout", "Conv1D"]);
  assert.deepEqual(remove(row, 1), ["Dropout", "Dense"]);
  assert.deepEqual(insert(row, 3, "LSTM"), [...row, "LSTM"], "nothing behind it needs each step");
  assert.deepEqual(insert(row, 1, "LSTM")[1], "LSTM(return_sequences=True)", "Conv1D does");
  assert.deepEqual(insert(["Flatten", "Dense"], 0, "GRU")[0], "GRU");
  assert.deepEqual(turn(["GRU"], 0), ["GRU(return_sequences=True)"]);
  assert.deepEqual(turn(turn(["GRU"], 0), 0), ["GRU"]);
  assert.ok(isRecurrent("GRU(return_sequences=True)") && !isRecurrent("Dense"));
  assert.deepEqual(row, ["Dropout", "Conv1D", "Dense"], "lists are never changed");
  assert.deepEqual(cut([8, 3], 1, 5), [8, 5]);
});

test("a line that stays as it was keeps its cut", () => {
  const most = { lines: 6, words: 12 };
  assert.deepEqual(lengthsFor("a b\nc d", "a b\nc d e", [1, 1], most), [1, 12]);
  assert.deepEqual(lengthsFor("a", "a\nb", [], most), [12, 12]);
  assert.equal(lengthsFor("", "x\n".repeat(40), [], most).length, 6);
});

test("a reading knows what each layer does to the mask, and where padding counts", () => {
  const { stages, lostAt, factor, tokens } = read("default");
  assert.deepEqual(
    stages.map(({ label, verdict, spoilt }) => [label, verdict, spoilt]),
    [
      ["Embedding", "made", false],
      ["Dropout", "kept", false],
      ["Conv1D", "lost here", true],
      ["Mean pool", "none", true],
      ["Dense", "none", true],
    ],
  );
  assert.equal(lostAt, 2);
  assert.ok(factor && factor < 0.65 && factor > 0.6);
  assert.deepEqual(tokens[1].slice(0, 4), ["a", "dog", "ran", ""]);
  const reading = read("default");
  assert.equal(paddingOf(reading), 10);
  assert.deepEqual(wordsOf(reading, 1), ["a", "dog", "ran"]);
  assert.ok(isPadding(reading, stages[1], 1, 3) && !isPadding(reading, stages[1], 1, 2));
  assert.equal(stages[1].mask?.(1, 2), true);
  assert.equal(stages[1].mask?.(1, 3), false);
  assert.equal(stages[2].mask, null);
  assert.ok(read("kept").stages.every(({ spoilt }) => !spoilt));
  assert.equal(read("kept").lostAt, null);
});

test("a mask that Masking replaced calls padding a word", () => {
  const { stages } = read("replaced");
  assert.deepEqual(stages.map(({ verdict }) => verdict), ["made", "replaced", "consumed", "none"]);
  assert.deepEqual(stages.map(({ spoilt }) => spoilt), [false, true, true, true]);
});

test("Flatten is drawn folded, place by place, and has no truth before Dense", () => {
  const reading = read("flat");
  const [, before, flat] = reading.stages;
  assert.equal(flat.form, "flat");
  assert.deepEqual(flat.shape, [4, 24]);
  for (let t = 0; t < 8; t++) assert.deepEqual(flat.at(2, t), before.at(2, t));
  assert.match(reading.noTruth, /Without padding the model cannot run/);
  assert.equal(reading.factor, null);
  assert.equal(off(reading), null);
  assert.deepEqual(flat.at(0, 0, "truth"), []);
  assert.ok(isPadding(reading, flat, 1, 0), "padding in front");
});

test("the pooled vector in three ways, and how far the loss is off", () => {
  const kept = pooledOf(read("kept"), 1);
  kept.here.forEach((value, i) => assert.ok(Math.abs(value - kept.truth[i]) < 1e-12));
  assert.notDeepEqual(kept.here, kept.without);
  const lost = pooledOf(read("default"), 1);
  assert.deepEqual(lost.here, lost.without);
  assert.deepEqual(off(read("default")), { name: "too low by", value: "37.9 %", tone: "bad" });
  assert.deepEqual(off(read("kept")), { name: "off by", value: "0 %", tone: "good" });
  assert.equal(norm(read("kept").gradient("here")), 0);
  assert.ok(norm(read("kept").gradient("without")) > 0.1);
  assert.ok(Number.isNaN(norm(null)));
});

test("the mean of the numbers drawn is the number that is pooled", () => {
  const { stages } = read("default");
  for (let b = 0; b < 4; b++) {
    const mean = Array.from({ length: 8 }, (_, t) => stages[2].at(b, t)[1]).reduce((a, v) => a + v, 0) / 8;
    assert.ok(Math.abs(mean - stages[3].at(b, 1)[0]) < 1e-12);
  }
});

test("nothing to read, and odd words, are readings too", () => {
  assert.equal(read("empty").B, 0);
  assert.equal(paddingOf(read("empty")), 0);
  const { tokens, lengths } = read("hostile");
  assert.equal(lengths[2], 0, "a line without a word");
  assert.ok(tokens[1].includes("חתול"));
  assert.equal(labelOf("LSTM(return_sequences=True)"), "LSTM");
  assert.equal(labelOf("own name"), "own name");
});

test("stripes stay inside their box", () => {
  for (const [w, h] of [[10, 40], [40, 10], [6, 6]]) {
    const numbers = [...hatch(3, 5, w, h).matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    assert.ok(numbers.length >= 4);
    for (const [x, y] of numbers) assert.ok(x >= 3 && x <= 3 + w + 0.01 && y >= 5 - 0.01 && y <= 5 + h + 0.01, `${x} ${y} in ${w} x ${h}`);
  }
});
