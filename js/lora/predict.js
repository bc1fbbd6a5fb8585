/**
 * Prediction of the LoRA view: the reconstruction error at each rank.
 */
import { html } from "lit-html";
import { percent } from "./charts.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

export const TOLERANCE = 0.1;

/** @param {Scene} scene */
export function predict({ trace, ui }) {
  const { errors, values, K } = derive(trace);
  const needed = Array.from({ length: K + 1 }, (_, r) => r).find((r) => errors[r] < 0.005) ?? K;
  const off = ui.prediction?.verdict?.extra.length ?? 0;
  const lesson = !values[0]
    ? "A change of zero leaves nothing at any rank."
    : needed < K
      ? `From rank ${needed} on nothing is left: the change has ${needed === 1 ? "one direction" : `${needed} directions`}.`
      : `Every direction counts here: rank ${K - 1} still leaves ${percent(errors[K - 1])}.`;
  return {
    question: html`What is the reconstruction error at each rank? Drag the points, or use the arrows.`,
    outcome: `${off ? "A point is close within 10 %. " : ""}${lesson}`,
  };
}
