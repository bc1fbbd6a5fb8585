import assert from "node:assert/strict";
import { test } from "node:test";
import { hatch } from "../mask/cells.js";
import {
  withLength,
  insert,
  isRecurrent,
  lengthsFor,
  move,
  remove,
  toggleReturnSequences,
} from "../mask/layer_edits.js";
import { boundary, cellX, gapAt, gapMark, hit, layout, lengthAt, rowTop } from "../mask/layout.js";
import { distanceText } from "../mask/facts.js";
import { isPadding, labelOf, norm, paddingOf, pooledOf, derive, wordsOf } from "../mask/trace.js";
import { trace } from "./golden.js";

/** @param {string} name */
const read = (name) => derive(trace(name, "mask"));
/** @param {number} width @param {ReturnType<typeof read>} derived */
const laid = (width, { B, T, D, stages }) => layout({ width, B, T, D, sentence: 1, stages });

test("the figure fits its width, and nothing lies on anything else", () => {
  for (const width of [312, 344, 519, 520, 640, 678, 860]) {
    for (const name of ["default", "flat", "hostile", "empty", "replaced"]) {
      const derived = read(name);
      const at = laid(width, derived);
      const told = `${name} at ${width}`;
      assert.equal(at.columns.length, derived.stages.length + 1, told);
      at.columns.forEach((column, k) => {
        const cells = k ? derived.stages[k - 1].cells : derived.T;
        assert.ok(column.x + cells * column.pitch <= width + 0.5, `${told}: column ${k}`);
        assert.ok(column.pitch >= 3, `${told}: column ${k} has cells of ${column.pitch}`);
        const next = at.columns[k + 1];
        if (!next) return;
        const apart = at.narrow
          ? next.card.y - column.card.y - column.card.h
          : next.card.x - column.card.x - column.card.w;
        assert.ok(apart >= 8, `${told}: cards ${k} and ${k + 1} are ${apart} apart`);
        if (at.narrow && derived.B) assert.ok(rowTop(at, k, derived.B - 1) + at.vh < next.y, told);
      });
      assert.ok(at.dots + at.r < at.rowH, told);
      assert.ok(at.foot < at.height && at.lead.x + at.lead.w <= width, told);
    }
  }
});

test("a point finds what is drawn under it", () => {
  const derived = read("default");
  for (const width of [344, 678]) {
    const at = laid(width, derived);
    const { card } = at.columns[3];
    assert.deepEqual(hit(at, derived, card.x + 5, card.y + 5), { part: "card", k: 2 });
    assert.deepEqual(hit(at, derived, cellX(at, 2, 4.5), rowTop(at, 2, 1) + 3), {
      part: "place",
      k: 1,
      b: 1,
      cell: 4,
    });
    assert.deepEqual(hit(at, derived, cellX(at, 0, 0.5), rowTop(at, 0, 3) + at.vh / 2), {
      part: "ids",
      b: 3,
      cell: 0,
    });
    assert.equal(hit(at, derived, width - 1, at.height - 2), null);
  }
});

test("a dragged layer lands in the gap it is nearest to", () => {
  const derived = read("default");
  for (const width of [344, 678]) {
    const at = laid(width, derived);
    const middle = (/** @type {number} */ k) => {
      const { x, y, w, h } = at.columns[k].card;
      return /** @type {const} */ ([x + w / 2, y + h / 2]);
    };
    assert.equal(gapAt(at, ...middle(1)), 0, "over the embedding: right behind it");
    const [x, y] = middle(2);
    assert.equal(gapAt(at, x + 2, y + 2), 1);
    assert.equal(gapAt(at, x - 2, y - 2), 0);
    assert.equal(gapAt(at, at.width + 40, at.height + 40), derived.stages.length - 1);
    for (let gap = 0; gap < derived.stages.length; gap++) {
      const mark = gapMark(at, gap);
      assert.equal(
        gapAt(at, mark.x + mark.w / 2, mark.y + mark.h / 2),
        gap,
        "the mark stands in its gap",
      );
      assert.ok(mark.x >= 0 && mark.x + mark.w <= width);
    }
  }
});

test("a sentence's end can be dragged as far as its words go", () => {
  const derived = { ...read("default"), available: [8, 6, 8, 8] };
  const at = laid(678, derived);
  for (const pre of [false, true]) {
    for (const [b, n] of derived.lengths.entries()) {
      assert.equal(
        lengthAt(at, derived, pre, b, boundary(at, derived, pre, b)),
        n,
        "where the handle stands",
      );
    }
    const step = at.columns[0].pitch * (pre ? -1 : 1);
    const from = boundary(at, derived, pre, 1);
    assert.equal(lengthAt(at, derived, pre, 1, from + 2 * step), 5);
    assert.equal(lengthAt(at, derived, pre, 1, from + 50 * step), 6, "it has no seventh word");
    assert.equal(lengthAt(at, derived, pre, 1, from - 50 * step), 0);
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
  assert.deepEqual(toggleReturnSequences(["GRU"], 0), ["GRU(return_sequences=True)"]);
  assert.deepEqual(toggleReturnSequences(toggleReturnSequences(["GRU"], 0), 0), ["GRU"]);
  assert.ok(isRecurrent("GRU(return_sequences=True)") && !isRecurrent("Dense"));
  assert.deepEqual(row, ["Dropout", "Conv1D", "Dense"], "lists are never changed");
  assert.deepEqual(withLength([8, 3], 1, 5), [8, 5]);
});

test("a line that stays as it was keeps its cut", () => {
  const most = { lines: 6, words: 12 };
  assert.deepEqual(lengthsFor("a b\nc d", "a b\nc d e", [1, 1], most), [1, 12]);
  assert.deepEqual(lengthsFor("a", "a\nb", [], most), [12, 12]);
  assert.equal(lengthsFor("", "x\n".repeat(40), [], most).length, 6);
});

test("a reading knows what each layer does to the mask, and where padding counts", () => {
  const { stages, lostAt, lossOff, tokens } = read("default");
  assert.deepEqual(
    stages.map(({ label, status, paddingCounts }) => [label, status, paddingCounts]),
    [
      ["Embedding", "made", false],
      ["Dropout", "kept", false],
      ["Conv1D", "lost here", true],
      ["Mean pool", "none", true],
      ["Dense", "none", true],
    ],
  );
  assert.equal(lostAt, 2);
  assert.ok(Math.abs(lossOff - 0.32) < 0.005);
  assert.deepEqual(tokens[1].slice(0, 4), ["a", "dog", "ran", ""]);
  const derived = read("default");
  assert.equal(paddingOf(derived), 10);
  assert.deepEqual(wordsOf(derived, 1), ["a", "dog", "ran"]);
  assert.ok(isPadding(derived, stages[1], 1, 3) && !isPadding(derived, stages[1], 1, 2));
  assert.equal(stages[1].mask?.(1, 2), true);
  assert.equal(stages[1].mask?.(1, 3), false);
  assert.equal(stages[2].mask, null);
  assert.ok(read("kept").stages.every(({ paddingCounts }) => !paddingCounts));
  assert.equal(read("kept").lostAt, null);
});

test("a mask that Masking replaced calls padding a word", () => {
  const { stages } = read("replaced");
  assert.deepEqual(
    stages.map(({ status }) => status),
    ["made", "replaced", "consumed", "none"],
  );
  assert.deepEqual(
    stages.map(({ paddingCounts }) => paddingCounts),
    [false, true, true, true],
  );
});

test("Flatten is drawn folded, place by place, and has no truth before Dense", () => {
  const derived = read("flat");
  const [, before, flat] = derived.stages;
  assert.equal(flat.form, "flat");
  assert.deepEqual(flat.shape, [4, 24]);
  for (let t = 0; t < 8; t++) assert.deepEqual(flat.valuesAt(2, t), before.valuesAt(2, t));
  assert.match(derived.noReference, /Without padding the model cannot run/);
  assert.ok(Number.isNaN(derived.lossOff) && Number.isNaN(derived.pooledOff(0, "model")));
  assert.deepEqual(distanceText(derived.lossOff), { value: "—", tone: "" });
  assert.deepEqual(flat.valuesAt(0, 0, "reference"), []);
  assert.ok(isPadding(derived, flat, 1, 0), "padding in front");
});

test("the pooled vector in three ways, and how far the loss is off", () => {
  const kept = pooledOf(read("kept"), 1);
  kept.model.forEach((value, i) => assert.ok(Math.abs(value - kept.reference[i]) < 1e-12));
  assert.notDeepEqual(kept.model, kept.unmasked);
  const lost = pooledOf(read("default"), 1);
  assert.deepEqual(lost.model, lost.unmasked);
  const off = lost.model.reduce((sum, v, i) => sum + (v - lost.reference[i]) ** 2, 0) ** 0.5;
  assert.ok(Math.abs(read("default").pooledOff(1, "model") - off) < 1e-6);
  assert.deepEqual(distanceText(read("default").lossOff), { value: "0.32", tone: "bad" });
  assert.deepEqual(distanceText(read("kept").lossOff), { value: "0", tone: "good" });
  assert.equal(norm(read("kept").gradient("model")), 0);
  assert.ok(norm(read("kept").gradient("unmasked")) > 0.1);
  assert.ok(Number.isNaN(norm(null)));
});

test("the mean of the numbers drawn is the number that is pooled", () => {
  const { stages } = read("default");
  for (let b = 0; b < 4; b++) {
    const mean =
      Array.from({ length: 8 }, (_, t) => stages[2].valuesAt(b, t)[1]).reduce((a, v) => a + v, 0) /
      8;
    assert.ok(Math.abs(mean - stages[3].valuesAt(b, 1)[0]) < 1e-12);
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
  for (const [w, h] of [
    [10, 40],
    [40, 10],
    [6, 6],
  ]) {
    const numbers = [...hatch(3, 5, w, h).matchAll(/[ML]([-\d.]+) ([-\d.]+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    assert.ok(numbers.length >= 4);
    for (const [x, y] of numbers)
      assert.ok(
        x >= 3 && x <= 3 + w + 0.01 && y >= 5 - 0.01 && y <= 5 + h + 0.01,
        `${x} ${y} in ${w} x ${h}`,
      );
  }
});
