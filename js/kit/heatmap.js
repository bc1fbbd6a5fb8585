/**
 * Heatmap cells: a value as hue and its sign as a mark, so that color is never the only cue.
 */
import { svg, nothing } from "lit-html";
import { divergingColor } from "./colors.js";
import { fixed } from "./format.js";

const MARK_FROM = 13; // px: narrower cells show the minus alone

/**
 * The marks of a row of cells as two paths: one for pale cells, one for strong ones.
 * @param {ArrayLike<number>} values
 * @param {{ x: number, y: number, cw: number, ch: number, vmax: number, bySize: boolean }} place
 */
export function signMarks(values, { x, y, cw, ch, vmax, bySize }) {
  let pale = "";
  let strong = "";
  for (let c = 0; c < values.length; c++) {
    const value = values[c];
    const share = Math.min(1, Math.abs(value) / vmax);
    const arm = Math.min(4.5, (Math.min(cw, ch) - 1) * (bySize ? 0.12 + 0.28 * share : 0.21));
    const mx = x + c * cw + (cw - 1.5) / 2;
    const my = y + (ch - 1.5) / 2;
    const d = mark(value, mx, my, arm, cw);
    if (share > 0.55) strong += d;
    else pale += d;
  }
  return { pale, strong };
}

/**
 * @param {number} value
 * @param {number} x
 * @param {number} y
 * @param {number} arm
 * @param {number} cw
 */
function mark(value, x, y, arm, cw) {
  const dash = `M${n(x - arm)} ${n(y)}h${n(2 * arm)}`;
  if (value < 0) return dash;
  if (Number.isNaN(value))
    return `M${n(x - arm)} ${n(y - arm)}l${n(2 * arm)} ${n(2 * arm)}m${n(-2 * arm)} 0l${n(2 * arm)} ${n(-2 * arm)}`;
  if (value > 0 && cw >= MARK_FROM) return `${dash}M${n(x)} ${n(y - arm)}v${n(2 * arm)}`;
  return "";
}

/** @param {number} v */
const n = (v) => Math.round(v * 100) / 100;

/**
 * Draw the marks of one row or of several.
 * @param {{ pale: string, strong: string }[]} rows
 */
export const marksPaths = (rows) =>
  svg`<path class="mark pale" aria-hidden="true" d=${rows.map((row) => row.pale).join("")} /><path class="mark strong" aria-hidden="true" d=${rows.map((row) => row.strong).join("")} />`;

/**
 * One row of a grid: cells that can hold the keyboard, and their marks.
 * @param {object} spec
 * @param {ArrayLike<number>} spec.values  of the columns drawn
 * @param {number} spec.col0               the column of the first value
 * @param {number} spec.x
 * @param {number} spec.y
 * @param {number} spec.cw
 * @param {number} spec.ch
 * @param {number} spec.vmax
 * @param {import("./theme.js").Theme} spec.theme
 * @param {(col: number, value: string) => string} spec.label
 * @param {(col: number) => string} spec.place
 * @param {number} spec.stop               the column that holds the tab stop, or −1
 * @param {number} spec.rowIndex           counted from 1, as ARIA does
 * @param {boolean | null} [spec.selected] whether the learner chose this row; null when it is no choice
 * @param {string} [spec.name]             the name of the row
 * @param {(col: number) => boolean} [spec.edited]
 * @param {boolean} [spec.marked]          whether the row draws its marks; a grid can draw those of all its rows
 */
export function heatmapRow(spec) {
  const { values, col0, x, y, cw, ch, vmax, theme, marked = true } = spec;
  const round = Math.min(2, cw / 6);
  return svg`<g
    role="row"
    aria-rowindex=${spec.rowIndex}
    aria-label=${spec.name ?? nothing}
    aria-selected=${spec.selected == null ? nothing : String(spec.selected)}
  >${Array.from(values, (value, i) => {
    const col = col0 + i;
    return svg`<rect
      class="cell"
      role="gridcell"
      aria-colindex=${col + 1}
      aria-label=${spec.label(col, fixed(value))}
      data-place=${spec.place(col)}
      tabindex=${col === spec.stop ? 0 : -1}
      x=${n(x + i * cw)} y=${y} width=${n(cw - 1.5)} height=${ch - 1.5} rx=${round}
      fill=${theme.forcedColors ? "Canvas" : Number.isNaN(value) ? "none" : divergingColor(value, vmax, theme.scheme)}
    />`;
  })}${marked ? marksPaths([signMarks(values, { x, y, cw, ch, vmax, bySize: theme.forcedColors })]) : nothing}${
    spec.edited
      ? svg`<path class="touched" aria-hidden="true" d=${editMarks(spec, spec.edited)} />`
      : nothing
  }</g>`;
}

/**
 * Corner marks on edited cells.
 * @param {{ values: ArrayLike<number>, col0: number, x: number, y: number, cw: number }} spec
 * @param {(col: number) => boolean} touched
 */
function editMarks({ values, col0, x, y, cw }, touched) {
  let d = "";
  for (let i = 0; i < values.length; i++) {
    if (touched(col0 + i)) d += `M${n(x + (i + 1) * cw - 1.5)} ${n(y)}v6l-6 -6z`;
  }
  return d;
}
