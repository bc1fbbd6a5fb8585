/**
 * Ribbons of the lookup figure: from a word to its row, and from the row to the output.
 */
import { nothing, svg } from "lit-html";
import { ribbonPath } from "../kit/curves.js";
import { chipY, mapY, rowY } from "./layout.js";

/** @param {import("./figure.js").Drawing} drawing */
export function ribbons(drawing) {
  const { scene, derived, at, highlight, predicting, oneHot } = drawing;
  if (predicting) return nothing;
  const first = scene.ui.local.windows.token;
  const drawn = Array.from({ length: at.chips.count }, (_, i) => first + i);
  if (oneHot && highlight.n >= 0 && derived.rows[highlight.n] >= 0) return fan(drawing);
  const back = drawn.filter((n) => !highlight.tokens.includes(n));
  const same = drawn.filter((n) => highlight.tokens.includes(n) && n !== highlight.n);
  const path = (/** @type {number} */ n) => tokenPath(drawing, n);
  return svg`<g class="ribbons" aria-hidden="true">
    <path class="ribbon" d=${back
      .filter((n) => !derived.outOfRange(n))
      .map(path)
      .join("")} />
    <path class="ribbon bad" d=${back.filter(derived.outOfRange).map(path).join("")} />
    <path class="ribbon ${highlight.n < 0 ? "hit" : "same"}" d=${same.map(path).join("")} />
    ${
      highlight.n >= 0 && drawn.includes(highlight.n)
        ? svg`<path class="ribbon hit ${derived.outOfRange(highlight.n) ? "bad" : ""}" d=${path(highlight.n)} />`
        : nothing
    }
  </g>`;
}

/**
 * Word → row → output row, as far as there is one.
 * @param {import("./figure.js").Drawing} drawing
 * @param {number} n
 */
function tokenPath({ scene, derived, at }, n) {
  const { token, row: row0 } = scene.ui.local.windows;
  const row = derived.rows[n];
  const from = at.chips.x + at.chips.w;
  const y = chipY(at, n - token);
  const outX = at.out.x - 5;
  const right = at.table.x + at.table.w + 5;
  const answered = !derived.error;
  if (row < 0) {
    const end = at.table.y + at.table.h + 12;
    const stop = ribbonPath(from, y, at.table.x - 4, end);
    return answered ? stop + ribbonPath(right, end, outX, y) : stop; // a row of zeros or NaN comes from below the table
  }
  const i = row - row0;
  const toLabel = `H${at.labels.x + at.labels.w - 10}`; // the label's background hides the rest
  const isDrawn = i >= 0 && i < at.table.rows;
  const out = answered && isDrawn ? ribbonPath(right, rowY(at, i), outX, y) : "";
  if (!at.map) return ribbonPath(from, y, at.labels.x - 2, rowY(at, i)) + toLabel + out;
  const tick = mapY(at, row, derived.V);
  const into = ribbonPath(from, y, at.map.x - 1, tick);
  return isDrawn
    ? into + ribbonPath(at.map.x + at.map.w + 4, tick, at.labels.x - 2, rowY(at, i)) + toLabel + out
    : into;
}

/**
 * One-hot matmul: one word is multiplied with every row, and every row enters the sum.
 * @param {import("./figure.js").Drawing} drawing
 */
function fan({ scene, derived, at, highlight }) {
  const { token, row: row0 } = scene.ui.local.windows;
  const from = at.chips.x + at.chips.w;
  const y = chipY(at, highlight.n - token);
  const outX = at.out.x - 5;
  const right = at.table.x + at.table.w + 5;
  const into = at.labels.x - 2;
  const toLabel = `H${at.labels.x + at.labels.w - 10}`;
  let zeros = "";
  let one = "";
  for (let i = 0; i < Math.min(at.table.rows, derived.V); i++) {
    const path =
      ribbonPath(from, y, into, rowY(at, i)) +
      toLabel +
      (derived.error ? "" : ribbonPath(right, rowY(at, i), outX, y));
    if (row0 + i === derived.rows[highlight.n]) one = path;
    else zeros += path;
  }
  return svg`<g class="ribbons" aria-hidden="true"><path class="ribbon zero" d=${zeros} /><path class="ribbon hit" d=${one} /></g>`;
}
