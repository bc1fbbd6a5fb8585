/**
 * The two grids of a lookup, the table and the output, and the one-hot vector between.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { shape } from "../kit/format.js";
import { heatRow } from "../kit/heatmap.js";
import { markOf } from "../kit/predict.js";
import { within } from "../kit/roving_tabindex.js";
import { chipY, rowY } from "./layout.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function tableGrid({ scene, reading, at, lit, asked, hot }) {
  const { row: first, col: col0 } = scene.ui.own.windows;
  const { table } = at;
  const { focus } = scene.ui;
  const stop =
    focus?.part === "table" ? focus : { row: within(Math.max(0, lit.row), first, table.rows), col: col0 };
  const edits = /** @type {[number, number, number][]} */ (scene.params.edits ?? []);
  const rows = Array.from({ length: Math.min(table.rows, reading.V) }, (_, i) => {
    const row = first + i;
    const used = reading.readers.has(row);
    const faded = !asked && !hot && !used && lit.row !== row;
    const mark = markOf(scene.ui.prediction, row);
    const stopCol = stop.row === row ? stop.col : -1;
    const values = windowOf(reading.weights(row), col0, table.cols);
    const changed = new Set(edits.filter((edit) => edit[0] === row).map((edit) => edit[1]));
    // By what it shows, not by trace: after an edit only the rows that changed are made anew.
    const shown = `${values} ${[...changed]} ${reading.words[row]} ${reading.most}`;
    return guard([shown, at, col0, row, faded, mark, asked, stopCol, scene.theme], () => {
      const y = table.y + i * table.rh;
      return svg`<g class="${faded ? "faded" : ""}">${heatRow({
        values,
        col0,
        x: table.x,
        y,
        cw: table.cw,
        ch: table.rh - 1.5,
        most: reading.most,
        theme: scene.theme,
        label: (col, value) => `W[${row}, ${col}] = ${value}`,
        place: (col) => `cell:${row}:${col}`,
        stop: stopCol,
        rowIndex: row + 1,
        name: `row ${row}${reading.words[row] ? `, ${reading.words[row]}` : ""}`,
        selected: asked ? mark === "chosen" : null,
        touched: changed.size ? (col) => changed.has(col) : undefined,
      })}</g>`;
    });
  });
  return svg`<g role="grid" aria-label=${asked ? "Rows to choose from" : "Table W"} aria-multiselectable=${asked ? "true" : nothing} aria-rowcount=${reading.V} aria-colcount=${reading.D}>${rows}</g>`;
}

/**
 * The one-hot vector of the word in the middle: a 1 at its row, a 0 at every other.
 * @param {Drawing} d
 */
export function hotColumn({ scene, reading, at, lit, hot }) {
  if (!hot || lit.n < 0) return nothing;
  const first = scene.ui.own.windows.row;
  const row = reading.rows[lit.n];
  const x = /** @type {number} */ (at.hot) + 2;
  return svg`<g class="hot" aria-hidden="true">
    <rect x=${x} y=${at.table.y - 3} width="16" height=${at.table.h + 4.5} rx="4" />
    <text class="head" x=${x + 16} y=${at.table.y + at.table.h + 19} text-anchor="end">one-hot</text>${Array.from(
      { length: Math.min(at.table.rows, reading.V) },
      (_, i) =>
        svg`<text class="num ${first + i === row ? "one" : ""}" x=${x + 8} y=${rowY(at, i) + 4} text-anchor="middle">${first + i === row ? 1 : 0}</text>`,
    )}</g>`;
}

/** @param {Drawing} d */
export function outputGrid({ scene, reading, at, lit }) {
  const { token: first, col: col0 } = scene.ui.own.windows;
  const { focus, playing, step } = scene.ui;
  if (reading.refused && reading.N) {
    const y = at.body.y + at.body.h / 2;
    return svg`<text class="refused" x=${at.out.x} y=${y}>no output:<tspan x=${at.out.x} dy="15">refused</tspan></text>`;
  }
  if (!reading.N)
    return svg`<text class="refused" x=${at.out.x} y=${at.body.y + at.body.h / 2}>no rows<tspan class="sub" x=${at.out.x} dy="15">${shape([0, reading.D])}</tspan></text>`;
  const stop =
    focus?.part === "out"
      ? focus
      : { n: within(lit.n >= 0 ? lit.n : step, first, at.chips.count), col: col0 };
  const way = scene.params.way === "one-hot" ? reading.onehot : reading.output;
  const rows = Array.from({ length: at.chips.count }, (_, i) => {
    const n = first + i;
    const later = playing && n > step;
    const stopCol = stop.n === n ? stop.col : -1;
    const values = windowOf(way(n) ?? reading.output(n) ?? [], col0, at.table.cols);
    const shown = `${values} ${reading.tokens[n]} ${reading.most}`;
    return guard([shown, at, col0, n, later, stopCol, scene.theme], () => {
      return svg`<g class="${later ? "later" : ""}">${heatRow({
        values,
        col0,
        x: at.out.x,
        y: chipY(at, i) - at.out.ch / 2,
        cw: at.table.cw,
        ch: at.out.ch - 1.5,
        most: reading.most,
        theme: scene.theme,
        label: (col, value) => `out[${n}, ${col}] = ${value}`,
        place: (col) => `out:${n}:${col}`,
        stop: stopCol,
        rowIndex: n + 1,
        name: `output row ${n}, ${reading.tokens[n]}`,
      })}</g>`;
    });
  });
  return svg`<g role="grid" aria-label="Output" aria-rowcount=${reading.N} aria-colcount=${reading.D}>${rows}</g>`;
}

/** @param {ArrayLike<number>} values @param {number} first @param {number} count @returns {number[]} */
const windowOf = (values, first, count) => Array.prototype.slice.call(values, first, first + count);
