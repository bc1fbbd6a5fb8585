/**
 * Prediction of the mask view: which layer loses the mask?
 */
import { html, nothing } from "lit-html";
import { off } from "./facts.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Reading} Reading */

/** @param {Scene} scene */
export function predict({ trace }) {
  const reading = readingOf(trace);
  const lost = reading.lostAt === null ? null : reading.stages[reading.lostAt];
  return {
    question: html`Which layer loses the mask? Click its card, or use the arrows and Enter.`,
    outcome: lost ? html`It is <b>${lost.label}</b>. ${lost.why}` : html`No layer loses it. ${outcome(reading)}`,
  };
}

/** What it does to the loss. @param {Reading} reading */
export function outcome(reading) {
  const wrong = off(reading);
  if (reading.noTruth) return html`How far the loss is off cannot be said: without padding the model would need another length.`;
  if (!wrong) return nothing;
  if (wrong.tone === "good") return "The loss is that of the sentences without padding.";
  return html`The loss is <b>${wrong.value} ${wrong.name === "too low by" ? "too low" : "too high"}</b>.`;
}
