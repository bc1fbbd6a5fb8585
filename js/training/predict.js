/**
 * Prediction of the training view: how far will a row move over its next steps? A curve that the
 * learner bends, and then the true one.
 */
import { nothing, svg } from "lit-html";
import { fixed, shorten } from "../kit/format.js";
import { movingForce } from "./narration.js";
import { shortNumber } from "./number_format.js";
import { clampUi, rarestRow, rowName, selectedRun } from "./state.js";
import { STEPS_AHEAD, derive, distancesAhead, longestWay, stepsWithoutGrad } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */

/** Return the box of the chart. @param {SceneFrame} d */
export const curveBox = ({ at }) => at.question;

/**
 * Return the top of the axis: no row of any run moves further in so many steps.
 * @param {number} reach
 */
export function axisTop(reach) {
  const size = 10 ** Math.floor(Math.log10(reach));
  return [1, 2, 3, 5, 10].map((k) => k * size).find((top) => top >= reach) ?? reach;
}

/**
 * Return the top of the axis of a guess. It comes from moves already made, and tells nothing of those to come.
 * @param {Scene} scene
 */
export function guessTop(scene) {
  const { trace, ui } = scene;
  const derived = derive(trace);
  const run = derived.runs[selectedRun(scene)];
  const made = Math.min(STEPS_AHEAD, ui.step + 1);
  const way = longestWay(derived, run, ui.step, made);
  return axisTop(Math.max(way, (way * (ui.prediction?.curve.length ?? 0)) / (2 * made)) || 1);
}

const ENOUGH = 5; // steps without a gradient that make a question

/**
 * Return a row and a step whose next steps bring no gradient, so that the rule alone decides: those that are
 * selected, if they do; else the nearest pause of the row; else that of the rarest word that has one.
 * @param {Scene} scene
 */
function findQuestion(scene) {
  const { trace, ui } = scene;
  const derived = derive(trace);
  const run = derived.runs[selectedRun(scene)];
  const { S, order } = derived;
  const pause = (/** @type {number} */ s, /** @type {number} */ row) =>
    s < 0 ? 0 : stepsWithoutGrad(derived, run, s, row);
  const step = Math.max(0, Math.min(ui.step, S - 1 - STEPS_AHEAD)); // leave steps to predict
  // a word that was never seen moves by a penalty alone
  const row =
    ui.local.touched || run.rule(step).optimizer !== "sgd + l2" ? ui.local.row : rarestRow(derived);
  if (pause(step, row) >= Math.min(ENOUGH, S - 1 - step)) return { step, row };
  for (const least of [ENOUGH, 1]) {
    for (const other of [row, ...[...order].reverse()]) {
      const begins = Array.from({ length: S }, (_, s) => s).filter(
        (s) => pause(s, other) >= least && pause(s, other) > pause(s - 1, other),
      );
      const [first] = begins.sort((s, t) => Math.abs(s - ui.step) - Math.abs(t - ui.step));
      if (first !== undefined) return { step: first, row: other };
    }
  }
  return { step, row };
}

/** Return the question; its curve starts flat, as "it stays". @param {Scene} scene */
export function questionKind(scene) {
  clampUi(scene); // a view that opens with its question has not been drawn yet
  const { trace, ui } = scene;
  const derived = derive(trace);
  const { step, row } = findQuestion(scene);
  ui.step = step;
  ui.local.row = row;
  const run = derived.runs[selectedRun(scene)];
  return {
    kind: /** @type {const} */ ("curve"),
    start: new Array(stepsWithoutGrad(derived, run, step, row)).fill(0),
  };
}

/** The distances that were asked for. @param {Scene} scene */
function asked(scene) {
  const { trace, ui } = scene;
  const run = derive(trace).runs[selectedRun(scene)];
  return distancesAhead(run, ui.step, ui.local.row, ui.prediction?.curve.length ?? 0);
}

/** @param {import("../kit/wire.js").Trace} _ @param {Scene} scene */
export function answer(_, scene) {
  const distances = asked(scene);
  const near = 0.25 * Math.max(0, ...distances.filter(Number.isFinite)) + 0.02 * guessTop(scene);
  return { question: "training.path", truth: distances, near };
}

/** @param {SceneFrame} d */
export function predictionChart(d) {
  const { scene, derived, s, row } = d;
  const prediction = scene.ui.prediction;
  if (!prediction) return nothing;
  const box = curveBox(d);
  const count = prediction.curve.length;
  const open = prediction.phase === "open";
  const distances = open ? [] : asked(scene);
  const top = Math.max(guessTop(scene), ...distances.filter(Number.isFinite));
  const x = (/** @type {number} */ i) => box.x + ((i + 1) / Math.max(1, count)) * box.w;
  const y = (/** @type {number} */ v) => box.y + box.h * (1 - Math.min(1, v / top));
  const line = (/** @type {number[]} */ values) =>
    values.reduce(
      (path, v, i) => (Number.isFinite(v) ? `${path}L${r(x(i))} ${r(y(v))}` : path),
      `M${box.x} ${y(0)}`,
    );
  const stop = scene.ui.focus?.part === "curve" ? scene.ui.focus.i : 0;
  const name = rowName(derived, row);
  return svg`<g class="predicted">
    <text class="head" x=${box.x} y=${box.y - 12}>how far “${shorten(name, 10)}” is from here</text>
    <rect class="pad" x=${box.x} y=${box.y - 6} width=${box.w + 8} height=${box.h + 12} data-part="curve" />
    <path class="axis" d="M${box.x} ${box.y}V${box.y + box.h}H${box.x + box.w}" />
    <text class="num" x=${box.x - 5} y=${box.y + 8} text-anchor="end">${fixed(top, top < 0.1 ? 3 : 2)}</text>
    <text class="num" x=${box.x - 5} y=${box.y + box.h} text-anchor="end">0</text>
    <text class="num" x=${box.x} y=${box.y + box.h + 14}>step ${s + 1}</text>
    <text class="num" x=${box.x + box.w} y=${box.y + box.h + 14} text-anchor="end">step ${s + 1 + count}</text>
    ${open ? nothing : svg`<path class="true" pathLength="1" d=${line(distances)} /><text class="truename" x=${box.x + box.w - 4} y=${r(y(distances.at(-1) || 0) + (y(distances.at(-1) || 0) < box.y + 20 ? 16 : -7))} text-anchor="end">actual: ${shortNumber(distances.at(-1) ?? NaN)}</text>`}
    <path class="mine" d=${line(prediction.curve)} />
    <g role="group" aria-label="Your curve">${prediction.curve.map(
      (v, i) => svg`<circle class="handle" cx=${r(x(i))} cy=${r(y(v))} r=${open ? 4 : 2.5}
        role=${open ? "slider" : "img"} tabindex=${open && i === stop ? 0 : -1} data-place="curve:${i}"
        aria-label="after ${i + 1} steps" aria-valuemin=${open ? 0 : nothing} aria-valuemax=${open ? top : nothing}
        aria-valuenow=${open ? Number(v.toPrecision(3)) : nothing} aria-orientation=${open ? "vertical" : nothing} />`,
    )}</g>
  </g>`;
}

/** @param {Scene} scene */
export function predict(scene) {
  const { trace, ui } = scene;
  const derived = derive(trace);
  const run = derived.runs[selectedRun(scene)];
  const name = rowName(derived, ui.local.row);
  const count = ui.prediction?.curve.length ?? 0;
  if (!count)
    return {
      question:
        derived.S < 2
          ? "There is no step after this one. Press Not now, and take more steps."
          : "Every row has a gradient at every step. Press Not now, and take a smaller batch.",
      outcome: "",
    };
  const distances = asked(scene);
  let alone = 0;
  for (let s = ui.step + 1; s <= ui.step + count; s++)
    alone += Number(run.movedWithoutGrad(s, ui.local.row));
  const rule = run.rule(ui.step + 1).optimizer;
  const outcome = alone
    ? `${shortNumber(distances.at(-1) ?? NaN)} from here: at ${alone} of ${count} steps it moved without a gradient, by ${movingForce(rule) === "momentum" ? `what ${rule} remembers` : "the pull of the penalty"}.`
    : `It stayed: it had no gradient, and under ${rule} nothing else moved it.`;
  return {
    question: `No batch of the next ${count === 1 ? "step" : `${count} steps`} has “${name}”. How far from here will it be, under ${rule}? Drag the curve; with keys, arrows bend it from a point on.`,
    outcome,
  };
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
