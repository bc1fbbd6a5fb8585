/**
 * Prediction of the mask view: which layer loses the mask?
 */
import { html, nothing } from "lit-html";
import { distanceText } from "./facts.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/** @param {Scene} scene */
export function predict({ trace }) {
  const derived = derive(trace);
  const lost = derived.lostAt === null ? null : derived.stages[derived.lostAt];
  return {
    question: html`Which layer loses the mask? Click its card, or use the arrows and Enter.`,
    outcome: lost
      ? html`It is <b>${lost.label}</b>. ${lost.reason}`
      : html`No layer loses it. ${lossOutcome(derived)}`,
  };
}

/** Describe the distance of the loss from the unpadded reference. @param {Derived} derived */
export function lossOutcome(derived) {
  const off = distanceText(derived.lossOff);
  if (derived.noReference)
    return html`How far the loss is off cannot be said: without padding the model would need another length.`;
  if (!off.tone) return nothing;
  if (off.tone === "good") return "The loss is that of the unpadded reference.";
  return html`The loss is <b>off by ${off.value}</b>.`;
}
