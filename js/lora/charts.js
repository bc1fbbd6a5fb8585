/**
 * Charts below the equation: ΔW, its singular values, the reconstruction error by rank, the first
 * update.
 */
import { nothing, svg } from "lit-html";
import { fixed, formatInt } from "../kit/format.js";
import { grid } from "./equation.js";
import { bars, errorPlace } from "./layout.js";
import { firstUpdates, parameterCount } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./layout.js").Box} Box */

/** @param {Box} box @param {unknown} name @param {unknown} [small] */
const title = ({ x, y }, name, small) =>
  svg`<text class="head" x=${x} y=${y - 32}>${name}${small ? svg`<tspan class="sub" x=${x} dy="14">${small}</tspan>` : nothing}</text>`;

/** @param {Box} box */
const axes = ({ x, y, w, h }) =>
  svg`<path class="axis" d="M${x - 0.5} ${y - 4}V${y + h + 0.5}H${x + w}" />`;

/** @param {number} share */
export const percent = (share) => `${fixed(100 * share, 1)} %`;

/** Grid of the target ΔW, which can be painted. @param {Drawing} d */
export function deltaGrid(d) {
  const { at, derived, scene } = d;
  const { delta } = at;
  const paints = scene.params.target === "painted";
  const name = at.narrow ? "ΔW" : "ΔW, the target";
  return svg`<g class="delta ${paints ? "paints" : ""}">${title(delta, name, paints ? "paint it" : at.narrow ? "target" : `${derived.V} × ${derived.D}`)}
    <rect class="frame" x=${delta.x - 2} y=${delta.y - 2} width=${delta.w + 2.5} height=${delta.h + 2.5} rx="3" />
    ${grid(d, { part: "d", name: "ΔW", box: delta, row: derived.delta, vmax: derived.vmaxDelta, columns: delta.cols, number: (i) => derived.rows[i], count: derived.n, cw: delta.cw, rh: delta.rh })}</g>`;
}

/** @param {Drawing} d */
export function spectrum({ at, derived, moment, predicting }) {
  const box = at.spectrum;
  const { x, y, w, h } = box;
  const { K, values } = derived;
  if (predicting) return svg`${title(box, "singular values", "hidden")}${hiddenChart(box)}`;
  const top = values[0] || 1;
  const each = w / bars(K);
  const cut = x + moment.r * each;
  return svg`<g class="spectrum">${title(box, "singular values", at.narrow ? "of ΔW" : "of ΔW, by size")} ${axes(box)}
    ${Array.from({ length: K }, (_, k) => {
      const size = (h * values[k]) / top;
      return svg`<rect class="bar ${k < moment.r ? "in" : "out"}" x=${x + k * each + 2} y=${y + h - size} width=${Math.max(1, each - 4)} height=${size} rx="1.5" />
        ${K <= 9 || k === 0 || (k + 1) % 4 === 0 ? svg`<text class="tick" x=${x + (k + 0.5) * each} y=${y + h + 14} text-anchor="middle">${k + 1}</text>` : nothing}`;
    })}
    <g class="edge" role="slider" tabindex="0" data-place="cut" aria-label="Cut through the spectrum" aria-valuemin="1" aria-valuemax=${K} aria-valuenow=${moment.r} aria-valuetext="the first ${moment.r} of ${K} directions are kept">
      <rect class="grip" x=${cut - 9} y=${y - 8} width="18" height=${h + 12} /><path d="M${cut} ${y - 6}V${y + h}" /><circle cx=${cut} cy=${y - 4} r="5" /></g>
    <text class="value" x=${cut > x + w - 40 ? cut - 9 : cut + 9} y=${y + 1} text-anchor=${cut > x + w - 40 ? "end" : "start"}>r = ${moment.r}</text></g>`;
}

/** @param {Drawing} d */
export function errorChart({ at, scene, derived, moment, predicting }) {
  const box = at.error;
  const { x, y, w, h } = box;
  const { K, V, D } = derived;
  const { prediction } = scene.ui;
  const place = (/** @type {number} */ r, /** @type {number} */ error) =>
    errorPlace(box, K, r, error);
  const line = (/** @type {ArrayLike<number>} */ points) =>
    Array.from(points, (e, r) => place(r, e))
      .map((p, r) => `${r ? "L" : "M"}${p.x} ${p.y}`)
      .join("");
  const whole_ = x + ((V * D) / parameterCount(derived, K)) * w;
  const label = `${formatInt(parameterCount(derived, moment.r))} parameters`;
  const dot = place(moment.r, derived.errors[moment.r]);
  const left = dot.x > x + w * 0.55;
  // Place the label beside the point, or above it where the curve would cross it.
  const back = Math.max(0, moment.r - Math.ceil((92 / w) * K));
  const labelY = left
    ? Math.max(y + 18, place(back, derived.errors[back]).y - 20)
    : Math.min(dot.y - 20, y + h - 24);
  return svg`<g class="errors">${title(box, at.narrow ? "recon. error" : "reconstruction error", svg`<tspan class="best">● best, all rows</tspan><tspan dx="7">○ trained rows</tspan>`)} ${axes(box)}
    <text class="tick" x=${x - 4} y=${y + 4} text-anchor="end">100%</text><text class="tick" x=${x - 4} y=${y + h + 3} text-anchor="end">0</text>
    <text class="tick" x=${x} y=${y + h + 14}>0</text><text class="tick" x=${x + w} y=${y + h + 14} text-anchor="end">rank ${K}</text>
    ${whole_ < x + w - 2 ? svg`<path class="all" d="M${whole_} ${y - 2}V${y + h}" /><text class="tick" x=${whole_ - 4} y=${y + 6} text-anchor="end">${at.narrow ? "W" : "all of W"}</text>` : nothing}
    ${prediction ? predictedCurve(prediction, place, derived, predicting, scene.ui.local.point) : nothing}
    ${
      predicting
        ? nothing
        : svg`<path class="line ${prediction ? "revealed" : ""}" pathLength="1" d=${line(derived.errors.length > K + 1 ? Array.prototype.slice.call(derived.errors, 0, K + 1) : derived.errors)} />
    ${Array.from({ length: K + 1 }, (_, r) => svg`<circle class="point" cx=${place(r, derived.errors[r]).x} cy=${place(r, derived.errors[r]).y} r="2.2" />`)}
    <circle class="dot" cx=${dot.x} cy=${dot.y} r="5" />
    ${prediction ? nothing : svg`<text class="value" x=${dot.x + (left ? -9 : 9)} y=${labelY} text-anchor=${left ? "end" : "start"}>${label}<tspan x=${dot.x + (left ? -9 : 9)} dy="13">${percent(derived.errors[moment.r])} left</tspan></text>`}`
    }</g>`;
}

/**
 * Error on the trained rows: it moves with the steps, the charts do not.
 * @param {Drawing} d
 */
export function trainedErrorPoint({ at, derived, moment, predicting }) {
  const { x, y } = errorPlace(at.error, derived.K, moment.r, moment.trainedError);
  return svg`<g class="errors">${predicting ? nothing : svg`<circle class="trained-error" cx=${x} cy=${y} r="4.5" />`}</g>`;
}

/**
 * Predicted curve: points to drag while predicting, and afterwards how far off each was.
 * @param {import("../kit/predict.js").Prediction} prediction
 * @param {(r: number, error: number) => { x: number, y: number }} place
 * @param {import("./trace.js").Derived} derived
 * @param {boolean} predicting
 * @param {number} stop
 */
function predictedCurve(prediction, place, derived, predicting, stop) {
  const points = [1, ...prediction.curve].map((error, r) => place(r, error));
  const path = points.map((p, r) => `${r ? "L" : "M"}${p.x} ${p.y}`).join("");
  return svg`<path class="guess" d=${path} />
    ${points.slice(1).map((p, i) => {
      const r = i + 1;
      if (predicting)
        return svg`<g class="edge knob" role="slider" tabindex=${r === stop ? 0 : -1} data-place="curve:${r}" aria-label="Reconstruction error at rank ${r}" aria-orientation="vertical"
          aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(100 * prediction.curve[i])} aria-valuetext="${Math.round(100 * prediction.curve[i])} percent">
          <circle class="grip" cx=${p.x} cy=${p.y} r="11" /><circle cx=${p.x} cy=${p.y} r="5" /></g>`;
      const right = prediction.verdict?.right.includes(i);
      const true_ = place(r, derived.errors[r]);
      return svg`<path class="miss ${right ? "right" : ""}" style="--order:${i}" d="M${p.x} ${p.y}V${true_.y}" />
        <path class="verdict-mark ${right ? "right" : "extra"}" d=${right ? `M${p.x - 4} ${p.y}l3 3l5 -6` : `M${p.x - 3.5} ${p.y - 3.5}l7 7m0 -7l-7 7`} />`;
    })}`;
}

/** Chart of the norm of the first update by rank, for both scalings. @param {Drawing} d */
export function firstUpdateChart({ at, derived, scene, moment }) {
  const box = at.first;
  const { x, y, w, h } = box;
  const { K } = derived;
  const { plain, stable } = firstUpdates(scene.trace);
  const top = Math.max(...plain, ...stable) || 1;
  const px = (/** @type {number} */ r) => x + (K > 1 ? (r - 1) / (K - 1) : 0.5) * w;
  const py = (/** @type {number} */ v) => y + h * (1 - v / top);
  const selectedValues = scene.params.scaling === "rslora" ? stable : plain;
  // Place the labels at the line ends, never one over the other.
  const high = Math.min(py(stable[K - 1]), y + h - 14);
  const ends = { stable: high, plain: Math.max(py(plain[K - 1]), high + 14) };
  /** @param {ArrayLike<number>} values @param {"plain" | "stable"} kind @param {string} name */
  const line = (values, kind, name) => {
    const on = values === selectedValues;
    const d = Array.from(values, (v, i) => `${i ? "L" : "M"}${px(i + 1)} ${py(v)}`).join("");
    return svg`<path class="line ${kind} ${on ? "on" : ""}" d=${d} />
      <text class="name ${kind}" x=${x + w + 5} y=${ends[kind] + 4}>${name}</text>`;
  };
  return svg`<g class="first">${title(box, at.narrow ? "first update" : "first update norm", at.narrow ? "16 seeds" : "mean of 16 seeds")} ${axes(box)}
    <text class="tick" x=${x - 4} y=${y + 4} text-anchor="end">${fixed(top, 1)}</text><text class="tick" x=${x - 4} y=${y + h + 3} text-anchor="end">0</text>
    <text class="tick" x=${x} y=${y + h + 14}>r = 1</text><text class="tick" x=${x + w} y=${y + h + 14} text-anchor="end">${K}</text>
    ${line(plain, "plain", "α/r")} ${line(stable, "stable", "α/√r")}
    <circle class="dot" cx=${px(moment.r)} cy=${py(selectedValues[moment.r - 1])} r="4.5" /></g>`;
}

/** @param {Box} box */
const hiddenChart = ({ x, y, w, h }) =>
  svg`<g class="veil"><rect x=${x} y=${y} width=${w} height=${h} rx="6" /><text x=${x + w / 2} y=${y + h / 2 + 8} text-anchor="middle">?</text></g>`;
