/**
 * Prediction of the shard view: which worker is asked for the most rows?
 */
import { html, nothing } from "lit-html";
import { joinList, pluralize } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { rowsOf } from "./narration.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function predict({ trace, ui, explorer }) {
  const derived = derive(trace);
  const { W, K, busiest, workers } = derived;
  const most = busiest.length ? workers[busiest[0]].asks.length : 0;
  /** @param {number} item */
  const nameOf = (item) => (item < W ? `worker ${item}` : "all alike");
  const outcome = !K
    ? "None: the batch is empty."
    : busiest.length === W && W > 1
      ? `Each worker is asked for ${rowsOf(most)}.`
      : `It is worker ${joinList(busiest)}: ${rowsOf(most)} of ${K}${busiest.length > 1 ? " each" : ""}.`;
  return {
    question: html`Which of ${pluralize(W, "worker")} is asked for the most rows?`,
    choices: html`<span class="candidates" role="group" aria-label="The worker that is asked most">${Array.from(
      { length: W > 1 ? W + 1 : W },
      (_, item) => {
        const chosen = markOf(ui.prediction, item) === "chosen";
        return html`<button type="button" data-place="answer:${item}" aria-label=${nameOf(item)} title=${nameOf(item)} aria-pressed=${String(chosen)} @click=${() => explorer.choose(item)}>${chosen ? icon("right") : nothing}${item < W ? item : nameOf(item)}</button>`;
      },
    )}</span>`,
    outcome: `${outcome}${trace.header.params.scheme === "column_wise" && W > 1 ? " Each holds some columns of every row." : ""}`,
  };
}

/**
 * The right answer: a worker, or W when all are asked for the same; of some that are equal the chosen one.
 * @param {Scene} scene
 */
export function truth({ trace, ui }) {
  const { W, busiest } = derive(trace);
  if (!busiest.length || (busiest.length === W && W > 1)) return [W > 1 ? W : 0];
  const chosen = ui.prediction?.chosen.find((item) => busiest.includes(item));
  return [chosen ?? busiest[0]];
}
