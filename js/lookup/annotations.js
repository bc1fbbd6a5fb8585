/**
 * Annotations around the grids of the lookup figure: headings, map and lens, valid ids, rings,
 * verdicts.
 */
import { html, nothing, svg } from "lit-html";
import { joinList, formatInt } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { LEGEND_WIDTH, legend } from "../kit/legend.js";
import { markOf } from "../kit/predict.js";
import { chipY, mapY } from "./layout.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function headings({ at, derived, scene, predicting }) {
  const { N, V } = derived;
  const [height, width] = derived.size;
  const windows = scene.ui.local.windows;
  /** @param {number} x @param {string} name @param {string} small @param {boolean} [end] */
  const head = (
    x,
    name,
    small,
    end,
  ) => svg`<text class="head" x=${x} y="12" text-anchor=${end ? "end" : "start"}
    >${name}<tspan class="sub" x=${x} dy="15">${small}</tspan></text>`;
  const far = at.out.x + 92 > at.width;
  const { rows, cols } = at.table;
  const rowRange =
    rows < height
      ? V < height
        ? `${Math.min(rows, V)} of ${formatInt(height)}${at.narrow ? "" : " rows"}`
        : `${at.narrow ? "" : "rows "}${windows.row}–${windows.row + rows - 1} of ${V}`
      : `V × D = ${height} × ${width}`;
  const wide =
    cols < width
      ? `${at.narrow ? "cols" : "columns"} ${windows.col}–${windows.col + cols - 1} of ${width}`
      : `N × D = ${formatInt(derived.total)} × ${width}`;
  return svg`${head(at.chips.x, at.narrow ? "words" : "words → ids", N > at.chips.count && N ? `${windows.token + 1}–${windows.token + at.chips.count} of ${formatInt(derived.inText)}` : `N = ${formatInt(N)}`)}
    ${head(at.table.x, at.narrow ? "table" : "table W", rowRange)}
    ${head(far ? at.width : at.out.x, "output", predicting ? "hidden" : derived.error ? "none" : wide, far)}`;
}

/** Placeholder of the output until a prediction is revealed. @param {Drawing} d */
export function hiddenOutput({ at }) {
  const w = Math.max(at.table.w, 60);
  return svg`<g class="veil"><rect x=${at.out.x} y=${at.body.y} width=${Math.min(w, at.width - at.out.x - 1)} height=${at.body.h} rx="6" />
    <text x=${at.out.x + Math.min(w, at.width - at.out.x) / 2} y=${at.body.y + at.body.h / 2 + 8} text-anchor="middle">?</text></g>`;
}

/** Map of the whole table, with the rows that are read and the window that is drawn. @param {Drawing} d */
export function map({ scene, derived, at, highlight, predicting }) {
  if (!at.map) return nothing;
  const { x, w } = at.map;
  const { V, readers, rowId } = derived;
  const first = scene.ui.local.windows.row;
  const top = at.body.y + (first / V) * at.body.h;
  const h = Math.max(6, (at.table.rows / V) * at.body.h);
  const ticks = predicting
    ? ""
    : [...readers.keys()].map((row) => `M${x + 2} ${mapY(at, row, V)}h${w - 4}`).join("");
  return svg`<g class="map">
    <g role="slider" tabindex="0" data-place="map" aria-label="Rows shown" aria-orientation="vertical"
      aria-valuemin="0" aria-valuemax=${V - 1} aria-valuenow=${scene.ui.focus?.part === "map" ? scene.ui.focus.row : first} aria-valuetext="rows ${rowId(first)} to ${rowId(first + at.table.rows - 1)} of ${derived.size[0]}">
      <rect class="all" x=${x} y=${at.body.y} width=${w} height=${at.body.h} rx="4" />
      <path class="tick" d=${ticks} />
      ${highlight.row >= 0 && !predicting ? svg`<path class="tick hit" d="M${x + 1} ${mapY(at, highlight.row, V)}h${w - 2}" />` : nothing}
      <rect class="lens" x=${x - 3} y=${top - 1} width=${w + 6} height=${h + 2} rx="4" />
    </g>
    <path class="beam" aria-hidden="true" d="M${x + w + 3} ${top}L${at.labels.x - 1} ${at.table.y}V${at.table.y + at.table.h}L${x + w + 3} ${top + h}z" />
  </g>`;
}

/** Notice that only the first words of a very long text are drawn. @param {Drawing} d */
export function cutNotice({ derived, at }) {
  if (derived.N === derived.inText) return nothing;
  return svg`<text x=${at.chips.x} y=${at.height - 5}>the first ${formatInt(derived.N)} of ${formatInt(derived.inText)} words are shown</text>`;
}

/** Range of valid ids below the table, or the ids that are out of range. @param {Drawing} d */
export function idRange({ scene, derived, at, predicting }) {
  const { V, N } = derived;
  const largest = derived.size[0] - 1;
  const wrong = predicting
    ? []
    : [
        ...new Set(
          Array.from({ length: N }, (_, n) => n)
            .filter(derived.outOfRange)
            .map((n) => derived.ids[n]),
        ),
      ];
  const { x, w } = at.table;
  const y = at.table.y + at.table.h + 4;
  const last = scene.ui.local.windows.row + at.table.rows >= V;
  if (wrong.length) {
    const width = Math.max(w, 20);
    return svg`<g class="id-range wrong"><path class="hatch" d=${hatch(x, y, width, 9)} /><path d="M${x} ${y}h${width}" />
      <text x=${x} y=${y + 24}>out of range: ${joinList(wrong, 3)}</text></g>`;
  }
  return last
    ? svg`<g class="id-range"><path d="M${x} ${y}h${w}" /><text x=${x} y=${y + 15}>valid ids 0–${largest}</text></g>`
    : nothing;
}

/** @param {number} x @param {number} y @param {number} w @param {number} h */
function hatch(x, y, w, h) {
  let d = "";
  for (let s = 0; s + h <= w; s += 6) d += `M${x + s} ${y + h}l${h} ${-h}`;
  return d;
}

/** Rings around what is highlighted, and around the selected cell. @param {Drawing} d */
export function rings({ scene, derived, at, highlight, predicting }) {
  if (predicting) return nothing;
  const { token, row: row0, col: col0 } = scene.ui.local.windows;
  const { table, out, chips: c } = at;
  const i = highlight.row - row0;
  const isDrawn = highlight.row >= 0 && i >= 0 && i < table.rows;
  const col = highlight.col - col0;
  const cell = highlight.col >= 0 && col >= 0 && col < table.cols;
  const outs = derived.error
    ? []
    : highlight.tokens.map((n) => n - token).filter((k) => k >= 0 && k < c.count);
  return svg`<g class="rings" aria-hidden="true">
    ${isDrawn ? svg`<rect class="ring" x=${table.x - 3} y=${table.y + i * table.rh - 3} width=${table.w + 4.5} height=${table.rh + 4.5} rx="4" />` : nothing}
    ${outs.map((k) => svg`<rect class="ring ${highlight.n >= 0 && highlight.n - token !== k ? "same" : ""}" x=${out.x - 3} y=${chipY(at, k) - out.ch / 2 - 3} width=${table.w + 4.5} height=${out.ch + 4.5} rx="4" />`)}
    ${isDrawn && cell ? svg`<rect class="cellring" x=${table.x + col * table.cw - 0.75} y=${table.y + i * table.rh - 0.75} width=${table.cw} height=${table.rh} rx="2" />` : nothing}
    ${cell ? outs.map((k) => svg`<rect class="cellring" x=${out.x + col * table.cw - 0.75} y=${chipY(at, k) - out.ch / 2 - 0.75} width=${table.cw} height=${out.ch} rx="2" />`) : nothing}
  </g>`;
}

/** Color scale. @param {Drawing} d */
export function colorScale({ scene, derived, at }) {
  const x = at.width - LEGEND_WIDTH - 22;
  return legend({ theme: scene.theme, vmax: derived.vmax, x, y: at.height - 14 });
}

/** Result of each chosen row, beside it. @param {Drawing} d */
export function verdicts({ scene, derived, at }) {
  const { prediction } = scene.ui;
  const first = scene.ui.local.windows.row;
  if (!prediction) return nothing;
  let order = 0;
  return Array.from({ length: Math.min(at.table.rows, derived.V) }, (_, i) => {
    const mark = markOf(prediction, first + i);
    if (!mark) return nothing;
    const y = at.table.y + i * at.table.rh;
    const label = { chosen: "chosen", right: "right", missed: "missed", extra: "extra" }[mark];
    return html`<span class="verdict ${mark}" style="left:${at.table.x - 2}px;top:${y - 1.5}px;width:${at.table.w + 2.5}px;height:${at.table.rh + 1}px;--order:${order++}"
      ><span class="tag">${mark === "chosen" ? icon("right") : icon(mark)}${mark === "chosen" || at.narrow ? nothing : html`<span>${label}</span>`}</span></span>`;
  });
}
