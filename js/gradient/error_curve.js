/**
 * Error of the gradient check against the step size h, for both rules, on logarithmic axes: a V.
 */
import { html, nothing, svg } from "lit-html";
import { slider } from "../kit/controls.js";
import { scientific } from "../kit/format.js";
import { errorsByStep, stepSize } from "./gradient_check.js";
import { isPredicting, selectedWeight } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const BOX = { w: 166, h: 126, left: 4, right: 4, top: 10, floor: 108 };
const LEAST = 1e-13; // errors are clipped to this and 2
const STOPS = Array.from({ length: 13 }, (_, digits) => digits);

/** Return the y of an error. @param {number} error */
export function errorY(error) {
  const t = Math.log(Math.max(LEAST, Math.min(2, error)) / LEAST) / Math.log(2 / LEAST);
  return Math.round((BOX.floor - t * (BOX.floor - BOX.top)) * 10) / 10;
}

/** Return the x of a step size. @param {number} digits @param {number} [steps] */
export const stepX = (digits, steps = STOPS.length) =>
  BOX.left + 4 + (digits / (steps - 1)) * (BOX.w - BOX.left - BOX.right - 8);

/** Return the path of a curve, with gaps at NaN. @param {number[]} errors */
export function curvePath(errors) {
  let d = "";
  let pen = "M";
  errors.forEach((error, digits) => {
    if (!Number.isFinite(error)) pen = "M";
    else {
      d += `${pen}${Math.round(stepX(digits, errors.length) * 10) / 10} ${errorY(error)}`;
      pen = "L";
    }
  });
  return d;
}

/** @param {Scene} scene */
export function errorCurve(scene) {
  const { trace, params, explorer, hidden } = scene;
  const derived = derive(trace);
  const weight = selectedWeight(scene);
  const of = weight.own ? weight : null;
  const add = errorsByStep(trace, derived, "add", of);
  const assign = errorsByStep(trace, derived, "assign", of);
  const { digits, rule } = params;
  const chosen = rule === "add" ? add : assign;
  const name = `Error of ${of ? `dW[${of.row}, ${of.col}]` : "the worst weight"} at h = ${scientific(stepSize(digits), 0)}: ${scientific(chosen[digits])} by ${rule}. Smallest by add ${scientific(Math.min(...add))}, by assign ${scientific(Math.min(...assign))}.`;
  const limit = errorY(trace.header.tolerance);
  const drawn = !isPredicting(scene);
  /** @param {PointerEvent} event */
  const drag = (event) => {
    if (event.buttons !== 1) return;
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width) * BOX.w - BOX.left - 4;
    const to = Math.round((share / (BOX.w - BOX.left - BOX.right - 8)) * (STOPS.length - 1));
    const next = Math.max(0, Math.min(STOPS.length - 1, to));
    if (next !== digits) explorer.edit({ digits: next });
  };
  return html`<div class="error-curve">
    <h3>Error <span class="of">${of ? `of dW[${of.row}, ${of.col}]` : "of all weights"}</span></h3>
    <svg
      viewBox="0 0 ${BOX.w} ${BOX.h}"
      width=${BOX.w}
      height=${BOX.h}
      role="img"
      aria-label=${drawn ? name : "Hidden while you predict"}
      @pointerdown=${drag}
      @pointermove=${drag}
    >
      <path class="axis" d="M${BOX.left} ${BOX.top - 6}V${BOX.floor}H${BOX.w}" />
      <path class="limit" d="M${BOX.left} ${limit}H${BOX.w - BOX.right}" />
      <text x=${BOX.left + 4} y=${limit + 12}>passes</text>
      ${drawn ? svg`${line("assign", assign, add, rule, digits)}${line("add", add, assign, rule, digits)}` : nothing}
      <text x=${BOX.left} y=${BOX.h - 4}>h = 1</text>
      <text x=${BOX.w} y=${BOX.h - 4} text-anchor="end">${scientific(stepSize(12), 0)}</text>
    </svg>
    ${
      hidden.has("digits")
        ? nothing
        : slider({
            label: "Step size",
            symbol: "h",
            place: "digits",
            value: digits,
            stops: STOPS,
            valueText: `h = ${scientific(stepSize(digits), 0)}`,
            onChange: (value) => explorer.edit({ digits: value }),
          })
    }
  </div>`;
}

/**
 * @param {"add" | "assign"} name
 * @param {number[]} errors
 * @param {number[]} other
 * @param {string} rule
 * @param {number} digits
 */
function line(name, errors, other, rule, digits) {
  const x = stepX(digits, errors.length);
  const now = rule === name;
  const at = errors[Math.max(0, errors.length - 3)];
  const together = Math.abs(errorY(at) - errorY(other[Math.max(0, errors.length - 3)])) < 12;
  const text = !together ? name : name === rule ? "add = assign" : "";
  const y =
    errorY(at) + (errorY(at) > BOX.floor - 20 ? -6 : name === "assign" || together ? 12 : 17);
  return svg`<path class="line ${name} ${now ? "now" : ""}" d=${curvePath(errors)} />
    ${Number.isFinite(errors[digits]) ? svg`<circle class="dot ${name} ${now ? "now" : ""}" r=${now ? 4 : 2.5} cx=${x} cy=${errorY(errors[digits])} />` : nothing}
    ${Number.isFinite(at) ? svg`<text class="name ${name}" x=${stepX(errors.length - 1, errors.length)} y=${y} text-anchor="end">${text}</text>` : nothing}`;
}
