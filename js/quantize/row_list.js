/**
 * List of the rows of the table, each with its largest quantization error.
 */
import { html, nothing } from "lit-html";
import { formatInt } from "../kit/format.js";
import { markOf } from "../kit/predict.js";
import { alignedFormat } from "./number_format.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/**
 * Return a row's word, or its number where it has none. @param {string[]} words @param {number} row
 */
export const rowName = (words, row) => words[row] || `row ${row}`;

/** @param {Drawing} d */
export function rowList({ at, selected, scene, predicting }) {
  const { derived, current, row } = selected;
  const first = derived.first + scene.ui.local.windows.row;
  const { rows } = at;
  const error = current.scheme.error;
  const worst = current.scheme.worst || 1;
  const small = alignedFormat(worst, 2, 3);
  const focusedRow = scene.ui.focus?.part === "row" ? scene.ui.focus.row : row;
  const stop = focusedRow >= first && focusedRow < first + rows.count ? focusedRow : first;
  return html`<div
    class="rowlist ${at.narrow ? "flat" : ""}"
    role="listbox"
    aria-label=${predicting ? "Rows to choose from" : "Rows, and the largest error of each"}
    aria-multiselectable=${predicting ? "true" : nothing}
    aria-orientation=${at.narrow ? "horizontal" : "vertical"}
  >
    ${Array.from({ length: Math.min(rows.count, derived.V) }, (_, i) => {
      const n = first + i;
      const mark = markOf(scene.ui.prediction, derived.D + n);
      const selected = predicting ? mark === "chosen" : n === row;
      const share = error[n] / worst;
      const place = at.narrow
        ? `left:${rows.x + i * rows.pitch}px;top:${rows.y}px;width:${rows.pitch - 2}px;height:${rows.h}px`
        : `left:${rows.x}px;top:${rows.y + i * rows.pitch}px;width:${rows.w}px;height:${rows.pitch - 1}px`;
      return html`<div
        role="option"
        class="row ${n === row ? "hit" : ""} ${mark} ${error[n] === worst ? "worst" : ""} ${predicting && n === row ? "own" : ""}"
        aria-selected=${String(selected)}
        tabindex=${n === stop ? 0 : -1}
        data-place="row:${n}"
        title=${derived.words[n] || nothing}
        style="${place};--share:${share.toFixed(4)}"
      >
        <bdi>${at.narrow ? n : rowName(derived.words, n)}</bdi><i aria-hidden="true"></i
        ><span class="unseen">${at.narrow ? rowName(derived.words, n) : `, row ${n}`}, largest error ${at.narrow ? small(error[n]) : nothing}</span
        >${at.narrow ? nothing : html`<span class="num">${small(error[n])}</span>`}${mark ? html`<span class="unseen">, ${mark}</span>` : nothing}
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
export function rowListHeading({ at, selected, scene }) {
  const { size, V } = selected.derived;
  const first = selected.derived.first + scene.ui.local.windows.row;
  const last = first + Math.min(V, at.rows.count) - 1;
  const title = at.rows.count < size[0] ? `rows ${first}–${last} of ${formatInt(size[0])}` : "rows";
  return { title, small: "largest error of each" };
}
