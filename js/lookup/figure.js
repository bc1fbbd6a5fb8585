/**
 * The lookup figure: words on the left, the table in the middle, the output on the right, and
 * ribbons between them.
 */
import { html, nothing } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { clampToWindow } from "../kit/roving_tabindex.js";
import {
  idRange,
  headings,
  map,
  cutNotice,
  rings,
  colorScale,
  hiddenOutput,
  verdicts,
} from "./annotations.js";
import { cellEditor } from "./cell_editor.js";
import { oneHotColumn, outputGrid, tableGrid } from "./grids.js";
import { pointer } from "./input.js";
import { chipY, rowY } from "./layout.js";
import { ribbons } from "./ribbons.js";
import { layoutOf, selection } from "./state.js";
import { highlightFor, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Highlight} Highlight */
/** @typedef {{ scene: Scene, derived: Derived, at: Layout, highlight: Highlight, predicting: boolean, oneHot: boolean }} Drawing */

/** @param {Scene} scene */
export function figure(scene) {
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const predicting = scene.ui.prediction?.phase === "open";
  const calm = scene.ui.prediction && !scene.ui.hover && !scene.ui.focus; // revealed: no highlight beside the verdicts
  const highlight = highlightFor(derived, predicting || calm ? null : selection(scene));
  const oneHot = scene.params.method === "one-hot";
  /** @type {Drawing} */
  const drawing = { scene, derived, at, highlight, predicting, oneHot };
  const on = pointer(scene, derived, at);
  return html`<div
    class="stage ${predicting ? "asked" : ""} ${scene.ui.playing ? "playing" : ""}"
    role="group"
    aria-label=${scene.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerleave=${on.leave}
    @click=${on.click}
    @dblclick=${on.edit}
  >
    ${chips(drawing)}
    <div class="rowlabels">${labels(drawing)}</div>
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(drawing)} ${tableGrid(drawing)} ${predicting ? hiddenOutput(drawing) : outputGrid(drawing)}
      ${cutNotice(drawing)} ${map(drawing)} ${idRange(drawing)} ${colorScale(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${ribbons(drawing)} ${oneHotColumn(drawing)} ${rings(drawing)}
    </svg>
    ${verdicts(drawing)} ${cellEditor(scene, at)}
  </div>`;
}

/** @param {Drawing} d */
function chips({ scene, derived, at, highlight, predicting }) {
  const { N, tokens, ids } = derived;
  const first = scene.ui.local.windows.token;
  const stop = clampToWindow(highlight.n >= 0 ? highlight.n : scene.ui.step, first, at.chips.count);
  const { x, w, h } = at.chips;
  if (!N)
    return html`<p class="none" style="left:${x}px;width:${w}px;top:${at.body.y + at.body.h / 2 - 20}px">no words yet</p>`;
  return html`<div role="listbox" aria-label="Words and their ids" class="chips">
    ${Array.from({ length: at.chips.count }, (_, i) => {
      const n = first + i;
      const state = highlight.n === n ? "hit" : highlight.tokens.includes(n) ? "same" : "";
      return html`<div
        role="option"
        class="chip ${state} ${derived.outOfRange(n) ? "bad" : ""}"
        aria-selected=${String(highlight.n === n && !predicting)}
        tabindex=${n === stop ? 0 : -1}
        data-place="chip:${n}"
        title=${tokens[n]}
        style="left:${x}px;width:${w}px;height:${h}px;top:${chipY(at, i) - h / 2}px"
      >
        <bdi>${tokens[n]}</bdi>${tokens[n] === `#${ids[n]}` ? nothing : html`<span class="num">${ids[n]}</span>`}${
          derived.outOfRange(n) ? html`<span class="unseen">, outside the table</span>` : nothing
        }
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
function labels({ scene, derived, at, highlight, predicting, oneHot }) {
  const { row: first } = scene.ui.local.windows;
  const { trace } = scene;
  return guard([trace, at, first, highlight.row, predicting, oneHot], () =>
    Array.from({ length: Math.min(at.table.rows, derived.V) }, (_, i) => {
      const row = first + i;
      const used = !predicting && derived.readers.has(row);
      const state = highlight.row === row ? "hit" : used ? "used" : "";
      return html`<div
        class="rowlabel ${state}"
        aria-hidden="true"
        style="left:${at.labels.x}px;width:${at.labels.w - 6}px;top:${rowY(at, i) - 9}px"
      >
        <bdi>${derived.words[row]}</bdi> <span class="num">${derived.rowId(row)}</span>
      </div>`;
    }),
  );
}
