/**
 * Row displacements: one bar for each token, and whether it is trained.
 */
import { html, nothing, svg } from "lit-html";
import { fixed, shorten } from "../kit/format.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** The words before W, where the strip does not carry them. @param {Drawing} d */
export function labels({ at, derived, spot, moment }) {
  return Array.from({ length: derived.n }, (_, i) => {
    const state =
      spot?.i === i
        ? "hit"
        : derived.trainedRows.has(i)
          ? "used"
          : moment.displacement(i) > 0
            ? ""
            : "still";
    return html`<div class="rowlabel ${state}" aria-hidden="true" style="left:0;width:${at.labels - 6}px;top:${at.w.y + (i + 0.5) * at.rh - 9.7}px;font-size:${Math.min(11, at.rh)}px">
      <bdi>${derived.words[i]}</bdi>${derived.words[i] ? nothing : html`<span class="num">${derived.rows[i]}</span>`}
    </div>`;
  });
}

/** @param {Drawing} d */
export function displacementStrip(d) {
  const { at, derived, moment, scene, spot } = d;
  const { x, y, w, rh, bar } = at.strip;
  const longest = w - bar - 40;
  const stop = scene.ui.focus?.part === "token" ? scene.ui.focus.i : 0;
  const bars = { trained: "", along: "", still: "" };
  const rows = Array.from({ length: derived.n }, (_, i) => {
    const trained = derived.trainedRows.has(i);
    const far = moment.displacement(i);
    const size = far > 0 ? Math.max(1.5, (longest * far) / moment.maxDisplacement) : 0;
    const top = y + i * rh;
    const name = derived.words[i] || `row ${derived.rows[i]}`;
    const kind = trained ? "trained" : far > 0 ? "along" : "still";
    bars[kind] += `M${x + bar} ${top + 1}h${n(size)}v${Math.max(4, rh - 4)}h${n(-size)}z`;
    return svg`<g class="token ${kind} ${spot?.i === i ? "hit" : ""}" role="checkbox" aria-checked=${String(trained)} tabindex=${i === stop ? 0 : -1}
      data-place="token:${i}" aria-label="${name}, ${trained ? "trained" : "not trained"}, moved by ${fixed(far)}">
      <rect class="under" x=${x - 3} y=${top - 1} width=${w + 2} height=${rh} rx="3" />
      ${at.narrow ? svg`<text class="word" x=${x + 17} y=${top + rh / 2 + 3.2}>${short(name)}</text>` : nothing}
      <rect class="box" x=${x + 1} y=${top + (rh - 1.5) / 2 - 4.5} width="9" height=${Math.min(9, rh - 1.5)} rx="2" />
      ${trained ? svg`<path class="tick" d="M${x + 3} ${top + (rh - 1.5) / 2}l2 2.2l3.4 -4.4" />` : nothing}
      <text class="num" transform="translate(${n(x + bar + size + 4)} ${top + rh / 2 + 3.2})">${fixed(far)}</text>
    </g>`;
  });
  return svg`<g role="group" aria-label="Row displacements">
    <text class="head" x=${x} y=${y - 28}>displacement ‖w′ − w‖<tspan class="sub" x=${x} dy="15">${legend(d)}</tspan></text>${rows}
    <path class="bars" d=${bars.along} /><path class="bars trained" d=${bars.trained} /></g>`; // two paths: they grow at each step
}

/** @param {number} v */
const n = (v) => Math.round(v * 100) / 100;

/** @param {Drawing} d */
function legend({ derived }) {
  return svg`<tspan class="trained">✓ trained</tspan>${derived.trainedCount < derived.V ? svg`<tspan class="along" dx="8">not trained</tspan>` : nothing}`;
}

/** @param {string} word */
const short = (word) => shorten(word, 9);
