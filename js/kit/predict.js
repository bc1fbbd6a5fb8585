/**
 * Predict, then reveal: the learner commits to an answer before the view shows it.
 *
 * Three kinds of answer: `many` things chosen, `one` thing chosen, a `curve` drawn point by point.
 */
import { html, nothing } from "lit-html";
import { button } from "./controls.js";
import { icon } from "./icons.js";

/** @typedef {"many" | "one" | "curve"} Kind */
/**
 * @typedef {object} Prediction
 * @property {Kind} kind
 * @property {"open" | "revealed"} phase
 * @property {number[]} chosen
 * @property {number[]} curve     the points of a curve, as the learner left them
 * @property {Verdict | null} verdict
 */
/**
 * Of a curve, `right` and `extra` hold the points that are close and those that are not.
 * @typedef {{ right: number[], missed: number[], extra: number[], correct: boolean }} Verdict
 */

/**
 * @param {Kind} [kind]
 * @param {ArrayLike<number>} [start]  where a curve begins, before the learner bends it
 * @returns {Prediction}
 */
export function newPrediction(kind = "many", start = []) {
  return { kind, phase: "open", chosen: [], curve: Array.from(start), verdict: null };
}

/**
 * Choose an item, or take it back; for kind "one" the newest choice replaces the others.
 * @param {Prediction} prediction
 * @param {number} item
 * @returns {Prediction}
 */
export function toggle(prediction, item) {
  if (prediction.phase !== "open") return prediction;
  const had = prediction.chosen.includes(item);
  if (prediction.kind === "one") return { ...prediction, chosen: had ? [] : [item] };
  const chosen = had
    ? prediction.chosen.filter((other) => other !== item)
    : [...prediction.chosen, item].sort((a, b) => a - b);
  return { ...prediction, chosen };
}

/**
 * Bend a curve at one of its points.
 * @param {Prediction} prediction
 * @param {number} point
 * @param {number} value
 * @returns {Prediction}
 */
export function moveCurvePoint(prediction, point, value) {
  if (prediction.phase !== "open" || !(point in prediction.curve)) return prediction;
  return { ...prediction, curve: prediction.curve.map((old, i) => (i === point ? value : old)) };
}

/**
 * Compare the prediction with the right answer.
 * @param {Prediction} prediction
 * @param {ArrayLike<number>} truth  the things, or the values of the curve
 * @param {number} [near]  tolerance of a point of a curve
 * @returns {Prediction}
 */
export function reveal(prediction, truth, near = 0) {
  const all = Array.from(truth);
  if (prediction.kind === "curve") {
    const points = prediction.curve.map((_, point) => point);
    const close = (/** @type {number} */ i) => Math.abs(prediction.curve[i] - all[i]) <= near;
    const right = points.filter(close);
    const extra = points.filter((i) => !close(i));
    return {
      ...prediction,
      phase: "revealed",
      verdict: { right, missed: [], extra, correct: extra.length === 0 },
    };
  }
  const so = new Set(all);
  const chosen = new Set(prediction.chosen);
  const right = prediction.chosen.filter((item) => so.has(item));
  const extra = prediction.chosen.filter((item) => !so.has(item));
  const missed = [...so].filter((item) => !chosen.has(item)).sort((a, b) => a - b);
  const correct = missed.length === 0 && extra.length === 0;
  return { ...prediction, phase: "revealed", verdict: { right, missed, extra, correct } };
}

/**
 * Return the mark of an item: "chosen" while the question is open, then its result.
 * @param {Prediction | null} prediction
 * @param {number} item
 * @returns {"" | "chosen" | "right" | "missed" | "extra"}
 */
export function markOf(prediction, item) {
  if (!prediction) return "";
  if (!prediction.verdict) return prediction.chosen.includes(item) ? "chosen" : "";
  const { right, missed, extra } = prediction.verdict;
  if (right.includes(item)) return "right";
  if (missed.includes(item)) return "missed";
  return extra.includes(item) ? "extra" : "";
}

/** @type {Record<Kind, [string, string, string]>} */
const TALLY_LABELS = {
  many: ["right", "missed", "too many"],
  one: ["right", "", "not this one"],
  curve: ["points close", "", "points off"],
};

/**
 * The strip above the figure with the question, and then the result.
 * @param {object} spec
 * @param {Prediction} spec.prediction
 * @param {unknown} spec.question
 * @param {unknown} [spec.choices]   buttons that are the answers
 * @param {unknown} spec.outcome     shown once it is revealed
 * @param {string} spec.noun       "rows"; for kind "one" the singular, "layer"
 * @param {(act: "reveal" | "again" | "done") => void} spec.run
 */
export function predictionStrip({ prediction, question, choices = nothing, outcome, noun, run }) {
  const { verdict, chosen, kind } = prediction;
  if (!verdict) {
    const counted = {
      many: `${chosen.length} ${noun} chosen`,
      one: chosen.length ? `1 ${noun} chosen` : `no ${noun} chosen`,
    };
    return html`<section class="strip predict" aria-label="Predict">
      <p><b>Predict.</b> ${question}</p>
      ${choices}
      ${kind === "curve" || choices !== nothing ? nothing : html`<span class="num count">${counted[kind]}</span>`}
      ${button({ label: "Reveal", place: "predict:reveal", primary: true, onClick: () => run("reveal") })}
      ${button({ label: "Not now", place: "predict:done", onClick: () => run("done") })}
    </section>`;
  }
  const [right, missed, extra] = TALLY_LABELS[kind];
  /** @param {"right"|"missed"|"extra"} which @param {string} text */
  const tally = (which, text) =>
    verdict[which].length || (which === "right" && kind !== "one")
      ? html`<span class="tally ${which}">${icon(which)} ${kind === "one" ? nothing : verdict[which].length} ${verdict[which].length === 1 ? text.replace("points", "point") : text}</span>`
      : nothing;
  return html`<section class="strip predict" aria-label="How your prediction went">
    <p>${tally("right", right)} ${kind === "one" ? nothing : tally("missed", missed)} ${tally("extra", extra)} <span>${outcome}</span></p>
    ${button({ label: "Again", place: "predict:again", onClick: () => run("again") })}
    ${button({ label: "Done", place: "predict:done", primary: true, onClick: () => run("done") })}
  </section>`;
}

/** @typedef {import("./explorer.js").Explorer} Explorer */

/**
 * @param {Explorer} explorer
 * @param {"again" | "reveal" | "done"} command
 */
export function runPredictionAct(explorer, command) {
  const { scene, view } = explorer;
  if (!scene) return;
  explorer.player.stop();
  if (command === "done") {
    explorer.updateUi({ prediction: null, playing: false });
    return explorer.focusAfterPaint("top:predict");
  }
  if (command === "again") {
    const { kind, start } = view.questionKind?.(scene) ?? {};
    explorer.updateUi({
      prediction: newPrediction(kind, start),
      playing: false,
      open: null,
      hover: null,
      focus: null,
      panel: null,
    });
    return explorer.focusAfterPaint(view.focusOnAsk(scene));
  }
  const { question, truth, near } = view.answer(scene.trace, scene);
  const prediction = reveal(explorer.ui.prediction ?? newPrediction(), truth, near);
  explorer.updateUi({ prediction, focus: null, hover: null });
  const rounded = prediction.curve.map((value) => Number(value.toPrecision(3)));
  const chosen = prediction.chosen.map((item) => view.chosenId?.(scene.trace, item) ?? item);
  explorer.store.reportAnswer({
    question,
    answer: prediction.kind === "curve" ? rounded : chosen,
    correct: Boolean(prediction.verdict?.correct),
  });
  explorer.focusAfterPaint("predict:done");
}

/** The prediction of a view that asks before it shows anything. @param {Explorer} explorer */
export function openQuestion(explorer) {
  const { scene, view, ui } = explorer;
  if (!scene) return;
  const { kind, start } = view.questionKind?.(scene) ?? {};
  ui.prediction = newPrediction(kind, start);
}

/** @param {Explorer} explorer @param {number} item */
export function choose(explorer, item) {
  const { prediction } = explorer.ui;
  if (prediction) explorer.updateUi({ prediction: toggle(prediction, item) });
}

/** @param {Explorer} explorer @param {number} point @param {number} value */
export function bendCurve(explorer, point, value) {
  const { prediction } = explorer.ui;
  if (prediction) explorer.updateUi({ prediction: moveCurvePoint(prediction, point, value) });
}
