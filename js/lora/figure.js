/**
 * The LoRA figure: the equation, the row displacements, and three charts below.
 */
import { html, nothing, svg } from "lit-html";
import { tabs } from "../kit/controls.js";
import { deltaGrid, reached, reachedFrame, spectrum } from "./charts.js";
import { equation, handles, headings, table } from "./equation.js";
import { pointer } from "./input.js";
import { chartOf, isPredicting, layoutOf, momentAt, selection } from "./state.js";
import { labels, displacementStrip } from "./strip.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/**
 * @typedef {object} Drawing
 * @property {Scene} scene
 * @property {import("./trace.js").Derived} derived
 * @property {import("./trace.js").Moment} moment
 * @property {import("./layout.js").Layout} at
 * @property {import("./state.js").Spot | null} spot
 * @property {boolean} predicting
 * @property {boolean} merged
 */

const CHARTS = { error: "Error", first: "First update" };

/** @param {Scene} scene */
export function figure(scene) {
  const at = layoutOf(scene);
  /** @type {Drawing} */
  const d = {
    scene,
    at,
    derived: derive(scene.trace),
    moment: momentAt(scene),
    spot: selection(scene),
    predicting: isPredicting(scene),
    merged: scene.ui.local.merged,
  };
  const on = pointer(scene);
  const drawn = (/** @type {string[]} */ ...charts) =>
    !at.narrow || charts.includes(chartOf(scene));
  return html`<div
    class="stage ${d.predicting ? "asked" : ""} ${scene.ui.local.drag ? "dragging" : ""}"
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
    ${labels(d)}
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(d)} ${table(d)}
    </svg>
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${equation(d)} ${handles(d)} ${drawn("rows") ? displacementStrip(d) : nothing}
    </svg>
    <svg class="charts" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${drawn("rank") ? [deltaGrid(d), spectrum(d)] : nothing} ${drawn("error", "first") ? reachedFrame(d) : nothing}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${drawn("error", "first") ? reached(d) : nothing} ${rings(d)}
    </svg>
    ${
      at.narrow && scene.ui.prediction
        ? nothing
        : tabs({
            explorer: scene.explorer,
            local: "chart",
            label: at.narrow ? "Chart" : "Chart beside the singular values",
            choices: at.narrow ? { rows: "Rows", rank: "Rank", ...CHARTS } : CHARTS,
            style: `${at.narrow ? "left:0" : `right:${at.width - at.tabs.x}px`};top:${at.tabs.y}px`,
          })
    }
  </div>`;
}

/**
 * Rings around what a number is computed from: a row of W and of A, a column of B, a row of W′.
 * @param {Drawing} d
 */
function rings({ at, spot, moment, merged }) {
  if (!spot || spot.part === "point") return svg``;
  const { i, c, k, part } = spot;
  const { rh, cw } = at;
  /** @type {unknown[]} */
  const parts = [];
  /**
   * @param {number} x
   * @param {number} y
   * @param {number} w
   * @param {number} h
   * @param {string} kind
   */
  const ring = (x, y, w, h, kind) =>
    parts.push(
      svg`<rect class=${kind} x=${x - (kind === "ring" ? 2.5 : 0.75)} y=${y - (kind === "ring" ? 2.5 : 0.75)} width=${w + (kind === "ring" ? 3.5 : 0)} height=${h + (kind === "ring" ? 3.5 : 0)} rx="3" />`,
    );
  if (i !== undefined) {
    for (const box of [at.w, at.m]) ring(box.x, box.y + i * rh, box.w, rh, "ring");
    if (!merged) ring(at.a.x, at.a.y + i * rh, moment.r * cw, rh, "ring");
    if (at.delta.h) ring(at.delta.x, at.delta.y + i * at.delta.rh, at.delta.w, at.delta.rh, "ring");
  }
  if (part === "b" && k !== undefined) {
    ring(at.b.x, at.b.y + k * rh, at.b.w, rh, "ring");
    ring(at.a.x + k * cw, at.a.y, cw, at.a.h, "ring");
  } else if (c !== undefined && c < at.cols && !merged)
    ring(at.b.x + c * cw, at.b.y, cw, moment.r * rh, "ring");
  if (c !== undefined && c < at.cols && i !== undefined) {
    for (const box of [at.w, at.m]) ring(box.x + c * cw, box.y + i * rh, cw, rh, "cellring");
    if (at.delta.h)
      ring(
        at.delta.x + c * at.delta.cw,
        at.delta.y + i * at.delta.rh,
        at.delta.cw,
        at.delta.rh,
        "cellring",
      );
  }
  if (part === "a" && i !== undefined && k !== undefined)
    ring(at.a.x + k * cw, at.a.y + i * rh, cw, rh, "cellring");
  if (part === "b" && k !== undefined && c !== undefined)
    ring(at.b.x + c * cw, at.b.y + k * rh, cw, rh, "cellring");
  return parts;
}
