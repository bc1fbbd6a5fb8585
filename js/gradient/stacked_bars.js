/**
 * Stacked bars: for one column, what each word adds to a row, and the sum.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { fixed } from "../kit/format.js";
import { stack } from "./layout.js";
import { selectedColumn } from "./state.js";
import { rowStateAt } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./trace.js").Derived} Derived */

/**
 * @typedef {object} Segment
 * @property {number} n      the word it comes from, or −1 for the gradient through the scores
 * @property {number} value
 * @property {boolean} overwritten  overwritten
 */

/**
 * Return the segments of a row's bar at a step.
 * @param {Derived} derived
 * @param {number} row
 * @param {number} col
 * @param {{ arrived: number[], counted: number[] }} now
 * @returns {Segment[]}
 */
export function barSegments(derived, row, col, { arrived, counted }) {
  const direct =
    derived.tied && derived.N > 1
      ? [{ n: -1, value: derived.gradFromScores(row)[col], overwritten: false }]
      : [];
  const arrivedSegments = arrived.map((n) => ({
    n,
    value: derived.gradOutput(n)[col],
    overwritten: !counted.includes(n),
  }));
  // Overwritten segments come last, drawn faint.
  return [
    ...direct,
    ...arrivedSegments.filter(({ overwritten }) => !overwritten),
    ...arrivedSegments.filter(({ overwritten }) => overwritten),
  ];
}

/** @type {WeakMap<Derived, { below: number, above: number }>} */
const extents = new WeakMap();

/**
 * Return the extent of the bars over all columns, so that the scale stays when the column changes.
 * @param {Derived} derived
 */
export function barExtent(derived) {
  const before = extents.get(derived);
  if (before) return before;
  let below = 0;
  let above = 0;
  for (const row of derived.rows) {
    const senders = derived.senders(row);
    for (let col = 0; col < derived.D; col++) {
      for (const { to } of stack(
        barSegments(derived, row, col, { arrived: senders, counted: senders }).map((p) => p.value),
      )) {
        below = Math.min(below, to);
        above = Math.max(above, to);
      }
    }
  }
  const extent = { below, above: Math.max(above, below + 1e-9) };
  extents.set(derived, extent);
  return extent;
}

/** @param {Drawing} d */
export function stackedBars({ scene, derived, at, highlight, rule, step }) {
  const col = selectedColumn(scene);
  const { below, above } = barExtent(derived);
  const { x, w, number } = at.bars;
  const scale = (/** @type {number} */ value) =>
    Math.round((x + ((value - below) / (above - below)) * w) * 10) / 10;
  const zero = scale(0);
  const whole = step >= derived.N;
  return svg`<g class="piles" aria-hidden="true">
    <path class="zero" d="M${zero} ${at.table.y - 3}v${at.table.h + 4.5}" />
    ${derived.rows.map((row, i) =>
      guard([scene.trace, step, rule, col, at, highlight.row === row], () => {
        const now = rowStateAt(derived, row, step, rule);
        if (!now.any) return nothing;
        const y = at.table.y + i * at.table.rh;
        const h = at.table.rh - 1.5;
        const lying = barSegments(derived, row, col, now);
        const net = now.values[col];
        const places = stack(lying.map((piece) => piece.value));
        const many = lying.length > 1;
        return svg`<g class="pile ${highlight.row === row ? "hit" : ""}">
        ${lying.map((piece, k) => {
          const a = scale(Math.min(places[k].from, places[k].to));
          const b = scale(Math.max(places[k].from, places[k].to));
          const kind = `${piece.value < 0 ? "neg" : "pos"} ${piece.overwritten ? "lost" : ""} ${piece.n < 0 ? "scores" : ""} ${piece.n === step && !whole ? "new" : ""}`;
          return svg`<rect class="piece ${kind}" x=${a + 0.5} y=${y + 2} width=${Math.max(0.5, b - a - 1)} height=${h - 4} rx="1.5" />`;
        })}
        ${
          Number.isFinite(net)
            ? svg`<rect class="net ${net < 0 ? "neg" : "pos"} ${whole && many ? "merged" : ""}" x=${Math.min(zero, scale(net))} y=${y + h / 2 - 2.5} width=${Math.max(1, Math.abs(scale(net) - zero))} height="5" rx="1" style="transform-origin:${zero}px 0"
              /><path class="tip" d="M${scale(net)} ${y + 0.5}v${h - 1}" />`
            : nothing
        }
        <text class="num ${highlight.row === row ? "hit" : ""}" x=${number} y=${y + h / 2 + 4} text-anchor="end">${fixed(net)}</text>
      </g>`;
      }),
    )}
  </g>`;
}
