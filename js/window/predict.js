/**
 * Prediction of the window view: which rows of the two tables will this step change?
 */
import { html } from "lit-html";
import { joinList } from "../kit/format.js";
import { quoted, wordsOf } from "./narration.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function predict({ trace, ui }) {
  const derived = derive(trace);
  if (!derived.N)
    return {
      question: "No word, no window: which rows change?",
      outcome: "None: there is no pair.",
    };
  const pairs = derived.pairs(ui.step);
  const contexts = wordsOf(
    derived,
    pairs.map((pair) => pair.second),
  );
  const center = quoted(derived.word(ui.step));
  return {
    question: html`The window stands at ${center}. Which rows of both tables does this step change? Click them, or use the arrows and Enter.`,
    outcome: pairs.length
      ? html`Embedding table: ${center} alone. Context table: <bdi>${joinList(contexts, 5)}</bdi>, the context words and the negatives.`
      : html`None: there is no other word in the window, so there is no pair.`,
  };
}

/** The rows that change; those of the context table count on after those of the embedding table. @param {Scene} scene */
export function truth({ trace, ui }) {
  const derived = derive(trace);
  const [rows, contexts] = derived.updated(ui.step);
  return [...rows, ...[...contexts].map((row) => derived.V + row)].sort((a, b) => a - b);
}
