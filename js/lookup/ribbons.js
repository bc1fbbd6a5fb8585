/**
 * The ribbons of a lookup: from a word to its row, and from the row to the output.
 */
import { nothing, svg } from "lit-html";
import { ribbonPath } from "../kit/curves.js";
import { chipY, mapY, rowY } from "./layout.js";

/** @param {import("./figure.js").Drawing} drawing */
export function ribbons(drawing) {
  const { scene, reading, at, lit, asked, hot } = drawing;
  if (asked) return nothing;
  const first = scene.ui.own.windows.token;
  const drawn = Array.from({ length: at.chips.count }, (_, i) => first + i);
  if (hot && lit.n >= 0 && reading.rows[lit.n] >= 0) return fan(drawing);
  const back = drawn.filter((n) => !lit.tokens.includes(n));
  const same = drawn.filter((n) => lit.tokens.includes(n) && n !== lit.n);
  const path = (/** @type {number} */ n) => tokenPath(drawing, n);
  return svg`<g class="ribbons" aria-hidden="true">
    <path class="ribbon" d=${back
      .filter((n) => !reading.bad(n))
      .map(path)
      .join("")} />
    <path class="ribbon bad" d=${back.filter(reading.bad).map(path).join("")} />
    <path class="ribbon ${lit.n < 0 ? "hit" : "same"}" d=${same.map(path).join("")} />
    ${
      lit.n >= 0 && drawn.includes(lit.n)
        ? svg`<path class="ribbon hit ${reading.bad(lit.n) ? "bad" : ""}" d=${path(lit.n)} />`
        : nothing
    }
  </g>`;
}

/**
 * Word → row → output row, as far as there is one.
 * @param {import("./figure.js").Drawing} drawing
 * @param {number} n
 */
function tokenPath({ scene, reading, at }, n) {
  const { token, row: row0 } = scene.ui.own.windows;
  const row = reading.rows[n];
  const from = at.chips.x + at.chips.w;
  const y = chipY(at, n - token);
  const outX = at.out.x - 5;
  const right = at.table.x + at.table.w + 5;
  const answered = !reading.refused;
  if (row < 0) {
    const end = at.table.y + at.table.h + 12;
    const stop = ribbonPath(from, y, at.table.x - 4, end);
    return answered ? stop + ribbonPath(right, end, outX, y) : stop; // a row of zeros or NaN comes from the fence
  }
  const i = row - row0;
  const toLabel = `H${at.labels.x + at.labels.w - 10}`; // the label's own ground hides the rest
  const seen = i >= 0 && i < at.table.rows;
  const out = answered && seen ? ribbonPath(right, rowY(at, i), outX, y) : "";
  if (!at.map) return ribbonPath(from, y, at.labels.x - 2, rowY(at, i)) + toLabel + out;
  const tick = mapY(at, row, reading.V);
  const into = ribbonPath(from, y, at.map.x - 1, tick);
  return seen
    ? into + ribbonPath(at.map.x + at.map.w + 4, tick, at.labels.x - 2, rowY(at, i)) + toLabel + out
    : into;
}

/**
 * The one-hot way: one word meets every row, and every row goes into the sum.
 * @param {import("./figure.js").Drawing} drawing
 */
function fan({ scene, reading, at, lit }) {
  const { token, row: row0 } = scene.ui.own.windows;
  const from = at.chips.x + at.chips.w;
  const y = chipY(at, lit.n - token);
  const outX = at.out.x - 5;
  const right = at.table.x + at.table.w + 5;
  const into = at.labels.x - 2;
  const toLabel = `H${at.labels.x + at.labels.w - 10}`;
  let zeros = "";
  let one = "";
  for (let i = 0; i < Math.min(at.table.rows, reading.V); i++) {
    const path =
      ribbonPath(from, y, into, rowY(at, i)) +
      toLabel +
      (reading.refused ? "" : ribbonPath(right, rowY(at, i), outX, y));
    if (row0 + i === reading.rows[lit.n]) one = path;
    else zeros += path;
  }
  return svg`<g class="ribbons" aria-hidden="true"><path class="ribbon zero" d=${zeros} /><path class="ribbon hit" d=${one} /></g>`;
}
