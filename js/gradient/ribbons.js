/**
 * Ribbons of the gradient figure: from the upstream gradient of a word to the row it read, and the
 * row in flight.
 */
import { nothing, svg } from "lit-html";
import { keyed } from "lit-html/directives/keyed.js";
import { divergingColor } from "../kit/colors.js";
import { ribbonPath } from "../kit/curves.js";
import { chipY, rowY } from "./layout.js";
import { isOverwritten } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} drawing */
export function ribbons(drawing) {
  const { scene, derived, at, highlight, predicting, rule, step } = drawing;
  if (predicting && scene.ui.local.asks === "rows") return nothing;
  const first = scene.ui.local.windows.token;
  const drawn = Array.from({ length: at.chips.count }, (_, i) => first + i).filter(
    derived.hasGradient,
  );
  const shownStep = predicting ? derived.N : step;
  const kind = (/** @type {number} */ n) => {
    if (n > shownStep) return "coming";
    if (!predicting && isOverwritten(derived, n, shownStep, rule)) return "bad";
    if (n === highlight.n) return "hit";
    return highlight.senders.includes(n) ? (highlight.n < 0 ? "hit" : "same") : "";
  };
  const path = (/** @type {number} */ n) => wordPath(drawing, n);
  return svg`<g class="ribbons">${["coming", "", "same", "bad", "hit"].map(
    (name) =>
      svg`<path class="ribbon ${name}" d=${drawn
        .filter((n) => kind(n) === name)
        .map(path)
        .join("")} />`,
  )}</g>`;
}

/** @param {Drawing} drawing @param {number} n */
function wordPath({ scene, derived, at }, n) {
  const i = derived.rowIndex(derived.ids[n]);
  const from = at.gradOutput.x + at.table.w + 4;
  const y = chipY(at, n - scene.ui.local.windows.token);
  const to = i < 0 ? at.table.y + at.table.h + 10 : rowY(at, i); // a row that is not drawn lies below the table
  const into = i < 0 ? "" : `H${at.labels.x + at.labels.w - 10}`; // the label's background hides the rest
  return ribbonPath(from, y, at.labels.x - 2, to) + into;
}

/**
 * Animation of the gradient that has just arrived, from its word to its row.
 * @param {Drawing} drawing
 */
export function arrivingRow({ scene, derived, at, predicting, step }) {
  const { theme, ui } = scene;
  if (predicting || theme.reducedMotion || step >= derived.N || !derived.hasGradient(step))
    return nothing;
  const i = derived.rowIndex(derived.ids[step]);
  const k = step - ui.local.windows.token;
  if (i < 0 || k < 0 || k >= at.chips.count) return nothing;
  const values = Array.prototype.slice.call(
    derived.gradOutput(step),
    ui.local.windows.col,
    ui.local.windows.col + at.table.cols,
  );
  const dx = at.gradOutput.x - at.table.x;
  const dy = chipY(at, k) - rowY(at, i);
  return keyed(
    step,
    svg`<g class="flight" style="--dx:${dx}px;--dy:${dy}px">${values.map(
      (value, c) =>
        svg`<rect x=${at.table.x + c * at.table.cw} y=${at.table.y + i * at.table.rh} width=${at.table.cw - 1.5} height=${at.table.rh - 3} rx="2" fill=${theme.forcedColors ? "Canvas" : Number.isNaN(value) ? "none" : divergingColor(value, derived.vmax, theme.scheme)} />`,
    )}</g>`,
  );
}
