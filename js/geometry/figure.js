/**
 * The geometry figure: a 2-D map of all words, beside it the nearest neighbors of the picked one,
 * below it a ruler and the analogy.
 */
import { html, nothing } from "lit-html";
import { draggedWord, slots } from "./analogy_slots.js";
import { legendOf } from "./coloring.js";
import { pointer } from "./input.js";
import { canvas, over, paintMap, ruler, zoomButtons } from "./map.js";
import { listHeadings, lists } from "./neighbor_lists.js";
import { isShown, regionPanel } from "./region_panel.js";
import { sceneFrame } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function figure(scene) {
  const drawing = sceneFrame(scene);
  const { at } = drawing;
  const on = pointer(scene, drawing);
  queueMicrotask(() => paintMap(drawing));
  return html`<div @pointerdown=${on.down} @click=${on.click} @pointermove=${on.move} @pointerleave=${on.leave} @wheel=${on.wheel}>
    <div
      class="stage geometry ${drawing.predicting ? "asked" : ""}"
      role="group"
      aria-label=${scene.alt}
      style="height:${at.height}px"
    >
      ${canvas(drawing)} ${zoomButtons(drawing)} ${legendOf(scene, at)}
      <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
        ${listHeadings(drawing)} ${over(drawing)} ${ruler(drawing)}
      </svg>
      ${isShown(scene) ? regionPanel(drawing) : lists(drawing)} ${at.sum ? slots(scene, at) : nothing} ${draggedWord(scene)}
    </div>
    ${at.sum ? nothing : slots(scene, at)}
  </div>`;
}
