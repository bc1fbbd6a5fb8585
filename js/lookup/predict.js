/**
 * Prediction of the lookup view: which rows will the sentence read?
 */
import { html } from "lit-html";
import { pluralize, joinList } from "../kit/format.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function predict({ trace, ui }) {
  const { words, readers, rowId } = derive(trace);
  const verdict = ui.prediction?.verdict;
  /** @param {number} row */
  const named = (row) => (words[row] ? `${rowId(row)} (${words[row]})` : String(rowId(row)));
  const missed = verdict?.missed.length ? `Missed: ${joinList(verdict.missed.map(named), 4)}.` : "";
  const extra = verdict?.extra.length ? `Not read: ${joinList(verdict.extra.map(named), 4)}.` : "";
  const twice = [...readers].find(([, by]) => by.length > 1);
  const lesson = twice
    ? `Row ${named(twice[0])} serves ${pluralize(twice[1].length, "word")}, and counts once.`
    : "Each word reads a row of its own.";
  return {
    question: html`Which rows will this sentence read? Click them, or use the arrows and Enter.`,
    outcome: [missed, extra, missed || extra ? "" : lesson].filter(Boolean).join(" "),
  };
}
