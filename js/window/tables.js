/**
 * Data tables of the window view: every number that is drawn.
 */
import { fixed } from "../kit/format.js";
import { TABLES } from "./narration.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/data_table.js").DataTable[]} */
export function tables(scene) {
  const derived = derive(scene.trace);
  const { step } = scene.ui;
  const columns = Array.from({ length: derived.D }, (_, c) => String(c));
  const pairs = {
    caption: derived.N ? `Pairs of ${derived.word(step)}` : "Pairs",
    corner: "word",
    columns: ["kind", "x", "σ(x)", "loss"],
    rows: derived.pairs(step).map((pair) => ({
      head: derived.words[pair.second],
      cells: [
        pair.positive ? "context" : "negative",
        fixed(pair.score),
        fixed(pair.sigmoid),
        fixed(pair.loss),
      ],
    })),
  };
  /** @type {("before" | "gradient" | "after")[]} */
  const stages = derived.N ? ["before", "gradient", "after"] : ["before"]; // no word, no step
  const all = TABLES.flatMap((name, side) =>
    stages.map((stage) => ({
      caption: `${name[0].toUpperCase()}${name.slice(1)}, ${stage}`,
      corner: "row",
      columns,
      rows: derived.words.map((word, row) => ({
        head: word,
        cells: Array.from(derived[stage](step, side, row), (v) =>
          fixed(v, stage === "gradient" ? 3 : 2),
        ),
      })),
    })),
  );
  return [pairs, ...all];
}
