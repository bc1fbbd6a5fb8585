/**
 * Every number that is drawn, as tables.
 */
import { fixed, sized, whole } from "../kit/format.js";
import { curve, stepSize } from "./gradient_check.js";
import { columnOf, isAsked, layoutOf, weightOf } from "./state.js";
import { readingOf, standing } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function tables(scene) {
  const { trace, params, ui } = scene;
  const reading = readingOf(trace);
  const at = layoutOf(scene, reading);
  const { D, N, ids, tokens, rows } = reading;
  const columns = Array.from({ length: D }, (_, c) => String(c));
  const cells = (/** @type {ArrayLike<number>} */ values) => Array.from(values, (value) => fixed(value));
  const { token } = ui.own.windows;
  const drawn = Array.from({ length: at.chips.count }, (_, i) => token + i);
  const some = at.chips.count < N ? `, words ${token} to ${token + at.chips.count - 1} of ${whole(N)}` : "";
  const hidden = isAsked(scene);
  const now = (/** @type {number} */ row) => standing(reading, row, ui.step, params.rule);
  const first = rows.map((row) => ({ row, head: `${row} ${reading.word(row)}` }));
  const col = columnOf(scene);
  const weight = weightOf(scene);
  const of = weight.own ? weight : null;
  const backs = {
    caption: `What comes back${some}`,
    corner: "word",
    columns: ["id", ...columns],
    rows: drawn.map((n) => ({ head: `${n} ${tokens[n]}`, cells: [ids[n], ...cells(reading.back(n))] })),
  };
  if (hidden) return [backs, { caption: "Table W", corner: "row", columns, rows: first.map(({ row, head }) => ({ head, cells: cells(reading.weights(row)) })) }];
  const add = curve(trace, reading, "add", of);
  const assign = curve(trace, reading, "assign", of);
  return [
    backs,
    {
      caption: `Gradient of the table, by “${params.rule}”${ui.step < N ? ", so far" : ""}`,
      corner: "row",
      columns,
      rows: first.map(({ row, head }) => ({ head, cells: cells(now(row).values) })),
    },
    {
      caption: `Piles of column ${col}`,
      corner: "row",
      columns: ["arrived", "result"],
      rows: first.filter(({ row }) => now(row).any).map(({ row, head }) => ({ head, cells: [now(row).arrived.length, fixed(now(row).values[col])] })),
    },
    {
      caption: `Error by h, ${of ? `dW[${of.row}, ${of.col}]` : "all weights"}`,
      corner: "h",
      columns: ["add", "assign"],
      rows: add.map((error, digits) => ({ head: sized(stepSize(digits), 0), cells: [sized(error), sized(assign[digits])] })),
    },
  ];
}

