/**
 * Every number the mask view draws, as tables.
 */
import { fixed } from "../kit/format.js";
import { WAY_NAMES, off } from "./facts.js";
import { WAYS, norm, pooledOf, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("../kit/data_table.js").DataTable} DataTable */

/** @param {Scene} scene @returns {DataTable[]} */
export function tables(scene) {
  const reading = readingOf(scene.trace);
  const { B, T, stages, lengths } = reading;
  const asked = scene.ui.prediction?.phase === "open";
  const places = Array.from({ length: T }, (_, t) => String(t));
  const sentences = Array.from({ length: B }, (_, b) => b);
  /** @type {DataTable[]} */
  const found = [
    {
      caption: "Sentences, their ids place by place",
      corner: "sentence",
      columns: ["words", "padding", ...places],
      rows: sentences.map((b) => ({ head: `${b + 1}`, cells: [lengths[b], T - lengths[b], ...places.map((_, t) => reading.id(b, t))] })),
    },
  ];
  for (const stage of stages) {
    const masked = !asked && stage.mask;
    const vector = stage.form === "vector";
    const verdict = asked ? "" : `, mask ${stage.verdict}`;
    found.push({
      caption: `${stage.n + 1}. ${stage.label} (${stage.shape.join(", ")})${verdict}`,
      corner: vector ? "sentence" : "sentence, place",
      columns: [...(masked ? ["mask"] : []), ...Array.from({ length: vector ? stage.cells : stage.size }, (_, i) => String(i))],
      rows: vector
        ? sentences.map((b) => ({ head: `${b + 1}`, cells: Array.from({ length: stage.cells }, (_, i) => fixed(stage.at(b, i)[0])) }))
        : sentences.flatMap((b) =>
            Array.from({ length: stage.cells }, (_, t) => ({
              head: `${b + 1}, ${t} ${stage.cells === T ? reading.tokens[b][t] : ""}`.trim(),
              cells: [...(masked ? [stage.mask?.(b, t) ? "True" : "False"] : []), ...stage.at(b, t).map((v) => fixed(v))],
            })),
          ),
    });
  }
  if (asked) return found;
  const ways = WAYS.map((way) => WAY_NAMES[way]);
  if (reading.pooledAt !== null && B) {
    const b = scene.ui.own.sentence;
    const values = pooledOf(reading, b);
    found.push({
      caption: `${stages[reading.pooledAt].label} of sentence ${b + 1}, three ways`,
      corner: "number",
      columns: ways,
      rows: values.here.slice(0, 6).map((_, i) => ({ head: String(i), cells: WAYS.map((way) => (values[way][i] === undefined ? "—" : fixed(values[way][i]))) })),
    });
  }
  const wrong = off(reading);
  found.push({
    caption: `What it costs${wrong ? `: the loss is ${wrong.name} ${wrong.value}` : ""}`,
    corner: "what",
    columns: ways,
    rows: [
      { head: "loss", cells: WAYS.map((_, i) => (i === 2 && reading.noTruth ? "—" : fixed(reading.loss[i], 3))) },
      { head: "gradient W[0]", cells: WAYS.map((way) => (reading.gradient(way) ? fixed(norm(reading.gradient(way)), 3) : "—")) },
    ],
  });
  found.push({
    caption: "Row 0 of the table",
    corner: "row",
    columns: [...Array.from(reading.row0, (_, i) => String(i)), "length"],
    rows: [{ head: "W[0]", cells: [...Array.from(reading.row0, (v) => fixed(v)), fixed(norm(reading.row0), 3)] }],
  });
  return found;
}
