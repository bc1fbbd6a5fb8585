import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  pluralize,
  duration,
  fixed,
  joinList,
  ordinal,
  parseNumber,
  shape,
  scientific,
  formatInt,
} from "../kit/format.js";

test("numbers read as Python prints them, digit for digit", () => {
  const { cases } = JSON.parse(
    readFileSync(new URL("golden/numbers.json", import.meta.url), "utf8"),
  );
  assert.ok(cases.length > 50);
  for (const [value, digits, text] of cases)
    assert.equal(fixed(Number(value), digits), text, `${value} to ${digits}`);
});

test("halves go to the even digit, the minus is a true one, and zero has none", () => {
  assert.deepEqual(
    [0.125, 0.375, -0.125, -0.001, 0].map((v) => fixed(v)),
    ["0.12", "0.38", "−0.12", "0.00", "0.00"],
  );
  assert.deepEqual(
    [0.5, 1.5, 2.5].map((v) => fixed(v, 0)),
    ["0", "2", "2"],
  );
  assert.deepEqual(
    [NaN, Infinity, -Infinity].map((v) => fixed(v)),
    ["NaN", "∞", "−∞"],
  );
});

test("whole numbers stand in groups of three", () => {
  assert.deepEqual([7, 1000, 60000000, -1234].map(formatInt), [
    "7",
    "1\u202f000",
    "60\u202f000\u202f000",
    "−1\u202f234",
  ]);
});

test("durations have a unit to compare by", () => {
  assert.deepEqual([312, 999.6, 2900, 31_000, 1_200_000, 3e9, null].map(duration), [
    "312 ns",
    "1.0 µs",
    "2.9 µs",
    "31 µs",
    "1.2 ms",
    "3.0 s",
    "—",
  ]);
});

test("shapes, counts, places and lists", () => {
  assert.deepEqual([shape([6]), shape([6, 8]), shape([])], ["(6,)", "(6, 8)", "()"]);
  assert.deepEqual([pluralize(1, "row"), pluralize(0, "row")], ["1 row", "0 rows"]);
  assert.deepEqual([0, 8, 9, 10, 11, 20, 21, 110].map(ordinal), [
    "first",
    "ninth",
    "10th",
    "11th",
    "12th",
    "21st",
    "22nd",
    "111th",
  ]);
  assert.deepEqual(
    [joinList([]), joinList([1]), joinList([1, 2, 3]), joinList([1, 2, 3], 2)],
    ["", "1", "1, 2 and 3", "1, 2 … and 1 more"],
  );
});

test("what a person types is a number, or it is not", () => {
  assert.deepEqual(
    ["0.5", " −0,5 ", "+.5", "1e-2", "5."].map(parseNumber),
    [0.5, -0.5, 0.5, 0.01, 5],
  );
  assert.deepEqual(["", "abc", "1.2.3", "0x10", "Infinity", "1,000.5"].map(parseNumber), [
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("a number by its size has one digit before its point", () => {
  assert.deepEqual(
    [3.24e-10, -0.5, 0, 12, 1e-5, NaN, Infinity].map((v) => scientific(v)),
    ["3.2e−10", "−5.0e−1", "0", "1.2e1", "1.0e−5", "NaN", "∞"],
  );
  assert.equal(scientific(1e-5, 0), "1e−5");
});
