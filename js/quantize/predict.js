/**
 * Prediction of the quantization view: what changes when one weight grows tenfold?
 */
import { html } from "lit-html";
import { listing } from "../kit/format.js";
import { who } from "./narration.js";
import { code } from "./number_format.js";
import { nameOf } from "./row_list.js";
import { lookOf } from "./state.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** The question and what came of it. @param {Scene} scene */
export function predict(scene) {
  const look = lookOf(scene);
  const { now, reading, row } = look;
  const { column, value } = reading.tenfold(row);
  const from = now.value(reading.weights(row)[column]);
  const { D } = reading;
  const verdict = scene.ui.prediction?.verdict;
  /** @param {number[]} things */
  const said = (things) => {
    const codes = things.filter((t) => t < D);
    const rows = things.filter((t) => t >= D).map((t) => nameOf(reading.words, t - D));
    const parts = [
      codes.length ? `${codes.length === 1 ? "code" : "codes"} ${listing(codes, 6)}` : "",
      rows.length ? `${rows.length === 1 ? "row" : "rows"} ${listing(rows, 3)}` : "",
    ];
    return parts.filter(Boolean).join("; ");
  };
  const missed = verdict?.missed.length ? `Missed: ${said(verdict.missed)}.` : "";
  const extra = verdict?.extra.length ? `Not changed: ${said(verdict.extra)}.` : "";
  const kept = now.codes[column] === now.before[column];
  const lesson = kept
    ? `The weight that grew keeps its code ${code(now.codes[column])}: it is still the end of its ruler.`
    : `The weight that grew has a new code too.`;
  return {
    question: html`In ${now.way.title}, w[${row}, ${column}] of ${who(look)} grows tenfold, from ${from} to ${now.value(value)}. <b>Which codes of its row change, and which other rows?</b> Click them, or arrows and Enter.`,
    outcome: [missed, extra, lesson].filter(Boolean).join(" "),
  };
}
