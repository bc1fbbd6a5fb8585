/**
 * What the training view says: the narration, and the arithmetic behind a cell.
 */
import { html } from "lit-html";
import { count, listing } from "../kit/format.js";
import { short } from "./number_format.js";
import { drawingOf, nameOf } from "./state.js";
import { census, readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").Drawing} Drawing */

/** @param {Drawing} d */
export const quoted = ({ reading, row }) => html`“<bdi>${nameOf(reading, row)}</bdi>”`;

/** @param {Scene} scene */
export function say(scene) {
  const d = drawingOf(scene);
  const { reading, run, row, s, asked } = d;
  const word = quoted(d);
  const step = html`step ${s + 1}`;
  if (asked) return html`Step ${s + 1}: ${word} stands where its point is. What comes next is hidden until you reveal it.`;
  if (!reading.N) return html`No words, no pairs: nothing moves. Type a text.`;
  const move = run.move(s, row);
  const rule = run.rule(s).optimizer;
  if (Number.isNaN(move)) return html`${step}: ${word} holds NaN or infinity, and every step keeps it so.`;
  const { moved, glided } = census(reading, run, s);
  const all = html`${count(moved, "row")} of ${reading.V} moved, ${glided} without a gradient`;
  if (run.glides(s, row))
    return html`Step ${s + 1}, ${rule}: ${word} is not in this batch, its gradient is 0, <b>and still it moves by ${short(move)}</b>. ${all}.`;
  if (run.hasGrad(s, row))
    return html`Step ${s + 1}, ${rule}: ${word} is in this batch and moves by ${short(move)}. ${all}.`;
  const unseen = reading.lastSeen(s, row) < 0 && rule !== "sgd + l2";
  const why = unseen ? "it was never seen, so nothing carries it" : WHY[rule];
  return html`Step ${s + 1}, ${rule}: ${word} is not in this batch and stays: ${why}. ${all}.`;
}

/** What moves a row whose gradient is 0. @param {string} optimizer */
export const carrier = (optimizer) => (optimizer === "sgd + l2" ? "penalty" : "momentum");

/** @type {Record<string, string>} */
const WHY = {
  sgd: "SGD remembers nothing",
  adagrad: "Adagrad's step is rate · g / √a, and g is 0",
  rmsprop: "RMSprop's step is rate · g / √v, and g is 0",
  momentum: "nothing is left of its momentum",
  adam: "nothing is left of its momentum",
  "lazy adam": "lazy Adam moves the rows of the batch alone",
  "sgd + l2": "a row of zeros has no penalty",
};

/** What changed between two traces, in one sentence, or "". @param {Record<string, any>} was @param {Scene} scene */
export function sayChange(was, { trace }) {
  const { params, runs, branched, fitting, steps } = trace.header;
  if (steps < params.steps && fitting < params.steps) {
    return `${count(steps, "step")}: more would not travel with tables of this size.`;
  }
  if (branched !== null && JSON.stringify(was.branch) !== JSON.stringify(params.branch)) {
    const { step, optimizer, rate } = runs[branched].branch;
    return `From step ${step + 1} on run ${branched + 1} goes on with ${optimizer}, rate ${rate}; grey is what it would have done.`;
  }
  return "";
}

/** The words of a batch. @param {Scene} scene */
export const batchWords = ({ trace, ui }) => {
  const reading = readingOf(trace);
  return listing(reading.batch(ui.step).map((id) => nameOf(reading, id)), 6);
};
