/**
 * Data tables of the lookup view: every number that is drawn.
 */
import { fixed, formatInt } from "../kit/format.js";
import { layoutOf } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function tables(scene) {
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const { windows } = scene.ui.local;
  const { V, D, N, ids, rows, tokens, words, rowId } = derived;
  const columns = Array.from({ length: D }, (_, c) => String(c));
  const drawn = { rows: Math.min(at.table.rows, V), tokens: at.chips.count };
  /** @param {ArrayLike<number> | null} values */
  const cells = (values) => (values ? Array.from(values, (v) => fixed(v)) : columns.map(() => "—"));
  /** @param {string} what @param {number} first @param {number} shown @param {number} all */
  const some = (what, first, shown, all) =>
    shown < all ? `, ${what} ${first} to ${first + shown - 1} of ${formatInt(all)}` : "";
  const tokenRows = Array.from({ length: drawn.tokens }, (_, i) => windows.token + i);
  return [
    {
      caption: `Words${some("words", windows.token, drawn.tokens, N)}`,
      corner: "word",
      columns: ["position", "id", "row read"],
      rows: tokenRows.map((n) => ({
        head: tokens[n],
        cells: [n, ids[n], rows[n] < 0 ? "none" : rowId(rows[n])],
      })),
    },
    {
      caption: `Table W${some("rows", windows.row, drawn.rows, V)}`,
      corner: "row",
      columns,
      rows: Array.from({ length: drawn.rows }, (_, i) => windows.row + i).map((row) => ({
        head: `${rowId(row)} ${words[row]}`,
        cells: cells(derived.weights(row)),
      })),
    },
    {
      caption: `Output${some("rows", windows.token, drawn.tokens, N)}`,
      corner: "row",
      columns,
      rows: tokenRows.map((n) => ({ head: `${n} ${tokens[n]}`, cells: cells(derived.output(n)) })),
    },
  ];
}
