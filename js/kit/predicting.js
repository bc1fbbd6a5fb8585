/**
 * What the acts of a prediction do to an explorer: ask, answer, reveal, and go back.
 */
import { ask, bend, reveal, toggle } from "./predict.js";

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
