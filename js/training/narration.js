/**
 * Narration of the training view.
 */
import { html } from "lit-html";
import { pluralize, joinList } from "../kit/format.js";
import { shortNumber } from "./number_format.js";
import { sceneFrame, rowName } from "./state.js";
import { countMoves, derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./state.js").SceneFrame} SceneFrame */

/** @param {SceneFrame} d */
export const quoted = ({ derived, row }) => html`“<bdi>${rowName(derived, row)}</bdi>”`;

/** @param {Scene} scene */
export function narrate(scene) {
  const d = sceneFrame(scene);
  const { derived, run, row, s, predicting } = d;
  const word = quoted(d);
  if (predicting)
    return html`Step ${s + 1}: ${word} stands where its point is. What comes next is hidden until you reveal it.`;
  if (!derived.N) return html`No words, no pairs: nothing moves. Type a text.`;
  const move = run.move(s, row);
  if (Number.isNaN(move))
    return html`Step ${s + 1}: ${word} holds NaN or infinity, and every step keeps it so.`;
  const { moved, movedWithoutGrad } = countMoves(derived, run, s);
  const rule = run.rule(s).optimizer;
  const unseen = derived.lastSeen(s, row) < 0 && rule !== "sgd + l2";
  const what = run.movedWithoutGrad(s, row)
    ? html`not in this batch, its gradient is 0, <b>and still it moves by ${shortNumber(move)}</b>`
    : run.hasGrad(s, row)
      ? html`in this batch and moves by ${shortNumber(move)}`
      : html`not in this batch and stays: ${unseen ? "it was never in a batch, so it has no momentum" : WHY[rule]}`;
  return html`Step ${s + 1}, ${rule}: ${word} is ${what}. ${pluralize(moved, "row")} of ${derived.V} moved, ${movedWithoutGrad} without a gradient.`;
}

/** Return what moves a row with zero gradient. @param {string} optimizer */
export const movingForce = (optimizer) => (optimizer === "sgd + l2" ? "penalty" : "momentum");

/** @type {Record<string, string>} */
const WHY = {
  sgd: "SGD has no state",
  adagrad: "Adagrad's step is rate · g / √a, and g is 0",
  rmsprop: "RMSprop's step is rate · g / √v, and g is 0",
  momentum: "its momentum has decayed to 0",
  adam: "its momentum has decayed to 0",
  "lazy adam": "lazy Adam moves the rows of the batch alone",
  "sgd + l2": "a row of zeros has no penalty",
};

/**
 * Describe what changed between two traces, in one sentence, or "".
 * @param {Record<string, any>} was
 * @param {Scene} scene
 */
export function narrateChange(was, { trace }) {
  const { params, runs, branched, fitting, steps } = trace.header;
  if (steps < params.steps && fitting < params.steps) {
    return `${pluralize(steps, "step")}: more are not sent for tables of this size.`;
  }
  if (branched !== null && JSON.stringify(was.branch) !== JSON.stringify(params.branch)) {
    const { step, optimizer, rate } = runs[branched].branch;
    return `From step ${step + 1} on run ${branched + 1} goes on with ${optimizer}, rate ${rate}; gray is the original run.`;
  }
  return "";
}

/** The words of a batch. @param {Scene} scene */
export const batchWords = ({ trace, ui }) => {
  const derived = derive(trace);
  return joinList(
    derived.batch(ui.step).map((id) => rowName(derived, id)),
    6,
  );
};
