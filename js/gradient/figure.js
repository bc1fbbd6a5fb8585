/**
 * The gradient figure: the words with their upstream gradients on the left, the gradient of the
 * table in the middle, stacked bars of one column on the right.
 */
import { html, nothing } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { clampToWindow } from "../kit/roving_tabindex.js";
import { linesWithRoom } from "../kit/scale.js";
import { headings, cutNotice, rings, colorScale, verdicts } from "./annotations.js";
import { gradOutputGrid, tableGrid } from "./grids.js";
import { pointer } from "./input.js";
import { chipY, rowY } from "./layout.js";
import { arrivingRow, ribbons } from "./ribbons.js";
import { stackedBars } from "./stacked_bars.js";
import { isPredicting, layoutOf, selection } from "./state.js";
import { isOverwritten, highlightFor, derive, tabStop } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Rule} Rule */
/** @typedef {import("./trace.js").Highlight} Highlight */
/** @typedef {{ scene: Scene, derived: Derived, at: Layout, highlight: Highlight, predicting: boolean, rule: Rule, step: number }} Drawing */

/** @param {Scene} scene */
export function figure(scene) {
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const predicting = isPredicting(scene);
  const calm =
    scene.ui.prediction && scene.ui.local.asks === "rows" && !scene.ui.hover && !scene.ui.focus; // revealed: no highlight beside the verdicts
  const highlight = highlightFor(
    derived,
    (predicting && scene.ui.local.asks === "rows") || calm ? null : selection(scene),
  );
  /** @type {Drawing} */
  const drawing = {
    scene,
    derived,
    at,
    highlight,
    predicting,
    rule: scene.params.rule,
    step: scene.ui.step,
  };
  const on = pointer(scene, derived, at);
  return html`<div
    class="stage ${predicting ? "asked" : ""} ${scene.ui.playing ? "playing" : ""} ${drawing.step >= derived.N ? "merged" : ""}"
    role="group"
    aria-label=${scene.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerleave=${on.leave}
    @click=${on.click}
    @dblclick=${on.open}
  >
    ${chips(drawing)}
    <div class="rowlabels">${labels(drawing)}</div>
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(drawing)} ${predicting ? nothing : stackedBars(drawing)} ${cutNotice(drawing)} ${colorScale(drawing)}
    </svg>
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${gradOutputGrid(drawing)} ${tableGrid(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${ribbons(drawing)} ${rings(drawing)} ${arrivingRow(drawing)}
    </svg>
    ${verdicts(drawing)}
  </div>`;
}

/** @param {Drawing} d */
function chips({ scene, derived, at, highlight, predicting, rule, step }) {
  const { N, tokens, ids } = derived;
  const first = scene.ui.local.windows.token;
  const stop = clampToWindow(tabStop(highlight, derived, step), first, at.chips.count);
  const { x, w, h } = at.chips;
  if (!N)
    return html`<p class="none" style="left:${x}px;width:${w}px;top:${at.body.y + at.body.h / 2 - 20}px">no words yet</p>`;
  return html`<div role="listbox" aria-label="Words and their ids" class="chips">
    ${Array.from({ length: at.chips.count }, (_, i) => {
      const n = first + i;
      const state = highlight.n === n ? "hit" : highlight.row === ids[n] ? "same" : "";
      const lost = !predicting && isOverwritten(derived, n, step, rule);
      const silent = !derived.hasGradient(n);
      return html`<div
        role="option"
        class="chip ${state} ${lost ? "lost" : ""} ${silent ? "silent" : ""}"
        aria-selected=${String(highlight.n === n && !predicting)}
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
function labels({ scene, derived, at, highlight, predicting, step }) {
  return guard([scene.trace, at, highlight.row, predicting, step], () => {
    const inUse = derived.rows.map(
      (row) => !predicting && (derived.tied || derived.senders(row).some((n) => n <= step)),
    );
    const labeled = labeledRows(derived, at, highlight.row, inUse);
    return derived.rows.map((row, i) => {
      const used = inUse[i];
      const state = highlight.row === row ? "hit" : used ? "used" : "";
      if (!labeled.has(i)) return nothing;
      return html`<div
        class="rowlabel ${state}"
        aria-hidden="true"
        style="left:${at.labels.x}px;width:${at.labels.w - 6}px;top:${rowY(at, i) - 9}px"
      >
        <bdi>${derived.word(row)}</bdi> <span class="num">${row}</span>
      </div>`;
    });
  });
}

/**
 * Return the lines of the table that get a label: that of the selection, then those in use; where there is room, all.
 * @param {Derived} derived
 * @param {Layout} at
 * @param {number} selected
 * @param {boolean[]} inUse
 */
export function labeledRows(derived, at, selected, inUse) {
  const lines = derived.rows.map((_, i) => i);
  const rank = (/** @type {number} */ i) => (derived.rows[i] === selected ? 0 : inUse[i] ? 1 : 2);
  return linesWithRoom(
    lines.sort((i, j) => rank(i) - rank(j)),
    at.table.rh,
  );
}
