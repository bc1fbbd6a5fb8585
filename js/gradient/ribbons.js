/**
 * The way back: ribbons from what comes back to a word to the row it read, and the row that flies.
 */
import { nothing, svg } from "lit-html";
import { keyed } from "lit-html/directives/keyed.js";
import { signed } from "../kit/colors.js";
import { ribbonPath } from "../kit/curves.js";
import { chipY, rowY } from "./layout.js";
import { isLost } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @param {Drawing} drawing */
export function ribbons(drawing) {
  const { scene, reading, at, lit, asked, rule, step } = drawing;
  if (asked && scene.ui.own.asks === "rows") return nothing;
  const first = scene.ui.own.windows.token;
  const drawn = Array.from({ length: at.chips.count }, (_, i) => first + i).filter(reading.arrives);
  const seen = asked ? reading.N : step;
  const kind = (/** @type {number} */ n) => {
    if (n > seen) return "coming";
    if (!asked && isLost(reading, n, seen, rule)) return "bad";
    if (n === lit.n) return "hit";
    return lit.senders.includes(n) ? (lit.n < 0 ? "hit" : "same") : "";
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
function wordPath({ scene, reading, at }, n) {
  const i = reading.place(reading.ids[n]);
  const from = at.back.x + at.table.w + 4;
  const y = chipY(at, n - scene.ui.own.windows.token);
  const to = i < 0 ? at.table.y + at.table.h + 10 : rowY(at, i); // a row that is not drawn lies below
  const into = i < 0 ? "" : `H${at.labels.x + at.labels.w - 10}`; // the label's own ground hides the rest
  return ribbonPath(from, y, at.labels.x - 2, to) + into;
}

/**
 * The row of numbers that has just arrived flies from its word to its row.
 * @param {Drawing} drawing
 */
export function flight({ scene, reading, at, asked, step }) {
  const { theme, ui } = scene;
  if (asked || theme.calm || step >= reading.N || !reading.arrives(step)) return nothing;
  const i = reading.place(reading.ids[step]);
  const k = step - ui.own.windows.token;
  if (i < 0 || k < 0 || k >= at.chips.count) return nothing;
  const values = Array.prototype.slice.call(reading.back(step), ui.own.windows.col, ui.own.windows.col + at.table.cols);
  const dx = at.back.x - at.table.x;
  const dy = chipY(at, k) - rowY(at, i);
  return keyed(
    step,
    svg`<g class="flight" style="--dx:${dx}px;--dy:${dy}px">${values.map(
      (value, c) =>
        svg`<rect x=${at.table.x + c * at.table.cw} y=${at.table.y + i * at.table.rh} width=${at.table.cw - 1.5} height=${at.table.rh - 3} rx="2" fill=${theme.forced ? "Canvas" : Number.isNaN(value) ? "none" : signed(value, reading.most, theme.shade)} />`,
    )}</g>`,
  );
}
