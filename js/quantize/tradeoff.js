/**
 * Trade-off of the schemes: bits per weight against the largest error of the row.
 */
import { html, svg } from "lit-html";
import { fixed } from "../kit/format.js";
import { formatStep } from "./number_format.js";
import { SCHEMES } from "./trace.js";

const BOX = { w: 164, h: 96, left: 6, right: 22, top: 12, floor: 76 };

/**
 * @param {import("./trace.js").Derived} derived
 * @param {number} row
 * @param {string} current
 */
export function tradeoffChart(derived, row, current) {
  const size = derived.size[0] * derived.size[1];
  const points = SCHEMES.map((name) => ({
    name,
    bits: (8 * derived.schemes[name].bytes) / size,
    error: derived.schemes[name].error[row],
  }));
  const wide = Math.max(...points.map((p) => p.bits));
  const tall = Math.max(...points.map((p) => p.error)) || 1;
  const x = (/** @type {number} */ bits) =>
    BOX.left + 8 + (bits / wide) * (BOX.w - BOX.left - BOX.right - 20);
  const y = (/** @type {number} */ error) =>
    BOX.floor - 4 - (error / tall) * (BOX.floor - BOX.top - 8);
  const name = `Largest error against bits per weight. ${points.map((p) => `${p.name}: ${fixed(p.bits, 1)} bits, error ${formatStep(p.error)}`).join(". ")}.`;
  return html`<div class="tradeoff">
    <svg viewBox="0 0 ${BOX.w} ${BOX.h}" width=${BOX.w} height=${BOX.h} role="img" aria-label=${name}>
      <path class="axis" d="M${BOX.left} ${BOX.top - 8}V${BOX.floor}H${BOX.w}" />
      ${points.map(
        (
          p,
        ) => svg`<g class=${p.name === current ? "current" : ""}><circle r="4" cx=${x(p.bits)} cy=${y(p.error)} />
        <text x=${x(p.bits) + (p.name === "int8" ? -7 : 7)} y=${y(p.error) + 4} text-anchor=${p.name === "int8" ? "end" : "start"}>${p.name}</text></g>`,
      )}
      <text x=${BOX.left} y=${BOX.h - 4}>0</text><text x=${BOX.w} y=${BOX.h - 4} text-anchor="end">bits per weight →</text>
      <text x=${BOX.left + 5} y=${BOX.top - 1}>error</text>
    </svg>
  </div>`;
}
