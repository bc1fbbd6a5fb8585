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
 * @property {number[]} drawn     the points of a curve, as the learner left them
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
export function ask(kind = "many", start = []) {
  return { kind, phase: "open", chosen: [], drawn: Array.from(start), verdict: null };
}

/**
 * Choose a thing, or take it back; where one is asked for, the newest choice stands alone.
 * @param {Prediction} prediction
 * @param {number} thing
 * @returns {Prediction}
 */
export function toggle(prediction, thing) {
  if (prediction.phase !== "open") return prediction;
  const had = prediction.chosen.includes(thing);
  if (prediction.kind === "one") return { ...prediction, chosen: had ? [] : [thing] };
  const chosen = had
    ? prediction.chosen.filter((other) => other !== thing)
    : [...prediction.chosen, thing].sort((a, b) => a - b);
  return { ...prediction, chosen };
}

/**
 * Bend a curve at one of its points.
 * @param {Prediction} prediction
 * @param {number} point
 * @param {number} value
 * @returns {Prediction}
 */
export function bend(prediction, point, value) {
  if (prediction.phase !== "open" || !(point in prediction.drawn)) return prediction;
  return { ...prediction, drawn: prediction.drawn.map((old, i) => (i === point ? value : old)) };
}

/**
 * Compare the answer with what is so.
 * @param {Prediction} prediction
 * @param {ArrayLike<number>} truth  the things, or the values of the curve
 * @param {number} [near]  how far a point of a curve may be off
 * @returns {Prediction}
 */
export function reveal(prediction, truth, near = 0) {
  const all = Array.from(truth);
  if (prediction.kind === "curve") {
    const points = prediction.drawn.map((_, point) => point);
    const close = (/** @type {number} */ i) => Math.abs(prediction.drawn[i] - all[i]) <= near;
    const right = points.filter(close);
    const extra = points.filter((i) => !close(i));
    return {
      ...prediction,
      phase: "revealed",
      verdict: { right, missed: [], extra, correct: extra.length === 0 },
    };
  }
  const so = new Set(all);
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

/** @type {Record<Kind, [string, string, string]>} */
const TALLIES = {
  many: ["right", "missed", "too many"],
  one: ["right", "", "not this one"],
  curve: ["points close", "", "points off"],
};

/**
 * The strip above the figure that asks, and then says how it went.
 * @param {object} spec
 * @param {Prediction} spec.prediction
 * @param {unknown} spec.question
 * @param {unknown} spec.outcome     shown once it is revealed
 * @param {string} spec.things       "rows"; for kind "one" the singular, "layer"
 * @param {(act: "reveal" | "again" | "done") => void} spec.act
 */
export function predictStrip({ prediction, question, outcome, things, act }) {
  const { verdict, chosen, kind } = prediction;
  if (!verdict) {
    const counted = { many: `${chosen.length} ${things} chosen`, one: chosen.length ? `1 ${things} chosen` : `no ${things} chosen` };
    return html`<section class="strip predict" aria-label="Predict">
      <p><b>Predict.</b> ${question}</p>
      ${kind === "curve" ? nothing : html`<span class="num count">${counted[kind]}</span>`}
      ${button({ label: "Reveal", place: "predict:reveal", primary: true, onClick: () => act("reveal") })}
      ${button({ label: "Not now", place: "predict:done", onClick: () => act("done") })}
    </section>`;
  }
  const [right, missed, extra] = TALLIES[kind];
  /** @param {"right"|"missed"|"extra"} which @param {string} text */
  const tally = (which, text) =>
    verdict[which].length || (which === "right" && kind !== "one")
      ? html`<span class="tally ${which}">${icon(which)} ${kind === "one" ? nothing : verdict[which].length} ${verdict[which].length === 1 ? text.replace("points", "point") : text}</span>`
      : nothing;
  return html`<section class="strip predict" aria-label="How your prediction went">
    <p>${tally("right", right)} ${kind === "one" ? nothing : tally("missed", missed)} ${tally("extra", extra)} <span>${outcome}</span></p>
    ${button({ label: "Again", place: "predict:again", onClick: () => act("again") })}
    ${button({ label: "Done", place: "predict:done", primary: true, onClick: () => act("done") })}
  </section>`;
}

/** @typedef {import("./explorer.js").Explorer} Explorer */

/**
 * @param {Explorer} live
 * @param {"again" | "reveal" | "done"} act
 */
export function predict(live, act) {
  const { scene, view } = live;
  if (!scene) return;
  live.player.stop();
  if (act === "done") {
    live.show({ prediction: null, playing: false });
    return live.focusLater("top:predict");
  }
  if (act === "again") {
    const { kind, start } = view.asks?.(scene) ?? {};
    live.show({ prediction: ask(kind, start), playing: false, open: null, hover: null, focus: null });
    return live.focusLater(view.predictAt(scene));
  }
  const { question, truth, near } = view.truth(scene.trace, scene);
  const prediction = reveal(live.ui.prediction ?? ask(), truth, near);
  live.show({ prediction, focus: null, hover: null });
  const rounded = prediction.drawn.map((value) => Number(value.toPrecision(3)));
  live.store.reportAnswer({
    question,
    answer: prediction.kind === "curve" ? rounded : prediction.chosen,
    correct: Boolean(prediction.verdict?.correct),
  });
  live.focusLater("predict:done");
}

/** The prediction of a view that asks before it shows anything. @param {Explorer} live */
export function begun(live) {
  const { scene, view, ui } = live;
  if (!scene) return;
  const { kind, start } = view.asks?.(scene) ?? {};
  ui.prediction = ask(kind, start);
}

/** @param {Explorer} live @param {number} thing */
export function choose(live, thing) {
  const { prediction } = live.ui;
  if (prediction) live.show({ prediction: toggle(prediction, thing) });
}

/** @param {Explorer} live @param {number} point @param {number} value */
export function bendAt(live, point, value) {
  const { prediction } = live.ui;
  if (prediction) live.show({ prediction: bend(prediction, point, value) });
}
