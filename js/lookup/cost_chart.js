/**
 * Cost chart: multiplications of both methods against V, on logarithmic scales.
 */
import { html, svg } from "lit-html";
import { formatInt } from "../kit/format.js";
import { logScale } from "../kit/scale.js";

const BOX = { w: 164, h: 78, left: 1, right: 6, top: 8, floor: 60 };

/**
 * @param {{ N: number, V: number, D: number, mostV: number, mostD: number }} sizes
 */
export function costChart({ N, V, D, mostV, mostD }) {
  const words = Math.max(1, N);
  const x = logScale(mostV, BOX.left + 4, BOX.w - BOX.right);
  // Both limits are fixed by the controls, so that V moves the point along the line, and D lifts it.
  const y = logScale(words * mostV * mostD, BOX.floor - 6, BOX.top);
  const cost = N * V * D;
  const name = `Multiplications against V. One-hot: ${formatInt(cost)} at V = ${V}, growing with V. Gather: 0 at every V.`;
  return html`<div class="cost-chart">
    <svg viewBox="0 0 ${BOX.w} ${BOX.h}" width=${BOX.w} height=${BOX.h} role="img" aria-label=${name}>
      <path class="axis" d="M${BOX.left} ${BOX.top - 6}V${BOX.floor}H${BOX.w}" />
      <path class="line onehot" d="M${x(1)} ${y(words * D)}L${x(mostV)} ${y(words * mostV * D)}" />
      <path class="line gather" d="M${x(1)} ${BOX.floor - 1.5}H${BOX.w - BOX.right}" />
      <path class="drop" d="M${x(V)} ${y(Math.max(1, cost))}V${BOX.floor}" />
      <circle class="dot onehot" r="4" cx=${x(V)} cy=${y(Math.max(1, cost))} />
      <circle class="dot gather" r="4" cx=${x(V)} cy=${BOX.floor - 1.5} />
      ${label(x(V), y(Math.max(1, cost)), formatInt(cost))}
      <text x=${BOX.left + 4} y=${BOX.h - 4}>V = 1</text>
      <text x=${BOX.w - BOX.right} y=${BOX.h - 4} text-anchor="end">${formatInt(mostV)}</text>
    </svg>
    <p class="key"><i class="onehot"></i>one-hot: N·V·D<br /><i class="gather"></i>gather: 0</p>
  </div>`;
}

/** @param {number} x @param {number} y @param {string} text */
function label(x, y, text) {
  const right = x > BOX.w * 0.55;
  return svg`<text class="value" x=${x + (right ? -8 : 8)} y=${Math.min(BOX.floor - 8, Math.max(BOX.top + 4, y + (right ? -5 : 12)))} text-anchor=${right ? "end" : "start"}>${text}</text>`;
}
