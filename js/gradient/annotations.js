/**
 * Annotations around the grids of the gradient figure: headings, rings, color scale, verdicts.
 */
import { html, nothing, svg } from "lit-html";
import { pluralize, formatInt } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { LEGEND_WIDTH, legend } from "../kit/legend.js";
import { markOf } from "../kit/predict.js";
import { chipY } from "./layout.js";
import { selectedColumn } from "./state.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function headings({ at, derived, scene, predicting, step, rule }) {
  const { N, V, D, rows } = derived;
  const { token, col: col0 } = scene.ui.local.windows;
  const { cols } = at.table;
  /** @param {number} x @param {string} name @param {string} small @param {boolean} [end] */
  const head = (
    x,
    name,
    small,
    end,
  ) => svg`<text class="head" x=${x} y="12" text-anchor=${end ? "end" : "start"}
    >${name}<tspan class="sub" x=${x} dy="15">${small}</tspan></text>`;
  const some =
    N > at.chips.count
      ? `${token + 1}–${token + at.chips.count} of ${formatInt(derived.total)}`
      : `N = ${formatInt(N)}`;
  const wide = cols < D ? `cols ${col0}–${col0 + cols - 1} of ${D}` : `${formatInt(N)} × ${D}`;
  const tall = rows.length < V ? `${rows.length} of ${formatInt(V)} rows` : `${V} × ${D}`;
  const so = derived.tied
    ? "dashed: by scores"
    : step >= N
      ? rule === "add"
        ? "added up"
        : "the last wins"
      : "so far";
  return svg`${head(at.chips.x, "words", some)}
    ${head(at.gradOutput.x, at.narrow ? "grad" : "upstream gradient", wide)}
    ${head(at.table.x, predicting ? "table W" : at.narrow ? "dW" : "gradient dW", tall)}
    ${predicting ? nothing : head(at.bars.number, at.narrow ? `col ${selectedColumn(scene)}` : `column ${selectedColumn(scene)}`, at.narrow ? "" : so, true)}`;
}

/** Notice of the words and rows that are not drawn. @param {Drawing} d */
export function cutNotice({ derived, at }) {
  const { N, total, V, rows } = derived;
  const more = [
    N < total ? `the first ${N} of ${formatInt(total)} words are followed` : "",
    rows.length < V ? `${pluralize(V - rows.length, "more row")} in the table` : "",
  ].filter(Boolean);
  return more.length
    ? svg`<text x=${at.chips.x} y=${at.height - 5}>${more.join("; ")}</text>`
    : nothing;
}

/** Rings around what is highlighted, and around the selected cell. @param {Drawing} d */
export function rings({ scene, derived, at, highlight, predicting }) {
  if (predicting) return nothing;
  const { token, col: col0 } = scene.ui.local.windows;
  const { table, gradOutput } = at;
  const i = derived.rowIndex(highlight.row);
  const column = selectedColumn(scene) - col0;
  const cell = highlight.col >= 0 && column >= 0 && column < table.cols;
  const words = highlight.senders.map((n) => n - token).filter((k) => k >= 0 && k < at.chips.count);
  return svg`<g class="rings" aria-hidden="true">
    ${
      column >= 0 && column < table.cols
        ? svg`<path class="column" d="M${table.x + column * table.cw} ${table.y - 5}h${table.cw - 1.5}M${table.x + column * table.cw} ${table.y + table.h + 3.5}h${table.cw - 1.5}" />`
        : nothing
    }
    ${i >= 0 ? svg`<rect class="ring" x=${table.x - 3} y=${table.y + i * table.rh - 3} width=${table.w + 4.5} height=${table.rh + 4.5} rx="4" />` : nothing}
    ${words.map((k) => svg`<rect class="ring ${highlight.n >= 0 && highlight.n - token !== k ? "same" : ""}" x=${gradOutput.x - 3} y=${chipY(at, k) - gradOutput.ch / 2 - 3} width=${table.w + 4.5} height=${gradOutput.ch + 4.5} rx="4" />`)}
    ${i >= 0 && cell ? svg`<rect class="cellring" x=${table.x + column * table.cw - 0.75} y=${table.y + i * table.rh - 0.75} width=${table.cw} height=${table.rh} rx="2" />` : nothing}
    ${cell ? words.map((k) => svg`<rect class="cellring" x=${gradOutput.x + column * table.cw - 0.75} y=${chipY(at, k) - gradOutput.ch / 2 - 0.75} width=${table.cw} height=${gradOutput.ch} rx="2" />`) : nothing}
  </g>`;
}

/** Color scale. @param {Drawing} d */
export function colorScale({ scene, derived, at }) {
  const x = at.width - LEGEND_WIDTH - 34;
  return legend({ theme: scene.theme, vmax: derived.vmax, x, y: at.height - 14 });
}

/** Result of each chosen row, beside it. @param {Drawing} d */
export function verdicts({ scene, derived, at }) {
  const { prediction, local } = scene.ui;
  if (!prediction || local.asks !== "rows") return nothing;
  let order = 0;
  return derived.rows.map((row, i) => {
    const mark = markOf(prediction, row);
    if (!mark) return nothing;
    const label = { chosen: "chosen", right: "right", missed: "missed", extra: "extra" }[mark];
    const words = mark === "chosen" && !at.narrow;
    return html`<span class="verdict ${mark} ${words ? "" : "small"}" style="left:${at.table.x - 2}px;top:${at.table.y + i * at.table.rh - 1.5}px;width:${at.table.w + 2.5}px;height:${at.table.rh + 1}px;--order:${order++}"
      ><span class="tag">${icon(mark === "chosen" ? "right" : mark)}<span class=${words ? "" : "unseen"}>${label}</span></span></span>`;
  });
}
