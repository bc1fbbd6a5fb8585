/**
 * The two grids of a backward pass: what comes back to each word, and the gradient of the table.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { heatRow } from "../kit/heatmap.js";
import { markOf } from "../kit/predict.js";
import { within } from "../kit/roving_tabindex.js";
import { chipY } from "./layout.js";
import { isLost, standing, stopOf } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function backGrid({ scene, reading, at, lit, asked, rule, step }) {
  const { token: first, col: col0 } = scene.ui.own.windows;
  const { focus } = scene.ui;
  if (!reading.N) return nothing;
  const stop =
    focus?.part === "back"
      ? focus
      : { n: within(stopOf(lit, reading, step), first, at.chips.count), col: col0 };
  const rows = Array.from({ length: at.chips.count }, (_, i) => {
    const n = first + i;
    const faded = !reading.arrives(n) || (!asked && isLost(reading, n, step, rule));
    const stopCol = stop.n === n ? stop.col : -1;
    return guard([scene.trace, at, col0, n, faded, stopCol, scene.theme], () => {
      const values = windowOf(reading.back(n), col0, at.table.cols);
      return svg`<g class="${faded ? "faded" : ""}">${heatRow({
        values,
        col0,
        x: at.back.x,
        y: chipY(at, i) - at.back.ch / 2,
        cw: at.table.cw,
        ch: at.back.ch - 1.5,
        most: reading.most,
        theme: scene.theme,
        label: (col, value) => `g[${n}, ${col}] = ${value}`,
        place: (col) => `back:${n}:${col}`,
        stop: stopCol,
        rowIndex: n + 1,
        name: `what comes back to ${reading.tokens[n]}`,
      })}</g>`;
    });
  });
  return svg`<g role="grid" aria-label="What comes back to each word" aria-rowcount=${reading.N} aria-colcount=${reading.D}>${rows}</g>`;
}

/**
 * The gradient of the table as far as it has arrived; while rows are asked for, the table itself.
 * @param {Drawing} d
 */
export function tableGrid({ scene, reading, at, lit, asked, rule, step }) {
  const { col: col0 } = scene.ui.own.windows;
  const { focus, prediction } = scene.ui;
  const { table } = at;
  const stop =
    focus?.part === "cell" && reading.place(focus.row) >= 0
      ? focus
      : { row: lit.row >= 0 ? lit.row : reading.rows[0], col: col0 };
  const rows = reading.rows.map((row, i) => {
    const { values: all, any } = standing(reading, row, step, rule);
    const seen = asked ? 0 : step; // while it asks the table itself is shown
    const mark = markOf(scene.ui.own.asks === "rows" ? prediction : null, row);
    const faded = !asked && !any;
    const stopCol = stop.row === row ? Math.min(stop.col, reading.D - 1) : -1;
    return guard([scene.trace, seen, rule, at, col0, row, faded, mark, asked, stopCol, scene.theme], () => {
      const values = windowOf(asked ? reading.weights(row) : all, col0, table.cols);
      return svg`<g class="${faded ? "faded" : ""}">${heatRow({
        values,
        col0,
        x: table.x,
        y: table.y + i * table.rh,
        cw: table.cw,
        ch: table.rh - 1.5,
        most: reading.most,
        theme: scene.theme,
        label: (col, value) => `${asked ? "W" : "dW"}[${row}, ${col}] = ${value}`,
        place: (col) => `cell:${row}:${col}`,
        stop: stopCol,
        rowIndex: i + 1,
        name: `row ${row}${reading.word(row) ? `, ${reading.word(row)}` : ""}`,
        selected: asked && scene.ui.own.asks === "rows" ? mark === "chosen" : null,
      })}</g>`;
    });
  });
  const choosing = asked && scene.ui.own.asks === "rows";
  return svg`<g role="grid" aria-label=${choosing ? "Rows to choose from" : asked ? "Table W" : "Gradient of the table"} aria-multiselectable=${choosing ? "true" : nothing} aria-rowcount=${reading.rows.length} aria-colcount=${reading.D}>${rows}</g>`;
}

/** @param {ArrayLike<number>} values @param {number} first @param {number} count @returns {number[]} */
const windowOf = (values, first, count) => Array.prototype.slice.call(values, first, first + count);
