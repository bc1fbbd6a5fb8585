/**
 * Distances from the unpadded reference, which lead the figure: of the pooled vector and of the loss, each with its
 * own axis from 0.
 */
import { nothing, svg } from "lit-html";
import { fixed } from "../kit/format.js";
import { distanceText } from "./facts.js";
import { SAME } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} d */
export function distances(d) {
  const { scene, derived, at, predicting } = d;
  const name = at.narrow ? "distance from the reference" : "distance from the unpadded reference";
  const key = svg`<tspan class="zero">| 0 = unpadded reference</tspan><tspan class="model" dx="10">● this model</tspan><tspan dx="10">○ without mask</tspan><tspan dx="10">closer to 0 is better; a lower loss alone is not</tspan>`;
  const head = (/** @type {unknown} */ sub) =>
    svg`<text class="head" x="0" y="12">${name}<tspan class="sub" x="0" dy="15">${sub}</tspan></text>`;
  if (predicting) return head("hidden");
  if (derived.noReference) return head(`none: ${derived.noReference}`);
  const b = scene.ui.local.sentence;
  const all = Array.from({ length: derived.B }, (_, i) => derived.pooledOff(i, "model"));
  const mean = all.reduce((sum, value) => sum + value, 0) / derived.B;
  const [model, unmasked, reference] = Array.from(derived.loss);
  return svg`<g class="distances">${head(at.width < 640 ? svg`<tspan class="model">● this model</tspan><tspan dx="10">○ without mask</tspan>` : key)}
    ${
      derived.pooledAt === null
        ? nothing
        : axis(
            d,
            0,
            "pooled vector",
            derived.pooledOff(b, "model"),
            derived.pooledOff(b, "unmasked"),
            `L2, sentence ${b + 1}; mean of ${derived.B}: ${distanceText(mean).value}`,
          )
    }
    ${axis(d, derived.pooledAt === null ? 0 : 1, "loss", derived.lossOff, Math.abs(unmasked - reference), `${fixed(model, 3)}, reference ${fixed(reference, 3)}`)}
  </g>`;
}

/**
 * One axis: a bar from the reference to this model, and a ring where the model without a mask is.
 * @param {Drawing} d
 * @param {number} line
 * @param {string} name
 * @param {number} off
 * @param {number} unmasked
 * @param {string} note
 */
function axis({ at }, line, name, off, unmasked, note) {
  const { x, w, lines } = at.lead;
  const y = lines[line];
  const right = x + w;
  const known = Number.isFinite(off);
  const most = Math.max(Number.isFinite(unmasked) ? unmasked : 0, known ? off : 0) * 1.1 || 1;
  const px = (/** @type {number} */ value) => x + (w * value) / most;
  const tone = off < SAME ? "same" : "off";
  return svg`<text class="name" x="0" y=${y + 4}>${name}</text><path class="axis" d="M${x} ${y}H${right}" />
    ${known ? svg`<path class="bar ${tone}" d="M${x} ${y}H${px(off)}" />` : nothing}
    <path class="zero" d="M${x} ${y - 8}v16" />
    ${Number.isFinite(unmasked) ? svg`<circle class="unmasked" cx=${px(unmasked)} cy=${y} r="7.5" />` : nothing}
    ${known ? svg`<circle class="model ${tone}" cx=${px(off)} cy=${y} r="4.5" />` : nothing}
    <text class="num ${tone}" x=${right + 10} y=${y + 4}>${distanceText(off).value}</text>
    ${at.width - right < 250 ? nothing : svg`<text class="note" x=${right + 56} y=${y + 4}>${note}</text>`}`;
}
