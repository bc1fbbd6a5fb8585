/**
 * The mask figure: the model as a row of cards, below each its outputs, sentence by sentence, and
 * the mask as a ribbon beside the values.
 */
import { html, nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { fixed } from "../kit/format.js";
import { cells, ids, stripes } from "./cells.js";
import { distances } from "./distances.js";
import { distanceText } from "./facts.js";
import { pointer } from "./input.js";
import { cards, sentences } from "./layer_cards.js";
import { cellX, drawnSentences, gapMark, rowTop } from "./layout.js";
import { dots, maskRibbon } from "./mask_ribbon.js";
import { layoutOf, tabStop } from "./state.js";
import { SAME, isPadding, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./trace.js").Stage} Stage */
/** @typedef {{ scene: Scene, derived: Derived, at: Layout, predicting: boolean }} Drawing */

/** @param {Scene} scene */
export function figure(scene) {
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const predicting = scene.ui.prediction?.phase === "open";
  /** @type {Drawing} */
  const drawing = { scene, derived, at, predicting };
  const on = pointer(scene, derived, at);
  const { step, prediction, playing, local } = scene.ui;
  return html`<div
    class="stage ${predicting ? "asked" : prediction ? "revealed" : ""} ${local.drag ? "dragging" : ""}"
    role="group"
    aria-label=${scene.alt}
    style="height:${at.height}px"
    @pointerdown=${on.down}
    @pointermove=${on.move}
    @pointerup=${on.up}
    @pointercancel=${on.cancel}
    @pointerleave=${on.leave}
  >
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${selectedSentence(drawing)} ${arrows(drawing)}
      ${guard([scene.trace, at], () => ids(drawing))}
      ${derived.stages.map((stage) => column(drawing, stage))}
      ${scene.ui.prediction ? nothing : key(drawing)} ${distances(drawing)} ${focusableCells(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${rings(drawing)} ${dropMark(drawing)}
    </svg>
    ${guard([scene.trace, at, step, prediction, playing, local.asking, local.drag, local.drag?.gap], () => cards(drawing))}
    ${guard([scene.trace, at, local.sentence], () => sentences(drawing))}
    ${derived.B ? nothing : html`<p class="none" style="top:${at.columns[0].y}px">no sentences yet</p>`}
  </div>`;
}

/** @param {Drawing} d @param {Stage} stage */
function column(d, stage) {
  const { scene, derived, at, predicting } = d;
  const later = scene.ui.playing && stage.n > scene.ui.step;
  const before = derived.stages[stage.n - 1];
  return guard([scene.trace, at, predicting, later, scene.theme], () => {
    const open = predicting && stage.n > 0;
    return svg`<g class=${later ? "later" : ""} style="--k:${stage.n}">
      ${cells(d, stage)} ${predicting ? nothing : stripes(d, stage)} ${open ? nothing : dots(d, stage)}
      ${predicting || !before ? nothing : maskRibbon(d, before, stage)} ${valueBeside(d, stage)}
    </g>`;
  });
}

/**
 * Beside a vector how far it is from the unpadded reference, where it is the pooled one; beside a single output its
 * value, and that of the reference.
 * @param {Drawing} d
 * @param {Stage} stage
 */
function valueBeside({ derived, at, predicting }, stage) {
  const k = stage.n + 1;
  const { w, pitch } = at.columns[k];
  const x = cellX(at, k, stage.cells) + 5;
  if (stage.form !== "vector" || w < pitch * stage.cells + 34) return nothing;
  return drawnSentences(at, derived.B).map((b) => {
    const y = rowTop(at, k, b) + at.vh / 2 + 4;
    const off = derived.pooledOff(b, "model");
    if (stage.n === derived.pooledAt && stage.cells > 1)
      return predicting || Number.isNaN(off)
        ? nothing
        : svg`<text class="num off ${off < SAME ? "same" : ""}" x=${x} y=${y}>${distanceText(off).value}</text>`;
    if (stage.cells !== 1) return nothing;
    const [value] = stage.valuesAt(b, 0);
    const [reference] = stage.valuesAt(b, 0, "reference");
    const compared = !predicting && !derived.noReference && Number.isFinite(reference);
    return svg`<text class="num" x=${x} y=${compared ? y - 7 : y}>${fixed(value)}</text>
      ${compared ? svg`<text class="num sub" x=${x} y=${y + 7}>ref. ${fixed(reference)}</text>` : nothing}`;
  });
}

/** Background of the selected sentence. @param {Drawing} d */
function selectedSentence({ scene, derived, at }) {
  const b = scene.ui.local.sentence;
  if (b >= derived.B) return nothing;
  if (at.narrow) {
    const [{ x, y, w }] = at.columns;
    return svg`<rect class="chosen" x=${x - 4} y=${y + b * at.idsH - 3} width=${w + 8} height=${at.idsH} rx="5" />`;
  }
  return svg`<rect class="chosen" x=${-6} y=${rowTop(at, 0, b) - 4} width=${at.width + 8} height=${at.rowH - 2} rx="5" />`;
}

/** Arrows from card to card. @param {Drawing} d */
function arrows({ at }) {
  if (at.narrow) return nothing;
  return at.columns.slice(1).map(({ card }, k) => {
    const from = at.columns[k].card;
    const y = card.y + card.h / 2;
    return svg`<path class="arrow" aria-hidden="true" d="M${from.x + from.w + 3} ${y}H${card.x - 4}m-4 -3.5l4 3.5l-4 3.5" />`;
  });
}

/** Key of the marks. @param {Drawing} d */
function key({ derived, at }) {
  const y = at.foot + 12;
  const stripe = derived.stages.some(({ paddingCounts }) => paddingCounts);
  return svg`<g class="key" aria-hidden="true"><circle class="word" cx="5" cy=${y - 4} r="3.6" /><text x="14" y=${y}>word</text>
    <circle class="masked" cx="58" cy=${y - 4} r="3.6" /><text x="67" y=${y}>masked</text>
    ${stripe ? svg`<path class="stripes" d="M124 ${y + 1}l9 -9M129 ${y + 1}l9 -9M134 ${y + 1}l6 -6" /><text x="146" y=${y}>padding that counts as a word</text>` : nothing}</g>`;
}

/** Focusable cells with their values as labels. @param {Drawing} d */
function focusableCells({ scene, derived, at, predicting }) {
  const { trace } = scene;
  const stop = tabStop(scene, derived);
  return svg`<g role="grid" aria-label="What comes out of each layer" aria-rowcount=${derived.B}>${drawnSentences(
    at,
    derived.B,
  ).map((b) => {
    const focusedCell = stop.b === b ? `${stop.k}:${stop.cell}` : "";
    return guard(
      [trace, at, focusedCell, predicting],
      () =>
        svg`<g role="row" aria-rowindex=${b + 1} aria-label="sentence ${b + 1}">${derived.stages.map(
          (stage) =>
            Array.from({ length: stage.cells }, (_, cell) => {
              const k = stage.n + 1;
              return svg`<rect class="cell place" role="gridcell" data-place="at:${stage.n}:${b}:${cell}" tabindex=${focusedCell === `${stage.n}:${cell}` ? 0 : -1}
          x=${cellX(at, k, cell) - 0.75} y=${rowTop(at, k, b) - 1} width=${at.columns[k].pitch} height=${at.vh + 1}
          aria-label=${cellLabel(derived, stage, b, cell, predicting)} />`;
            }),
        )}</g>`,
    );
  })}</g>`;
}

/**
 * @param {Derived} derived
 * @param {Stage} stage
 * @param {number} b
 * @param {number} cell
 * @param {boolean} predicting
 */
function cellLabel(derived, stage, b, cell, predicting) {
  const numbers = stage
    .valuesAt(b, cell)
    .map((v) => fixed(v))
    .join(", ");
  if (stage.form === "vector") return `${stage.label}, number ${cell}: ${numbers}`;
  const token =
    stage.cells === derived.T
      ? derived.tokens[b][cell] || (isPadding(derived, stage, b, cell) ? "padding" : "")
      : "";
  const mask = predicting || !stage.mask ? "" : stage.mask(b, cell) ? "; counts" : "; masked";
  return `${stage.label}, position ${cell}${token ? `, ${token}` : ""}: ${numbers}${mask}`;
}

/** Rings around the selected position, in every stage that has it. @param {Drawing} d */
function rings({ scene, derived, at }) {
  const spot = scene.ui.hover ?? scene.ui.focus;
  if (spot?.part !== "place" && spot?.part !== "ids") return nothing;
  const stage = spot.part === "place" ? derived.stages[spot.k] : undefined;
  if (spot.b >= derived.B || (stage && spot.cell >= stage.cells)) return nothing;
  const timed = !stage || (stage.form !== "vector" && stage.cells === derived.T);
  return at.columns.map(({ pitch }, k) => {
    const columnStage = derived.stages[k - 1];
    const same =
      k === 0
        ? timed
        : columnStage === stage ||
          (timed && columnStage.form !== "vector" && columnStage.cells === derived.T);
    if (!same) return nothing;
    if (k > 0 && at.sentence !== null && at.sentence !== spot.b) return nothing; // not drawn
    const main = stage ? columnStage === stage : k === 0;
    const h = at.narrow && k === 0 ? 22 : at.vh;
    const top = rowTop(at, k, spot.b) + (at.vh - h) / 2;
    return svg`<rect class="ring ${main ? "" : "same"}" x=${cellX(at, k, spot.cell) - 2.5} y=${top - 2.5} width=${pitch + 3.5} height=${h + 4} rx="3" />`;
  });
}

/** Where a dragged layer will land. @param {Drawing} d */
function dropMark({ scene, at }) {
  const { drag } = scene.ui.local;
  if (drag?.gap == null) return nothing;
  const { x, y, w, h } = gapMark(at, drag.gap);
  return svg`<rect class="drop" x=${x} y=${y} width=${w} height=${h} rx="2" />`;
}
