/**
 * The window figure: the text above, below it the embedding table, the pairs of the center word, and
 * the context table, joined by ribbons.
 */
import { html, nothing, svg } from "lit-html";
import { tabs } from "../kit/controls.js";
import { ribbonPath } from "../kit/curves.js";
import { fixed, formatInt } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { LEGEND_WIDTH, legend } from "../kit/legend.js";
import { markOf } from "../kit/predict.js";
import { tableGrid } from "./grids.js";
import { pointer } from "./input.js";
import { firstWord, pairY, rowY } from "./layout.js";
import { STAGES, layoutOf, selection } from "./state.js";
import { derive, highlightFor } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {{ scene: Scene, derived: import("./trace.js").Derived, at: import("./layout.js").Layout, highlight: import("./trace.js").Highlight, updated: [Set<number>, Set<number>], predicting: boolean }} Drawing */

/** @param {Scene} scene */
export function figure(scene) {
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const { predicting, ui } = scene;
  const calm = ui.prediction && !ui.hover && !ui.focus;
  const spot = predicting || calm ? null : selection(scene);
  const highlight = highlightFor(derived, ui.step, spot);
  /** @type {Drawing} */
  const drawing = { scene, derived, at, highlight, updated: derived.updated(ui.step), predicting };
  const on = pointer(scene, derived, at);
  return html`<div
    class="stage window ${predicting ? "asked" : ""}"
    role="group"
    aria-label=${scene.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerleave=${on.leave}
    @click=${on.click}
  >
    ${words(drawing)} ${labels(drawing)} ${pairList(drawing)}
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(drawing)} ${tableGrid(drawing, 0)} ${tableGrid(drawing, 1)} ${colorScale(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${ribbons(drawing)} ${rings(drawing)}
    </svg>
    ${verdicts(drawing)}
    ${
      predicting
        ? nothing
        : tabs({
            explorer: scene.explorer,
            local: "stage",
            label: "What the cells hold",
            choices: STAGES,
            style: `left:${at.tables[0].labels}px;top:${at.foot}px`,
          })
    }
  </div>`;
}

/** @param {Drawing} d */
function words({ scene, derived, at }) {
  const { N, word, begins } = derived;
  const { step } = scene.ui;
  if (!N) return html`<p class="none" style="left:0;width:${at.width}px;top:2px">no words yet</p>`;
  const first = firstWord(at, step, N);
  const near = new Set(derived.pairs(step).map((pair) => pair.around));
  const { x, pitch, h } = at.chips;
  return html`<div role="listbox" aria-label="The text, the center word selected" aria-orientation="horizontal">
    ${Array.from({ length: at.chips.count }, (_, i) => {
      const n = first + i;
      const kind = n === step ? "hit" : near.has(n) ? "same" : "";
      return html`<div
        role="option"
        class="chip word ${kind} ${n && begins(n) ? "begins" : ""}"
        aria-selected=${String(n === step)}
        tabindex=${n === step ? 0 : -1}
        data-place="word:${n}"
        title=${word(n)}
        style="left:${x + i * pitch + 3}px;top:0;width:${pitch - 6}px;height:${h}px"
      >
        <bdi>${word(n)}</bdi>${near.has(n) ? html`<span class="unseen">, in the window</span>` : nothing}
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
function labels({ derived, at, highlight, updated, predicting }) {
  return [0, 1].map((side) =>
    derived.words.map((word, row) => {
      const used = !predicting && updated[side].has(row);
      const state = highlight.rows[side] === row ? "hit" : used ? "used" : "";
      return html`<div
        class="rowlabel side${side} ${state}"
        aria-hidden="true"
        style="left:${at.tables[side].labels}px;width:${at.grid.labels - 6}px;top:${rowY(at, side, row) - 9}px"
      >
        <bdi>${word}</bdi>
      </div>`;
    }),
  );
}

/** @param {Drawing} d */
function pairList({ scene, derived, at, highlight, predicting }) {
  const { ui } = scene;
  const all = derived.pairs(ui.step);
  const { x, y, w, pitch, count } = at.pairs;
  if (!all.length)
    return html`<p class="none" style="left:${x}px;width:${w}px;top:${y + 8}px">${derived.N ? "no pair: no other word in the window" : "no pair"}</p>`;
  const first = ui.local.pair;
  const stop = highlight.pairs.find((k) => k >= first && k < first + count) ?? first;
  return html`<div role="listbox" aria-label="Pairs of the center word">
    ${all.slice(first, first + count).map((pair, i) => {
      const k = first + i;
      const selected = highlight.pairs.includes(k);
      return html`<div
        role="option"
        class="pair ${pair.positive ? "positive" : "negative"} ${selected ? "hit" : ""}"
        aria-selected=${String(selected)}
        tabindex=${k === stop ? 0 : -1}
        data-place="pair:${k}"
        style="left:${x}px;top:${y + i * pitch}px;width:${w}px;height:${pitch - 2}px"
      >
        <span aria-hidden="true">${pair.positive ? "+" : "−"}</span
        ><span class="unseen">${pair.positive ? "context word" : "negative"} </span><bdi>${derived.words[pair.second]}</bdi>
        ${
          predicting
            ? nothing
            : html`<span class="num"><span class="unseen">, score </span>${fixed(pair.score)}</span
                ><span class="num"><span class="unseen">, sigmoid </span>${fixed(pair.sigmoid)}</span
                ><span class="num"><span class="unseen">, loss </span>${fixed(pair.loss)}</span>`
        }
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
function headings({ scene, derived, at, predicting }) {
  const P = derived.pairs(scene.ui.step).length;
  const { pairs, tables, narrow } = at;
  const y = pairs.y - 20;
  const cut = P > pairs.count;
  const kinds = narrow || predicting ? "" : "  + context word, − negative";
  const range = cut
    ? ` ${scene.ui.local.pair + 1}–${scene.ui.local.pair + pairs.count} of ${P}`
    : kinds;
  const column = Math.max(36, 0.185 * (pairs.w - 14)); // as in style.css
  return svg`${["embedding table", "context table"].map(
    (name, side) =>
      svg`<text class="head" x=${tables[side].labels} y="42">${narrow ? name.split(" ")[0] : name}<tspan class="sub" x=${tables[side].labels} dy="14">V × D = ${derived.shape.map(formatInt).join(" × ")}</tspan></text>`,
  )}
    <text class="head" x=${pairs.x} y=${narrow ? y + 12 : 42}>pairs<tspan class="sub">${range}</tspan></text>
    ${
      predicting || !P
        ? nothing
        : ["loss", "σ(x)", "x"].map(
            (name, i) =>
              svg`<text class="sub" x=${pairs.x + pairs.w - 8 - i * column} y=${y + (narrow ? 12 : 14)} text-anchor="end">${name}</text>`,
          )
    }`;
}

/** @param {Drawing} d */
function ribbons({ scene, derived, at, highlight, predicting }) {
  if (predicting || at.narrow) return nothing;
  const { pairs, tables, grid } = at;
  const first = scene.ui.local.pair;
  const kinds = { plain: "", same: "", hit: "" };
  derived
    .pairs(scene.ui.step)
    .slice(first, first + pairs.count)
    .forEach((pair, i) => {
      const kind = highlight.pairs.includes(first + i) ? "hit" : pair.positive ? "same" : "plain";
      const y = pairY(at, i);
      kinds[kind] +=
        ribbonPath(tables[0].x + grid.w + 3, rowY(at, 0, pair.first), pairs.x - 2, y) +
        ribbonPath(pairs.x + pairs.w + 2, y, tables[1].labels + 2, rowY(at, 1, pair.second));
    });
  return svg`<g class="ribbons"><path class="ribbon" d=${kinds.plain} /><path class="ribbon same" d=${kinds.same} /><path class="ribbon hit" d=${kinds.hit} /></g>`;
}

/** @param {Drawing} d */
function rings({ at, highlight, predicting }) {
  if (predicting) return nothing;
  const { tables, grid } = at;
  return svg`<g class="rings">${highlight.rows.map((row, side) =>
    row < 0
      ? nothing
      : svg`<rect class="ring" x=${tables[side].x - 3} y=${tables[side].y + row * grid.rh - 3} width=${grid.w + 4.5} height=${grid.rh + 4.5} rx="4" />
        ${
          highlight.side === side && highlight.col >= 0
            ? svg`<rect class="cellring" x=${tables[side].x + highlight.col * grid.cw - 0.75} y=${tables[side].y + row * grid.rh - 0.75} width=${grid.cw} height=${grid.rh} rx="2" />`
            : nothing
        }`,
  )}</g>`;
}

/** @param {Drawing} d */
function colorScale({ scene, derived, at }) {
  const vmax = scene.ui.local.stage === "gradient" ? derived.gmax : derived.vmax;
  const x = at.width - LEGEND_WIDTH - 30;
  return legend({ theme: scene.theme, vmax, x, y: at.foot + 5 });
}

/** Result of each chosen row, beside it. @param {Drawing} d */
function verdicts({ scene, derived, at }) {
  const { prediction } = scene.ui;
  if (!prediction) return nothing;
  const { grid, tables } = at;
  let order = 0;
  return [0, 1].map((side) =>
    derived.words.map((_, row) => {
      const mark = markOf(prediction, side * derived.V + row);
      if (!mark) return nothing;
      const y = tables[side].y + row * grid.rh;
      return html`<span class="verdict ${mark}" style="left:${tables[side].x - 2}px;top:${y - 1.5}px;width:${grid.w + 2.5}px;height:${grid.rh + 1}px;--order:${order++}"
        ><span class="tag">${icon(mark === "chosen" ? "right" : mark)}</span></span>`;
    }),
  );
}
