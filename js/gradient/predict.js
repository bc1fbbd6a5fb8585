/**
 * Predictions of the gradient view: which rows get a gradient, and what remains of several for one row.
 */
import { html } from "lit-html";
import { pluralize, fixed, joinList } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { selectedColumn } from "./state.js";
import { busiest, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function predict(scene) {
  const { trace, ui } = scene;
  if (ui.local.asks === "duplicates")
    return { ...duplicatesQuestion(scene), outcome: duplicatesOutcome(scene) };
  const derived = derive(trace);
  const verdict = ui.prediction?.verdict;
  const named = (/** @type {number} */ row) =>
    derived.word(row) ? `${row} (${derived.word(row)})` : String(row);
  const missed = verdict?.missed.length ? `Missed: ${joinList(verdict.missed.map(named), 4)}.` : "";
  const extra = verdict?.extra.length ? `Gets none: ${joinList(verdict.extra.map(named), 4)}.` : "";
  const row = busiest(derived);
  const lesson =
    derived.tied && verdict?.missed.length
      ? "With one table for words and scores, every row gets one."
      : row >= 0 && derived.count(row) > 1
        ? `Row ${named(row)} gets ${pluralize(derived.count(row), "gradient")}, and counts once.`
        : "";
  return {
    question: html`Which rows will get a gradient? Click them, or use the arrows and Enter.`,
    outcome: [missed, extra, derived.tied || !(missed || extra) ? lesson : ""]
      .filter(Boolean)
      .join(" "),
  };
}

export const ANSWERS = ["the last", "the mean", "the sum"];

/**
 * Return the row that the question is about, or −1 when no row gets several gradients.
 * @param {Scene["trace"]} trace
 */
export function duplicatedRow(trace) {
  const derived = derive(trace);
  const row = busiest(derived);
  return row >= 0 && derived.count(row) > 1 && !derived.tied ? row : -1;
}

/** Return the index of the right answer, by rule and mode. @param {Scene["trace"]} trace */
export function duplicatesAnswer({ header }) {
  const { rule, mode } = header.params;
  if (rule === "assign") return 0;
  return mode === "frequency" ? 1 : 2;
}

/**
 * Return the value of each answer.
 * @param {Scene["trace"]} trace
 * @param {number} row
 * @param {number} col
 */
export function candidates(trace, row, col) {
  const derived = derive(trace);
  const values = derived.senders(row).map((n) => derived.gradOutput(n)[col]);
  const sum = derived.runningSum(derived.senders(row)[values.length - 1])[col];
  const last = values[values.length - 1];
  const divided = derived.mode === "frequency"; // by the count: each gradient, also the last
  return [divided ? last / values.length : last, sum / values.length, sum];
}

/** Say what comes to the row that the question is about. @param {Scene} scene */
export function narrateDuplicates(scene) {
  const derived = derive(scene.trace);
  const row = duplicatedRow(scene.trace);
  if (row < 0) return "No row gets two gradients now.";
  const col = selectedColumn(scene);
  const word = derived.word(row);
  const parts = derived.senders(row).map((n) => fixed(derived.gradOutput(n)[col]));
  return html`Row ${row}${word ? html` (“<bdi>${word}</bdi>”)` : ""} gets ${parts.slice(0, 6).join(", ")}${parts.length > 6 ? " …" : ""} in column ${col}. What stands there in the end?`;
}

/** @param {Scene} scene */
export function duplicatesQuestion(scene) {
  const { trace, ui, explorer } = scene;
  const row = duplicatedRow(trace);
  if (row < 0) return { question: "No row gets two gradients now. Write a word twice." };
  const col = selectedColumn(scene);
  const numbers = candidates(trace, row, col);
  const divided = derive(trace).mode === "frequency";
  return {
    question: html`What will dW[${row}, ${col}] be?`,
    choices: html`<span class="candidates" role="group" aria-label="What stands there in the end">${ANSWERS.map(
      (name, i) => {
        const chosen = markOf(ui.prediction, i) === "chosen";
        return html`<button type="button" data-place="duplicates:${i}" aria-pressed=${String(chosen)} @click=${() => explorer.choose(i)}>${chosen ? icon("right") : ""}${name}${divided && !i ? ", divided" : ""}: <span class="num">${fixed(numbers[i])}</span></button>`;
      },
    )}</span>`,
  };
}

/** Return the sentence after the reveal. @param {Scene} scene */
export function duplicatesOutcome(scene) {
  const { trace, params } = scene;
  const row = duplicatedRow(trace);
  if (row < 0) return "";
  const col = selectedColumn(scene);
  const fate = duplicatesAnswer(trace);
  const value = fixed(candidates(trace, row, col)[fate]);
  const why = [
    `“assign” keeps the last${params.mode === "frequency" ? ", divided by the count" : ""}, and that is the bug: its check fails.`,
    "The mean, since this mode divides by the count.",
    "Every use of the row counts, so they add up.",
  ];
  return `It is ${ANSWERS[fate]}, ${value}. ${params.rule === "assign" ? why[0] : why[fate]}`;
}
