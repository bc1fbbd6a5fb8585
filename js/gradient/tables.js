/**
 * Data tables of the gradient view: every number that is drawn.
 */
import { fixed, scientific, formatInt } from "../kit/format.js";
import { errorsByStep, stepSize } from "./gradient_check.js";
import { selectedColumn, isPredicting, layoutOf, selectedWeight } from "./state.js";
import { derive, rowStateAt } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function tables(scene) {
  const { trace, params, ui } = scene;
  const derived = derive(trace);
  const at = layoutOf(scene, derived);
  const { D, N, ids, tokens, rows } = derived;
  const columns = Array.from({ length: D }, (_, c) => String(c));
  const cells = (/** @type {ArrayLike<number>} */ values) =>
    Array.from(values, (value) => fixed(value));
  const { token } = ui.local.windows;
  const drawn = Array.from({ length: at.chips.count }, (_, i) => token + i);
  const some =
    at.chips.count < N
      ? `, words ${token} to ${token + at.chips.count - 1} of ${formatInt(N)}`
      : "";
  const hidden = isPredicting(scene);
  const now = (/** @type {number} */ row) => rowStateAt(derived, row, ui.step, params.rule);
  const first = rows.map((row) => ({ row, head: `${row} ${derived.word(row)}` }));
  const col = selectedColumn(scene);
  const weight = selectedWeight(scene);
  const of = weight.own ? weight : null;
  const backs = {
    caption: `Upstream gradient${some}`,
    corner: "word",
    columns: ["id", ...columns],
    rows: drawn.map((n) => ({
      head: `${n} ${tokens[n]}`,
      cells: [ids[n], ...cells(derived.gradOutput(n))],
    })),
  };
  if (hidden)
    return [
      backs,
      {
        caption: "Table W",
        corner: "row",
        columns,
        rows: first.map(({ row, head }) => ({ head, cells: cells(derived.weights(row)) })),
      },
    ];
  const add = errorsByStep(trace, derived, "add", of);
  const assign = errorsByStep(trace, derived, "assign", of);
  return [
    backs,
    {
      caption: `Gradient of the table, by “${params.rule}”${ui.step < N ? ", so far" : ""}`,
      corner: "row",
      columns,
      rows: first.map(({ row, head }) => ({ head, cells: cells(now(row).values) })),
    },
    {
      caption: `Sums in column ${col}`,
      corner: "row",
      columns: ["gradients", "sum"],
      rows: first
        .filter(({ row }) => now(row).any)
        .map(({ row, head }) => ({
          head,
          cells: [now(row).arrived.length, fixed(now(row).values[col])],
        })),
    },
    {
      caption: `Error by h, ${of ? `dW[${of.row}, ${of.col}]` : "all weights"}`,
      corner: "h",
      columns: ["add", "assign"],
      rows: add.map((error, digits) => ({
        head: scientific(stepSize(digits), 0),
        cells: [scientific(error), scientific(assign[digits])],
      })),
    },
  ];
}
