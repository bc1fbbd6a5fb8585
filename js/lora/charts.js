/**
 * Charts below the equation: ΔW, its singular values with the best error of each rank, and beside them
 * the error that training reached, or the first update.
 */
import { nothing, svg } from "lit-html";
import { fixed } from "../kit/format.js";
import { grid } from "./equation.js";
import { rankPlace, spread } from "./layout.js";
import { firstUpdates } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./layout.js").Box} Box */

/** @param {Box} box @param {unknown} name @param {unknown} [small] */
const title = ({ x, y }, name, small) =>
  svg`<text class="head" x=${x} y=${y - 32}>${name}${small ? svg`<tspan class="sub" x=${x} dy="14">${small}</tspan>` : nothing}</text>`;

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

/** Lines at 0, 50 and 100 %, with their numbers. @param {Box} box @param {number} top @param {number} [right] */
const levels = ({ x, y, w, h }, top, right = x + w) =>
  [0, 0.5, 1].map((share) => {
    const at = y + h * (1 - share / top);
    return svg`<path class="level" d="M${x} ${at}H${right}" /><text class="tick" x=${x - 5} y=${at + 3.5} text-anchor="end">${100 * share} %</text>`;
  });

/**
 * Singular values, and the best error of each rank that follows from them.
 * @param {Drawing} d
 */
export function spectrum({ at, scene, derived, moment, predicting }) {
  const box = at.spectrum;
  const { y, w, h } = box;
  const { K, values, errors } = derived;
  const { prediction } = scene.ui;
  const top = predicting ? 1 : derived.top;
  /** @param {number} r @param {number} error */
  const place = (r, error) => rankPlace(box, K, r, error / top);
  const each = w / (K + 0.6);
  const points = Array.from({ length: K + 1 }, (_, r) => place(r, errors[r]));
  const now = points[moment.r];
  const path = points.map((p, r) => `${r ? "L" : "M"}${p.x} ${p.y}`).join("");
  const ranks = Array.from({ length: K }, (_, k) => k + 1);
  return svg`${title(box, predicting ? "reconstruction error by rank" : "singular values of ΔW", predicting ? "your guess" : at.narrow ? "line: best possible error" : "bars: σ / σ₁; line: best possible error")}
    ${levels(box, top, at.narrow || predicting ? undefined : at.error.x + at.error.w)}
    ${ranks.map((r) => (K <= 9 || r === 1 || r % 4 === 0 ? svg`<text class="tick ${r === moment.r && !predicting ? "here" : ""}" x=${place(r, 0).x} y=${y + h + 14} text-anchor="middle">${r === 1 && !at.narrow ? "r = 1" : r}</text>` : nothing))}
    ${
      predicting
        ? nothing
        : svg`<g class="spectrum">${ranks.map((r) => {
            const size = (h * values[r - 1]) / (values[0] || 1) / top;
            return svg`<rect class="bar ${r <= moment.r ? "in" : "out"}" x=${place(r, 0).x - 0.3 * each} y=${y + h - size} width=${0.6 * each} height=${size} rx="1.5" />`;
          })}</g>`
    }
    <g class="errors">
    ${prediction ? predictedCurve(prediction, place, derived, predicting, scene.ui.local.point) : nothing}
    ${
      predicting
        ? nothing
        : svg`<path class="line ${prediction ? "revealed" : ""}" pathLength="1" d=${path} />
    ${points.map((p) => svg`<circle class="point" cx=${p.x} cy=${p.y} r="2.4" />`)}
    <g class="edge" role="slider" tabindex="0" data-place="cut" aria-label="Cut through the spectrum" aria-valuemin="1" aria-valuemax=${K} aria-valuenow=${moment.r} aria-valuetext="the first ${moment.r} of ${K} directions are kept">
      <rect class="grip" x=${now.x - 9} y=${y - 8} width="18" height=${h + 12} /><path class="cut" d="M${now.x} ${y - 6}V${y + h}" /><circle class="dot" cx=${now.x} cy=${now.y} r="5.5" /></g>`
    }</g>`;
}

/** The frame of the chart beside it: errors by step, or the first update by rank. @param {Drawing} d */
export function reachedFrame(d) {
  const { at, derived, scene, predicting } = d;
  if (scene.ui.local.chart === "first") return firstUpdateChart(d);
  const box = at.error;
  const { x, y, w, h } = box;
  const name = at.narrow ? "error reached" : "reconstruction error reached";
  if (predicting) return svg`${title(box, name, "hidden")}${hiddenChart(box)}`;
  return svg`${title(box, name, svg`<tspan class="all">— all rows</tspan><tspan class="trained" dx="7">┄ trained rows</tspan>`)}
    ${at.narrow ? levels(box, derived.top) : nothing}
    <text class="tick" x=${x} y=${y + h + 14}>step 0</text><text class="tick" x=${x + w} y=${y + h + 14} text-anchor="end">${derived.last}</text>`;
}

/**
 * Errors up to this step, over all rows and over the trained ones, below the bound of this rank.
 * @param {Drawing} d
 */
export function reached({ at, derived, moment, scene, predicting }) {
  if (predicting || scene.ui.local.chart === "first") return nothing;
  const box = at.error;
  const { x, y, w, h } = box;
  const { last, steps, top, errors, K } = derived;
  const px = (/** @type {number} */ step) => n(x + (w * step) / last);
  const py = (/** @type {number} */ error) => n(y + h * (1 - error / top));
  const line = (/** @type {ArrayLike<number>} */ values) =>
    Array.from(values, (v, i) => `${i ? "L" : "M"}${px(steps[i])} ${py(v)}`).join("");
  const now = px(moment.step);
  const best = errors[moment.r];
  const cut = rankPlace(at.spectrum, K, moment.r, best / top);
  const left = now > x + 0.45 * w;
  const trained = derived.trainedCount > 0;
  const texts = [
    ["bound", best, `best possible at rank ${moment.r} (SVD): ${percent(best)}`],
    ["all", moment.error, `${percent(moment.error)} over all rows`],
    ["trained", moment.trainedError, `${percent(moment.trainedError)} over trained rows`],
  ].filter(([kind]) => trained || kind !== "trained");
  const heights = spread(
    texts.map(([, value]) => py(Number(value)) - 6),
    y - 4,
    y + h - 5,
  );
  return svg`<g class="reached" aria-hidden="true">
    <path class="bound" d=${at.narrow ? `M${x} ${py(best)}H${x + w}` : `M${cut.x} ${cut.y}H${x + w}`} />
    <path class="all" d=${line(moment.path.all)} />${trained ? svg`<path class="trained" d=${line(moment.path.trained)} />` : nothing}
    <path class="now" d="M${now} ${y - 4}V${y + h}" />
    ${trained ? svg`<circle class="trained" cx=${now} cy=${py(moment.trainedError)} r="4.5" />` : nothing}<circle class="all" cx=${now} cy=${py(moment.error)} r="4.5" />
    ${texts.map(([kind, , text], i) => {
      const start = kind !== "bound" && !left;
      return svg`<text class="label ${kind}" x=${start ? now + 9 : left ? now - 9 : x + w} y=${heights[i]} text-anchor=${start ? "start" : "end"}>${text}</text>`;
    })}</g>`;
}

/** @param {number} v */
const n = (v) => Math.round(v * 10) / 10;

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
function firstUpdateChart({ at, derived, scene, moment }) {
  const box = { ...at.error, w: at.error.w - 34 };
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
  return svg`<g class="first">${title(box, at.narrow ? "first update" : "first update norm", at.narrow ? "16 seeds" : "mean of 16 seeds")}
    <path class="axis" d="M${x - 0.5} ${y - 4}V${y + h + 0.5}H${x + w}" />
    <text class="tick" x=${x - 4} y=${y + 4} text-anchor="end">${fixed(top, 1)}</text><text class="tick" x=${x - 4} y=${y + h + 3} text-anchor="end">0</text>
    <text class="tick" x=${x} y=${y + h + 14}>r = 1</text><text class="tick" x=${x + w} y=${y + h + 14} text-anchor="end">${K}</text>
    ${line(plain, "plain", "α/r")} ${line(stable, "stable", "α/√r")}
    <circle class="dot" cx=${px(moment.r)} cy=${py(selectedValues[moment.r - 1])} r="4.5" /></g>`;
}

/** @param {Box} box */
const hiddenChart = ({ x, y, w, h }) =>
  svg`<g class="veil"><rect x=${x} y=${y} width=${w} height=${h} rx="6" /><text x=${x + w / 2} y=${y + h / 2 + 8} text-anchor="middle">?</text></g>`;
