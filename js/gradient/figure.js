/**
 * The figure of a backward pass: the words with what comes back to them on the left, the gradient
 * of the table in the middle, the piles of one column on the right.
 */
import { html, nothing } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { within } from "../kit/roving_tabindex.js";
import { headings, rest, rings, scale, verdicts } from "./annotations.js";
import { backGrid, tableGrid } from "./grids.js";
import { pointer } from "./input.js";
import { chipY, rowY } from "./layout.js";
import { flight, ribbons } from "./ribbons.js";
import { piles } from "./stacked_bars.js";
import { isAsked, layoutOf, spotOf } from "./state.js";
import { isLost, litBy, readingOf, stopOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./trace.js").Reading} Reading */
/** @typedef {import("./trace.js").Rule} Rule */
/** @typedef {import("./trace.js").Lit} Lit */
/** @typedef {{ scene: Scene, reading: Reading, at: Layout, lit: Lit, asked: boolean, rule: Rule, step: number }} Drawing */

/** @param {Scene} scene */
export function figure(scene) {
  const reading = readingOf(scene.trace);
  const at = layoutOf(scene, reading);
  const asked = isAsked(scene);
  const calm = scene.ui.prediction && scene.ui.own.asks === "rows" && !scene.ui.hover && !scene.ui.focus; // revealed: its marks speak alone
  const lit = litBy(reading, (asked && scene.ui.own.asks === "rows") || calm ? null : spotOf(scene));
  /** @type {Drawing} */
  const drawing = { scene, reading, at, lit, asked, rule: scene.params.rule, step: scene.ui.step };
  const on = pointer(scene, reading, at);
  return html`<div
    class="stage ${asked ? "asked" : ""} ${scene.ui.playing ? "playing" : ""} ${drawing.step >= reading.N ? "merged" : ""}"
    role="group"
    aria-label=${scene.trace.header.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerleave=${on.leave}
    @click=${on.click}
    @dblclick=${on.open}
  >
    ${chips(drawing)} ${labels(drawing)}
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(drawing)} ${backGrid(drawing)} ${tableGrid(drawing)} ${asked ? nothing : piles(drawing)}
      ${rest(drawing)} ${scale(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${ribbons(drawing)} ${rings(drawing)} ${flight(drawing)}
    </svg>
    ${verdicts(drawing)}
  </div>`;
}

/** @param {Drawing} d */
function chips({ scene, reading, at, lit, asked, rule, step }) {
  const { N, tokens, ids } = reading;
  const first = scene.ui.own.windows.token;
  const stop = within(stopOf(lit, reading, step), first, at.chips.count);
  const { x, w, h } = at.chips;
  if (!N)
    return html`<p class="none" style="left:${x}px;width:${w}px;top:${at.body.y + at.body.h / 2 - 20}px">no words yet</p>`;
  return html`<div role="listbox" aria-label="Words and their ids" class="chips">
    ${Array.from({ length: at.chips.count }, (_, i) => {
      const n = first + i;
      const state = lit.n === n ? "hit" : lit.row === ids[n] ? "same" : "";
      const lost = !asked && isLost(reading, n, step, rule);
      const silent = !reading.arrives(n);
      return html`<div
        role="option"
        class="chip ${state} ${lost ? "lost" : ""} ${silent ? "silent" : ""}"
        aria-selected=${String(lit.n === n && !asked)}
        tabindex=${n === stop ? 0 : -1}
        data-place="chip:${n}"
        title=${tokens[n]}
        style="left:${x}px;width:${w}px;height:${h}px;top:${chipY(at, i) - h / 2}px"
      >
        <bdi>${tokens[n]}</bdi><span class="num">${ids[n]}</span>${
          lost ? html`<span class="unseen">, overwritten</span>` : nothing
        }${silent ? html`<span class="unseen">, sends nothing back</span>` : nothing}
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
function labels({ scene, reading, at, lit, asked, step }) {
  return guard([scene.trace, at, lit.row, asked, step], () =>
    reading.rows.map((row, i) => {
      const used = !asked && (reading.tied || reading.senders(row).some((n) => n <= step));
      const state = lit.row === row ? "hit" : used ? "used" : "";
      return html`<div
        class="rowlabel ${state}"
        aria-hidden="true"
        style="left:${at.labels.x}px;width:${at.labels.w - 6}px;top:${rowY(at, i) - 9}px"
      >
        <bdi>${reading.word(row)}</bdi> <span class="num">${row}</span>
      </div>`;
    }),
  );
}
