/**
 * The first question: which rows get a gradient? The second is in fate.js.
 */
import { html } from "lit-html";
import { count, listing } from "../kit/format.js";
import { fateOutcome, fateQuestion } from "./fate.js";
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

