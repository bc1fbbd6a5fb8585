/**
 * Predict, then reveal: the learner commits to an answer before the view shows it.
 */
import { html, nothing } from "lit-html";
import { button } from "./controls.js";
import { icon } from "./icons.js";

/**
 * @typedef {object} Prediction
 * @property {"open" | "revealed"} phase
 * @property {number[]} chosen
 * @property {Verdict | null} verdict
 */
/** @typedef {{ right: number[], missed: number[], extra: number[], correct: boolean }} Verdict */

/** @returns {Prediction} */
export function ask() {
  return { phase: "open", chosen: [], verdict: null };
}

/**
 * Choose a thing, or take it back.
 * @param {Prediction} prediction
 * @param {number} thing
 * @returns {Prediction}
 */
export function toggle(prediction, thing) {
  if (prediction.phase !== "open") return prediction;
  const chosen = prediction.chosen.includes(thing)
    ? prediction.chosen.filter((other) => other !== thing)
    : [...prediction.chosen, thing].sort((a, b) => a - b);
  return { ...prediction, chosen };
}

/**
 * Compare what was chosen with what is so.
 * @param {Prediction} prediction
 * @param {number[]} truth
 * @returns {Prediction}
 */
export function reveal(prediction, truth) {
  const so = new Set(truth);
  const said = new Set(prediction.chosen);
  const right = prediction.chosen.filter((thing) => so.has(thing));
  const extra = prediction.chosen.filter((thing) => !so.has(thing));
  const missed = [...so].filter((thing) => !said.has(thing)).sort((a, b) => a - b);
  const correct = missed.length === 0 && extra.length === 0;
  return { ...prediction, phase: "revealed", verdict: { right, missed, extra, correct } };
}

/**
 * The mark a thing carries: "chosen" while the question is open, then how it turned out.
 * @param {Prediction | null} prediction
 * @param {number} thing
 * @returns {"" | "chosen" | "right" | "missed" | "extra"}
 */
export function markOf(prediction, thing) {
  if (!prediction) return "";
  if (!prediction.verdict) return prediction.chosen.includes(thing) ? "chosen" : "";
  const { right, missed, extra } = prediction.verdict;
  if (right.includes(thing)) return "right";
  if (missed.includes(thing)) return "missed";
  return extra.includes(thing) ? "extra" : "";
}

/**
 * The strip above the figure that asks, and then says how it went.
 * @param {object} spec
 * @param {Prediction} spec.prediction
 * @param {unknown} spec.question
 * @param {unknown} spec.outcome     shown once it is revealed
 * @param {string} spec.things       "rows"
 * @param {(act: "reveal" | "again" | "done") => void} spec.act
 */
export function predictStrip({ prediction, question, outcome, things, act }) {
  const { verdict, chosen } = prediction;
  if (!verdict) {
    return html`<section class="strip predict" aria-label="Predict">
      <p><b>Predict.</b> ${question}</p>
      <span class="num count">${chosen.length} ${things} chosen</span>
      ${button({ label: "Reveal", place: "predict:reveal", primary: true, onClick: () => act("reveal") })}
      ${button({ label: "Not now", place: "predict:done", onClick: () => act("done") })}
    </section>`;
  }
  /** @param {"right"|"missed"|"extra"} kind @param {string} text */
  const tally = (kind, text) =>
    verdict[kind].length || kind === "right"
      ? html`<span class="tally ${kind}">${icon(kind)} ${verdict[kind].length} ${text}</span>`
      : nothing;
  return html`<section class="strip predict" aria-label="How your prediction went">
    <p>${tally("right", "right")} ${tally("missed", "missed")} ${tally("extra", "too many")} <span>${outcome}</span></p>
    ${button({ label: "Again", place: "predict:again", onClick: () => act("again") })}
    ${button({ label: "Done", place: "predict:done", primary: true, onClick: () => act("done") })}
  </section>`;
}
