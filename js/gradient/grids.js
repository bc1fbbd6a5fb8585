/**
 * Grids of the gradient figure: the upstream gradient of each word, and the gradient of the table.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { heatmapRow } from "../kit/heatmap.js";
import { markOf } from "../kit/predict.js";
import { clampToWindow } from "../kit/roving_tabindex.js";
import { chipY } from "./layout.js";
import { isOverwritten, rowStateAt, tabStop } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function gradOutputGrid({ scene, derived, at, highlight, predicting, rule, step }) {
  const { token: first, col: col0 } = scene.ui.local.windows;
  const { focus } = scene.ui;
  if (!derived.N) return nothing;
  const stop =
    focus?.part === "back"
      ? focus
      : { n: clampToWindow(tabStop(highlight, derived, step), first, at.chips.count), col: col0 };
  const rows = Array.from({ length: at.chips.count }, (_, i) => {
    const n = first + i;
    const faded = !derived.hasGradient(n) || (!predicting && isOverwritten(derived, n, step, rule));
    const stopCol = stop.n === n ? stop.col : -1;
    return guard([scene.trace, at, col0, n, faded, stopCol, scene.theme], () => {
      const values = windowOf(derived.gradOutput(n), col0, at.table.cols);
      return svg`<g class="${faded ? "faded" : ""}">${heatmapRow({
        values,
        col0,
        x: at.gradOutput.x,
        y: chipY(at, i) - at.gradOutput.ch / 2,
        cw: at.table.cw,
        ch: at.gradOutput.ch - 1.5,
        vmax: derived.vmax,
        theme: scene.theme,
        label: (col, value) => `g[${n}, ${col}] = ${value}`,
        place: (col) => `back:${n}:${col}`,
        stop: stopCol,
        rowIndex: n + 1,
        name: `upstream gradient of ${derived.tokens[n]}`,
      })}</g>`;
    });
  });
  return svg`<g role="grid" aria-label="Upstream gradient of each word" aria-rowcount=${derived.N} aria-colcount=${derived.D}>${rows}</g>`;
}

/**
 * Grid of the gradient accumulated so far; while a prediction is open, of the table itself.
 * @param {Drawing} d
 */
export function tableGrid({ scene, derived, at, highlight, predicting, rule, step }) {
  const { col: col0 } = scene.ui.local.windows;
  const { focus, prediction } = scene.ui;
  const { table } = at;
  const stop =
    focus?.part === "cell" && derived.rowIndex(focus.row) >= 0
      ? focus
      : { row: highlight.row >= 0 ? highlight.row : derived.rows[0], col: col0 };
  const rows = derived.rows.map((row, i) => {
    const { values: all, any } = rowStateAt(derived, row, step, rule);
    const shownStep = predicting ? 0 : step; // while predicting, the table is shown
    const mark = markOf(scene.ui.local.asks === "rows" ? prediction : null, row);
    const faded = !predicting && !any;
    const stopCol = stop.row === row ? Math.min(stop.col, derived.D - 1) : -1;
    return guard(
      [scene.trace, shownStep, rule, at, col0, row, faded, mark, predicting, stopCol, scene.theme],
      () => {
        const values = windowOf(predicting ? derived.weights(row) : all, col0, table.cols);
        return svg`<g class="${faded ? "faded" : ""}">${heatmapRow({
          values,
          col0,
          x: table.x,
          y: table.y + i * table.rh,
          cw: table.cw,
          ch: table.rh - 1.5,
          vmax: derived.vmax,
          theme: scene.theme,
          label: (col, value) => `${predicting ? "W" : "dW"}[${row}, ${col}] = ${value}`,
          place: (col) => `cell:${row}:${col}`,
          stop: stopCol,
          rowIndex: i + 1,
          name: `row ${row}${derived.word(row) ? `, ${derived.word(row)}` : ""}`,
          selected: predicting && scene.ui.local.asks === "rows" ? mark === "chosen" : null,
        })}</g>`;
      },
    );
  });
  const choosing = predicting && scene.ui.local.asks === "rows";
  return svg`<g role="grid" aria-label=${choosing ? "Rows to choose from" : predicting ? "Table W" : "Gradient of the table"} aria-multiselectable=${choosing ? "true" : nothing} aria-rowcount=${derived.rows.length} aria-colcount=${derived.D}>${rows}</g>`;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} first
 * @param {number} count
 * @returns {number[]}
 */
const windowOf = (values, first, count) => Array.prototype.slice.call(values, first, first + count);
