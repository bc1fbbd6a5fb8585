/**
 * Predictions of the gradient view: which rows get a gradient, and what remains of several for one row.
 */
import { html } from "lit-html";
import { count, fixed, listing } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { columnOf } from "./state.js";
import { busiest, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function predict(scene) {
  const { trace, ui } = scene;
  if (ui.own.asks === "fate") return { question: fateQuestion(scene), outcome: fateOutcome(scene) };
  const reading = readingOf(trace);
  const verdict = ui.prediction?.verdict;
  const named = (/** @type {number} */ row) => (reading.word(row) ? `${row} (${reading.word(row)})` : String(row));
  const missed = verdict?.missed.length ? `Missed: ${listing(verdict.missed.map(named), 4)}.` : "";
  const extra = verdict?.extra.length ? `Gets none: ${listing(verdict.extra.map(named), 4)}.` : "";
  const row = busiest(reading);
  const lesson =
    reading.tied && verdict?.missed.length
      ? "With one table for words and scores, every row gets one."
      : row >= 0 && reading.count(row) > 1
        ? `Row ${named(row)} gets ${count(reading.count(row), "gradient")}, and counts once.`
        : "";
  return {
    question: html`Which rows will get a gradient? Click them, or use the arrows and Enter.`,
    outcome: [missed, extra, reading.tied || !(missed || extra) ? lesson : ""].filter(Boolean).join(" "),
  };
}

export const FATES = ["the last", "the mean", "the sum"];

/** The row that is asked about, or −1 when no row gets two different gradients. @param {Scene["trace"]} trace */
export function askable(trace) {
  const reading = readingOf(trace);
  const row = busiest(reading);
  return row >= 0 && reading.count(row) > 1 && !reading.tied ? row : -1;
}

/** Which of `FATES` holds: the rule and the mode decide. @param {Scene["trace"]} trace */
export function fateOf({ header }) {
  const { rule, mode } = header.params;
  if (rule === "assign") return 0;
  return mode === "frequency" ? 1 : 2;
}

/** The three numbers that the answers come to. @param {Scene["trace"]} trace @param {number} row @param {number} col */
export function candidates(trace, row, col) {
  const reading = readingOf(trace);
  const values = reading.senders(row).map((n) => reading.back(n)[col]);
  const sum = reading.soFar(reading.senders(row)[values.length - 1])[col];
  return [values[values.length - 1], sum / values.length, sum];
}

/** @param {Scene} scene */
export function fateQuestion(scene) {
  const { trace, ui, act } = scene;
  const reading = readingOf(trace);
  const row = askable(trace);
  if (row < 0) return html`No row gets two gradients now. Write a word twice.`;
  const col = columnOf(scene);
  const numbers = candidates(trace, row, col);
  const word = reading.word(row);
  const parts = reading.senders(row).map((n) => fixed(reading.back(n)[col]));
  return html`Row ${row}${word ? html` (“<bdi>${word}</bdi>”)` : ""} gets ${parts.slice(0, 6).join(", ")}${parts.length > 6 ? " …" : ""} in column ${col}. What stands there in the end?
    <span class="fates" role="group" aria-label="What stands there in the end">${FATES.map((name, i) => {
      const chosen = markOf(ui.prediction, i) === "chosen";
      return html`<button type="button" data-place="fate:${i}" aria-pressed=${String(chosen)} @click=${() => act.choose(i)}>${chosen ? icon("right") : ""}${name}: <span class="num">${fixed(numbers[i])}</span></button>`;
    })}</span>`;
}

/** What the reveal says. @param {Scene} scene */
export function fateOutcome(scene) {
  const { trace, params } = scene;
  const row = askable(trace);
  if (row < 0) return "";
  const col = columnOf(scene);
  const fate = fateOf(trace);
  const value = fixed(candidates(trace, row, col)[fate]);
  const why = [
    "“assign” keeps the last, and that is the bug: its check fails.",
    "The mean, since this mode divides by the count.",
    "Every use of the row counts, so they add up.",
  ];
  return `It is ${FATES[fate]}, ${value}. ${params.rule === "assign" ? why[0] : why[fate]}`;
}
