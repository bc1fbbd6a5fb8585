/**
 * Stacked bars: for one column, what each word adds to a row, and the sum.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { fixed } from "../kit/format.js";
import { linesWithRoom } from "../kit/scale.js";
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

/** The kinds of segments, in the order in which they are drawn: overwritten ones lie on top. */
const KINDS = ["pos scores", "neg scores", "pos", "neg", "pos new", "neg new", "lost"];

/**
 * The bars of all rows. Marks that look alike are one path, so that another column changes a few
 * paths and the numbers, not an element for each segment.
 * @param {Drawing} d
 */
export function stackedBars({ scene, derived, at, highlight, rule, step }) {
  const col = selectedColumn(scene);
  return svg`<g class="piles" aria-hidden="true">${guard(
    [scene.trace, step, rule, col, at, highlight.row],
    () => bars(derived, at, { col, rule, step, hit: highlight.row }),
  )}</g>`;
}

/**
 * @param {Derived} derived
 * @param {import("./layout.js").Layout} at
 * @param {{ col: number, rule: import("./trace.js").Rule, step: number, hit: number }} what
 */
function bars(derived, at, { col, rule, step, hit }) {
  const { below, above } = barExtent(derived);
  const { x, w, number } = at.bars;
  const scale = (/** @type {number} */ value) =>
    Math.round((x + ((value - below) / (above - below)) * w) * 10) / 10;
  const zero = scale(0);
  const whole = step >= derived.N;
  const h = at.table.rh - 1.5;
  /** @type {Record<string, string>} the paths of the segments and of the sums, by kind */
  const pieces = Object.fromEntries(KINDS.map((kind) => [kind, ""]));
  /** @type {Record<string, string>} */
  const nets = { pos: "", neg: "", "pos merged": "", "neg merged": "" };
  let tips = "";
  const states = derived.rows.map((row) => rowStateAt(derived, row, step, rule));
  const lines = derived.rows.map((_, i) => i).filter((i) => states[i].any);
  const room = linesWithRoom(
    lines.sort((i, j) => Number(derived.rows[j] === hit) - Number(derived.rows[i] === hit)),
    at.table.rh,
  );
  const numbers = derived.rows.map((row, i) => {
    const now = states[i];
    if (!now.any) return nothing;
    const y = at.table.y + i * at.table.rh;
    const lying = barSegments(derived, row, col, now);
    const net = now.values[col];
    stack(lying.map((piece) => piece.value)).forEach(({ from, to }, k) => {
      const { n, value, overwritten } = lying[k];
      const a = scale(Math.min(from, to));
      const b = scale(Math.max(from, to));
      const kind = n < 0 ? " scores" : n === step && !whole ? " new" : "";
      pieces[overwritten ? "lost" : (value < 0 ? "neg" : "pos") + kind] += rounded(
        a + 0.5,
        y + 2,
        Math.max(0.5, b - a - 1),
        h - 4,
        1.5,
      );
    });
    if (Number.isFinite(net)) {
      const end = scale(net);
      nets[(net < 0 ? "neg" : "pos") + (whole && lying.length > 1 ? " merged" : "")] += rounded(
        Math.min(zero, end),
        y + h / 2 - 2.5,
        Math.max(1, Math.abs(end - zero)),
        5,
        1,
      );
      tips += `M${end} ${y + 0.5}v${h - 1}`;
    }
    if (!room.has(i)) return nothing;
    return svg`<text class="num ${row === hit ? "hit" : ""}" x=${number} y=${y + h / 2 + 4} text-anchor="end">${fixed(net)}</text>`;
  });
  return svg`<path class="zero" d="M${zero} ${at.table.y - 3}v${at.table.h + 4.5}" />
    ${KINDS.map((kind) => svg`<path class="piece ${kind}" d=${pieces[kind]} />`)}
    ${["pos", "neg"].map((sign) => svg`<path class="net ${sign}" d=${nets[sign]} />`)}
    ${whole ? ["pos", "neg"].map((sign) => svg`<path class="net ${sign} merged" d=${nets[`${sign} merged`]} style="transform-origin:${zero}px 0" />`) : nothing}
    <path class="tip" d=${tips} />${numbers}`;
}

/**
 * Return the path of a rectangle with rounded corners, drawn as SVG draws a `rect`.
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 * @param {number} r
 */
function rounded(x, y, w, h, r) {
  const rx = Math.min(r, w / 2);
  const ry = Math.min(r, h / 2);
  const corner = (/** @type {number} */ dx, /** @type {number} */ dy) =>
    `a${rx} ${ry} 0 0 1 ${dx} ${dy}`;
  return `M${x + rx} ${y}h${w - 2 * rx}${corner(rx, ry)}v${h - 2 * ry}${corner(-rx, ry)}h${2 * rx - w}${corner(-rx, -ry)}v${2 * ry - h}${corner(rx, -ry)}z`;
}
