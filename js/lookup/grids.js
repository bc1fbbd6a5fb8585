/**
 * Grids of the lookup figure: table and output, and the one-hot vector between them.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { shape } from "../kit/format.js";
import { heatmapRow } from "../kit/heatmap.js";
import { markOf } from "../kit/predict.js";
import { clampToWindow } from "../kit/roving_tabindex.js";
import { chipY, rowY } from "./layout.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function tableGrid({ scene, derived, at, highlight, predicting, oneHot }) {
  const { row: first, col: col0 } = scene.ui.local.windows;
  const { table } = at;
  const { focus } = scene.ui;
  const stop =
    focus?.part === "table"
      ? focus
      : { row: clampToWindow(Math.max(0, highlight.row), first, table.rows), col: col0 };
  const edits = /** @type {[number, number, number][]} */ (scene.params.edits ?? []);
  const rows = Array.from({ length: Math.min(table.rows, derived.V) }, (_, i) => {
    const row = first + i;
    const used = derived.readers.has(row);
    const faded = !predicting && !oneHot && !used && highlight.row !== row;
    const mark = markOf(scene.ui.prediction, row);
    const stopCol = stop.row === row ? stop.col : -1;
    const values = windowOf(derived.weights(row), col0, table.cols);
    const id = derived.rowId(row);
    const changed = new Set(edits.filter((edit) => edit[0] === id).map((edit) => edit[1]));
    // Keyed by content, not by trace: after an edit only the rows that changed are rendered again.
    const shown = `${values} ${[...changed]} ${derived.words[row]} ${derived.vmax}`;
    return guard([shown, at, col0, row, faded, mark, predicting, stopCol, scene.theme], () => {
      const y = table.y + i * table.rh;
      return svg`<g class="${faded ? "faded" : ""}">${heatmapRow({
        values,
        col0,
        x: table.x,
        y,
        cw: table.cw,
        ch: table.rh - 1.5,
        vmax: derived.vmax,
        theme: scene.theme,
        label: (col, value) => `W[${id}, ${col}] = ${value}`,
        place: (col) => `cell:${row}:${col}`,
        stop: stopCol,
        rowIndex: id + 1,
        name: `row ${id}${derived.words[row] ? `, ${derived.words[row]}` : ""}`,
        selected: predicting ? mark === "chosen" : null,
        edited: changed.size ? (col) => changed.has(col) : undefined,
      })}</g>`;
    });
  });
  return svg`<g role="grid" aria-label=${predicting ? "Rows to choose from" : "Table W"} aria-multiselectable=${predicting ? "true" : nothing} aria-rowcount=${derived.size[0]} aria-colcount=${derived.size[1]}>${rows}</g>`;
}

/**
 * The one-hot vector of the word in the middle: a 1 at its row, a 0 at every other.
 * @param {Drawing} d
 */
export function oneHotColumn({ scene, derived, at, highlight, oneHot }) {
  if (!oneHot || highlight.n < 0) return nothing;
  const first = scene.ui.local.windows.row;
  const row = derived.rows[highlight.n];
  const x = /** @type {number} */ (at.oneHot) + 2;
  return svg`<g class="hot" aria-hidden="true">
    <rect x=${x} y=${at.table.y - 3} width="16" height=${at.table.h + 4.5} rx="4" />
    <text class="head" x=${x + 16} y=${at.table.y + at.table.h + 19} text-anchor="end">one-hot</text>${Array.from(
      { length: Math.min(at.table.rows, derived.V) },
      (_, i) =>
        svg`<text class="num ${first + i === row ? "one" : ""}" x=${x + 8} y=${rowY(at, i) + 4} text-anchor="middle">${first + i === row ? 1 : 0}</text>`,
    )}</g>`;
}

/** @param {Drawing} d */
export function outputGrid({ scene, derived, at, highlight }) {
  const { token: first, col: col0 } = scene.ui.local.windows;
  const { focus, playing, step } = scene.ui;
  if (derived.error && derived.N) {
    const y = at.body.y + at.body.h / 2;
    return svg`<text class="refused" x=${at.out.x} y=${y}>no output:<tspan x=${at.out.x} dy="15">refused</tspan></text>`;
  }
  if (!derived.N)
    return svg`<text class="refused" x=${at.out.x} y=${at.body.y + at.body.h / 2}>no rows<tspan class="sub" x=${at.out.x} dy="15">${shape([0, derived.size[1]])}</tspan></text>`;
  const stop =
    focus?.part === "out"
      ? focus
      : {
          n: clampToWindow(highlight.n >= 0 ? highlight.n : step, first, at.chips.count),
          col: col0,
        };
  const outputRow = scene.params.method === "one-hot" ? derived.onehot : derived.output;
  const rows = Array.from({ length: at.chips.count }, (_, i) => {
    const n = first + i;
    const later = playing && n > step;
    const stopCol = stop.n === n ? stop.col : -1;
    const values = windowOf(outputRow(n) ?? derived.output(n) ?? [], col0, at.table.cols);
    const shown = `${values} ${derived.tokens[n]} ${derived.vmax}`;
    return guard([shown, at, col0, n, later, stopCol, scene.theme], () => {
      return svg`<g class="${later ? "later" : ""}">${heatmapRow({
        values,
        col0,
        x: at.out.x,
        y: chipY(at, i) - at.out.ch / 2,
        cw: at.table.cw,
        ch: at.out.ch - 1.5,
        vmax: derived.vmax,
        theme: scene.theme,
        label: (col, value) => `out[${n}, ${col}] = ${value}`,
        place: (col) => `out:${n}:${col}`,
        stop: stopCol,
        rowIndex: n + 1,
        name: `output row ${n}, ${derived.tokens[n]}`,
      })}</g>`;
    });
  });
  return svg`<g role="grid" aria-label="Output" aria-rowcount=${derived.N} aria-colcount=${derived.size[1]}>${rows}</g>`;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} first
 * @param {number} count
 * @returns {number[]}
 */
const windowOf = (values, first, count) => Array.prototype.slice.call(values, first, first + count);
