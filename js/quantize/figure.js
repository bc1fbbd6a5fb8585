/**
 * The quantization figure: the rows, one row on its ruler and in memory, errors and neighbors.
 */
import { html, nothing } from "lit-html";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { rowInMemory } from "./bits.js";
import { histogram, neighborChart } from "./charts.js";
import { pointer } from "./input.js";
import { columnX } from "./layout.js";
import { rowList, rowListHeading } from "./row_list.js";
import { markPlaces, ruler } from "./ruler.js";
import { isGrown, selection } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/**
 * @typedef {object} Drawing
 * @property {Scene} scene
 * @property {import("./state.js").Selection} selected
 * @property {import("./layout.js").Layout} at
 * @property {boolean} predicting
 * @property {(stage: number) => string} later  class of what a later step adds
 * @property {ReturnType<typeof markPlaces>} places
 */

/** @param {Scene} scene */
export function figure(scene) {
  const selected = selection(scene);
  const { at } = selected;
  const predicting = scene.ui.prediction?.phase === "open";
  const later = (/** @type {number} */ stage) =>
    stage > scene.ui.step && !predicting && !isGrown(scene) ? "later" : "";
  /** @type {Drawing} */
  const drawing = { scene, selected: selected, at, predicting, later, places: [] };
  drawing.places = markPlaces(drawing);
  const on = pointer(scene, drawing);
  const head = rowListHeading(drawing);
  return html`<div
    class="stage ${predicting ? "asked" : ""} ${scene.ui.local.drag ? "dragging" : ""} ${scene.ui.playing ? "playing" : ""}"
    role="group"
    aria-label=${scene.alt}
    style="height:${at.height}px"
    @pointerdown=${on.down}
    @pointermove=${on.move}
    @pointerup=${on.up}
    @pointercancel=${on.up}
    @pointerleave=${on.leave}
    @click=${on.click}
  >
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      <text class="head" x="0" y="12">${head.title}<tspan class="sub" x="0" dy="15">${head.small}</tspan></text>
      ${ruler(drawing)} ${rowInMemory(drawing)} ${predicting ? nothing : [histogram(drawing), neighborChart(drawing)]}
    </svg>
    ${rowList(drawing)} ${verdicts(drawing)}
  </div>`;
}

/** Result of each chosen code and row. @param {Drawing} d */
function verdicts({ scene, at, selected }) {
  const { prediction } = scene.ui;
  if (!prediction) return nothing;
  const { memory: m, rows } = at;
  const { windows } = scene.ui.local;
  const { D, V, first } = selected.derived;
  let order = 0;
  /** @param {number} item @param {string} kind @param {string} style */
  const one = (item, kind, style) => {
    const mark = markOf(prediction, item);
    if (!mark) return nothing;
    return html`<span class="judged ${kind} ${mark}" style="${style};--order:${order++}"
      ><span class="tag">${icon(mark === "chosen" ? "right" : mark)}</span></span
    >`;
  };
  const cols = Array.from({ length: Math.min(m.cols, D - windows.col) }, (_, i) =>
    one(
      windows.col + i,
      "code",
      `left:${columnX(at, i) + 1}px;top:${m.lines.code - 1}px;width:${m.cw - 2}px;height:${m.line}px`,
    ),
  );
  const list = Array.from({ length: Math.min(rows.count, V - windows.row) }, (_, i) =>
    one(
      D + first + windows.row + i,
      at.narrow ? "flat" : "row",
      at.narrow
        ? `left:${rows.x + i * rows.pitch - 1}px;top:${rows.y}px;width:${rows.pitch}px;height:${rows.h}px`
        : `left:${rows.x - 1}px;top:${rows.y + i * rows.pitch}px;width:${rows.w + 2}px;height:${rows.pitch - 1}px`,
    ),
  );
  return [...cols, ...list];
}
