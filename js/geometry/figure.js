/**
 * The figure: a flat map of all words, beside it who is truly near the picked one, below it a ruler
 * and the arithmetic with words.
 */
import { html, nothing } from "lit-html";
import { layout, scaleOf } from "./layout.js";
import { around, lists } from "./neighbor_lists.js";
import { canvas, over, ruler } from "./map.js";
import { placesOf } from "./transition.js";
import { currentOf, readingOf } from "./trace.js";
import { ghost, slots } from "./analogy_slots.js";
import { pointer } from "./input.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/**
 * @typedef {object} Drawing
 * @property {Scene} scene
 * @property {import("./trace.js").Reading} reading
 * @property {import("./layout.js").Layout} at
 * @property {import("./layout.js").Scale} scale
 * @property {ArrayLike<number>} points  as they are drawn now, on their way to another plane
 * @property {boolean} moving
 * @property {number} current
 * @property {boolean} asked
 */

/** @type {WeakMap<object, { key: unknown[], at: import("./layout.js").Layout, scale: import("./layout.js").Scale }>} */
const known = new WeakMap();

/** The layout and the scale, the same as long as nothing they depend on changes. @param {Scene} scene @param {ArrayLike<number>} points */
function placed(scene, points) {
  const { near, nearMap, choices, target } = readingOf(scene.trace);
  const count = Math.max(near.length, nearMap.length, choices.length);
  const key = [scene.size.figure, count, points, target];
  const before = known.get(scene.act);
  if (before && key.every((part, i) => part === before.key[i])) return before;
  const at = layout({ width: scene.size.figure, count });
  const made = { key, at, scale: scaleOf(points, at.map, target) };
  known.set(scene.act, made);
  return made;
}

/** @param {Scene} scene @returns {Drawing} */
export function drawingOf(scene) {
  const { points, moving } = placesOf(scene);
  const { at, scale } = placed(scene, points);
  const asked = scene.ui.prediction?.phase === "open";
  const reading = readingOf(scene.trace);
  return { scene, reading, at, scale, points, moving, current: asked ? -1 : currentOf(scene), asked };
}

/** @param {Scene} scene */
export function figure(scene) {
  const drawing = drawingOf(scene);
  const { at } = drawing;
  const on = pointer(scene, drawing);
  return html`<div @pointerdown=${on.down} @click=${on.click} @pointermove=${on.move} @pointerleave=${on.leave}>
    <div
      class="stage geometry ${drawing.asked ? "asked" : ""}"
      role="group"
      aria-label=${scene.trace.header.alt}
      style="height:${at.height}px"
    >
      ${canvas(drawing)}
      <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
        ${around(drawing)} ${over(drawing)} ${ruler(drawing)}
      </svg>
      ${lists(drawing)} ${at.sum ? slots(scene, at) : nothing} ${ghost(scene)}
    </div>
    ${at.sum ? nothing : slots(scene, at)}
  </div>`;
}
