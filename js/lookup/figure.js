/**
 * The figure of a lookup: words on the left, the table in the middle, the output on the right, and
 * ribbons that join what is the same thing.
 */
import { html, nothing } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { within } from "../kit/roving_tabindex.js";
import { fence, headings, map, rest, rings, scale, veil, verdicts } from "./annotations.js";
import { editor } from "./cell_editor.js";
import { hotColumn, outputGrid, tableGrid } from "./grids.js";
import { pointer } from "./input.js";
import { chipY, rowY } from "./layout.js";
import { ribbons } from "./ribbons.js";
import { layoutOf, spotOf } from "./state.js";
import { litBy, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Lit} Lit */
/** @typedef {{ scene: Scene, reading: Reading, at: Layout, lit: Lit, asked: boolean, hot: boolean }} Drawing */

/** @param {Scene} scene */
export function figure(scene) {
  const reading = readingOf(scene.trace);
  const at = layoutOf(scene, reading);
  const asked = scene.ui.prediction?.phase === "open";
  const calm = scene.ui.prediction && !scene.ui.hover && !scene.ui.focus; // revealed: its marks speak alone
  const lit = litBy(reading, asked || calm ? null : spotOf(scene));
  const hot = scene.params.way === "one-hot";
  /** @type {Drawing} */
  const drawing = { scene, reading, at, lit, asked, hot };
  const on = pointer(scene, reading, at);
  return html`<div
    class="stage ${asked ? "asked" : ""} ${scene.ui.playing ? "playing" : ""}"
    role="group"
    aria-label=${scene.trace.header.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerleave=${on.leave}
    @click=${on.click}
    @dblclick=${on.edit}
  >
    ${chips(drawing)} ${labels(drawing)}
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(drawing)} ${tableGrid(drawing)} ${asked ? veil(drawing) : outputGrid(drawing)}
      ${rest(drawing)} ${map(drawing)} ${fence(drawing)} ${scale(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${ribbons(drawing)} ${hotColumn(drawing)} ${rings(drawing)}
    </svg>
    ${verdicts(drawing)} ${editor(scene, at)}
  </div>`;
}

/** @param {Drawing} d */
function chips({ scene, reading, at, lit, asked }) {
  const { N, tokens, ids } = reading;
  const first = scene.ui.own.windows.token;
  const stop = within(lit.n >= 0 ? lit.n : scene.ui.step, first, at.chips.count);
  const { x, w, h } = at.chips;
  if (!N)
    return html`<p class="none" style="left:${x}px;width:${w}px;top:${at.body.y + at.body.h / 2 - 20}px">no words yet</p>`;
  return html`<div role="listbox" aria-label="Words and their ids" class="chips">
    ${Array.from({ length: at.chips.count }, (_, i) => {
      const n = first + i;
      const state = lit.n === n ? "hit" : lit.tokens.includes(n) ? "same" : "";
      return html`<div
        role="option"
        class="chip ${state} ${reading.bad(n) ? "bad" : ""}"
        aria-selected=${String(lit.n === n && !asked)}
        tabindex=${n === stop ? 0 : -1}
        data-place="chip:${n}"
        title=${tokens[n]}
        style="left:${x}px;width:${w}px;height:${h}px;top:${chipY(at, i) - h / 2}px"
      >
        <bdi>${tokens[n]}</bdi>${tokens[n] === `#${ids[n]}` ? nothing : html`<span class="num">${ids[n]}</span>`}${
          reading.bad(n) ? html`<span class="unseen">, outside the table</span>` : nothing
        }
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
function labels({ scene, reading, at, lit, asked, hot }) {
  const { row: first } = scene.ui.own.windows;
  const { trace } = scene;
  return guard([trace, at, first, lit.row, asked, hot], () =>
    Array.from({ length: Math.min(at.table.rows, reading.V) }, (_, i) => {
      const row = first + i;
      const used = !asked && reading.readers.has(row);
      const state = lit.row === row ? "hit" : used ? "used" : "";
      return html`<div
        class="rowlabel ${state}"
        aria-hidden="true"
        style="left:${at.labels.x}px;width:${at.labels.w - 6}px;top:${rowY(at, i) - 9}px"
      >
        <bdi>${reading.words[row]}</bdi> <span class="num">${row}</span>
      </div>`;
    }),
  );
}
