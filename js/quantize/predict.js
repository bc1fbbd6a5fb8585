/**
 * Prediction of the quantization view: what changes when one weight grows tenfold?
 */
import { html } from "lit-html";
import { joinList } from "../kit/format.js";
import { rowInSentence } from "./narration.js";
import { formatCode } from "./number_format.js";
import { rowName } from "./row_list.js";
import { selection } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** Return the question and the outcome. @param {Scene} scene */
export function predict(scene) {
  const selected = selection(scene);
  const { current, derived, row } = selected;
  const { column, value } = derived.tenfold(row);
  const { D } = derived;
  const verdict = scene.ui.prediction?.verdict;
  /** @param {number[]} items */
  const named = (items) => {
    const codes = items.filter((t) => t < D);
    const rows = items.filter((t) => t >= D).map((t) => rowName(derived.words, t - D));
    const parts = [
      codes.length ? `${codes.length === 1 ? "code" : "codes"} ${joinList(codes, 6)}` : "",
      rows.length ? `${rows.length === 1 ? "row" : "rows"} ${joinList(rows, 3)}` : "",
    ];
    return parts.filter(Boolean).join("; ");
  };
  const missed = verdict?.missed.length ? `Missed: ${named(verdict.missed)}.` : "";
  const extra = verdict?.extra.length ? `Not changed: ${named(verdict.extra)}.` : "";
  const keepsCode = current.codes[column] === current.before[column];
  const lesson = keepsCode
    ? `The weight that grew keeps its code ${formatCode(current.codes[column])}: it is still the end of its ruler.`
    : `The weight that grew has a new code too.`;
  return {
    question: html`w[${row}, ${column}] of ${rowInSentence(selected)} grows tenfold, to ${current.value(value)}. <b>Which codes of its row change, and which other rows?</b> Click them, or use the arrows and Enter.`,
    outcome: [missed, extra, lesson].filter(Boolean).join(" "),
  };
}
