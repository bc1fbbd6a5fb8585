/**
 * Color scale of the diverging map, with sign marks, from −vmax to +vmax.
 */
import { svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { divergingColor } from "./colors.js";
import { fixed } from "./format.js";

export const LEGEND_WIDTH = 78; // pixels of the colors alone

/**
 * @param {object} spec
 * @param {import("./theme.js").Theme} spec.theme
 * @param {number} spec.vmax  absolute value that gets the full color
 * @param {number} spec.x     where the colors begin
 * @param {number} spec.y
 */
export function legend({ theme, vmax, x, y }) {
  const w = LEGEND_WIDTH;
  const label = vmax === 1 ? "1" : fixed(vmax, 1);
  return svg`<g class="scale" aria-hidden="true"><text x=${x - 6} y=${y + 9} text-anchor="end">−${label}</text>
    ${guard([theme, x, y], () => Array.from({ length: 26 }, (_, i) => svg`<rect x=${x + i * 3} y=${y} width="3.3" height="9" fill=${theme.forcedColors ? "Canvas" : divergingColor(i / 12.5 - 1, 1, theme.scheme)} />`))}
    <path class="mark" d="M${x + 8} ${y + 4.5}h6M${x + w - 14} ${y + 4.5}h6M${x + w - 11} ${y + 1.5}v6" />
    <text x=${x + w + 6} y=${y + 9}>+${label}</text></g>`;
}
