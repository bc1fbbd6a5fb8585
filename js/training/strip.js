/**
 * Strip of a run: a line for each row, a cell for each step, darker for a longer move. Cells
 * without a gradient are hatched.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { SHADES, addLine, shadeOf } from "./cells.js";
import { stepX } from "./layout.js";
import { shortNumber } from "./number_format.js";
import { rowName, selectedRun } from "./state.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */

/**
 * The cells of all runs, on a layer of their own: they change with the trace alone.
 * @param {SceneFrame} d
 */
export function stripCells(d) {
  const { scene, at } = d;
  return guard(
    [scene.trace, at, scene.theme],
    () => svg`<defs>
      <pattern id="${scene.uid}-still" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="stillline" d="M0 0V6" /></pattern>
      <pattern id="${scene.uid}-glide" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="glideline" d="M0 0V4" /></pattern>
    </defs>
    ${d.derived.runs.map((_, n) => runCells(d, n))}`,
  );
}

/**
 * What changes above the cells: the step, the row, and the hidden future.
 * @param {SceneFrame} d
 */
export function strips(d) {
  const { at, derived } = d;
  return svg`<text class="head" x=${at.narrow ? 0 : at.labels} y=${at.stripHead}>${at.narrow ? "displacement; striped: zero gradient" : "row displacement ‖w′ − w‖; striped: moved without gradient"}</text>
    ${derived.runs.map((_, n) => strip(d, n))} ${key(d)}`;
}

/** @param {SceneFrame} d @param {number} n */
function strip(d, n) {
  const { scene, derived, at, s, predicting } = d;
  const { V, S, order } = derived;
  const box = at.strips[n];
  const run = derived.runs[n];
  const x = stepX(box, s, S);
  const next = stepX(box, s + 1, S);
  const selected = order.indexOf(d.row);
  const shown = d.n === n;
  const tabStopRow = selectedRun(scene) === n ? scene.ui.local.row : -1; // it holds the tab stop, whatever is hovered
  return svg`<g>
    ${at.narrow && derived.runs.length > 1 ? svg`<text class="sub" x=${at.labels} y=${box.y - 5}>${run.title}</text>` : nothing}
    <rect class=${predicting ? "hide" : "veil"} x=${next} y=${box.y - 2} width=${Math.max(0, box.x + box.w - next)} height=${box.h + 3} />
    <g role="grid" transform="translate(${x} 0)" aria-label="Moves of each row under ${run.title}" aria-rowcount=${V} aria-colcount=${S}>${guard([scene.trace, at, s, tabStopRow], () => column(d, n, tabStopRow))}</g>
    <path class="now" d="M${(x + next) / 2} ${box.y - 4}v${box.h + 6}" />
    <rect class="ring line ${shown ? "" : "same"}" x=${box.x - 2} y=${box.y + selected * at.pitch - 2} width=${box.w + 4} height=${at.pitch + 2.5} rx="3" />
    ${shown ? svg`<rect class="cellring" x=${x - 1} y=${box.y + selected * at.pitch - 1} width=${Math.max(4, next - x + 2)} height=${at.pitch + 0.5} rx="1.5" />` : nothing}
    ${n === 0 || at.narrow ? labels(d, n) : nothing}
    ${run.branchStep === null ? nothing : svg`<path class="turn" d="M${stepX(box, run.branchStep, S)} ${box.y - 6}v${box.h + 10}" />`}
  </g>`;
}

/**
 * The cells of this step, which can hold the keyboard; that of the row chosen is called "here". The grid moves, not they.
 * @param {SceneFrame} d
 * @param {number} n
 * @param {number} tabStopRow
 */
function column({ derived, at, s }, n, tabStopRow) {
  const run = derived.runs[n];
  const box = at.strips[n];
  const w = stepX(box, 1, derived.S) - box.x;
  return derived.order.map((row, line) => {
    const how = run.movedWithoutGrad(s, row)
      ? " without a gradient"
      : run.hasGrad(s, row)
        ? ""
        : ", no gradient";
    return svg`<g role="row" aria-rowindex=${line + 1}><rect class="cell hold" role="gridcell" aria-colindex=${s + 1}
      aria-label="${rowName(derived, row)}, step ${s + 1}: moved ${shortNumber(run.move(s, row))}${how}"
      data-place=${row === tabStopRow ? "here" : `cell:${n}:${row}`} tabindex=${row === tabStopRow ? 0 : -1}
      x="-1.5" y=${box.y + line * at.pitch - 1.5} width=${Math.max(5, w + 3)} height=${at.pitch + 1.5} rx="2" /></g>`;
  });
}

/**
 * The cells of a run: a few paths, made once for a trace.
 * @param {SceneFrame} d
 * @param {number} n
 */
function runCells({ scene, derived, at }, n) {
  const { S, order, longestMove } = derived;
  const run = derived.runs[n];
  const box = at.strips[n];
  /** @type {Map<number, string>} */
  const moved = new Map();
  /** @type {Map<number, string>} */
  const hatched = new Map();
  order.forEach((row, line) => {
    const place = { x: box.x, y: box.y + line * at.pitch, w: box.w, h: at.pitch - 2 };
    addLine(
      S,
      (s) => shadeOf(run.move(s, row), longestMove) * (run.hasGrad(s, row) ? 1 : -1),
      place,
      moved,
    );
    addLine(
      S,
      (s) => (run.movedWithoutGrad(s, row) ? 2 : run.hasGrad(s, row) ? 0 : 1),
      place,
      hatched,
    );
  });
  return svg`${order.map((_, line) => svg`<rect class="bed" x=${box.x} y=${box.y + line * at.pitch} width=${box.w} height=${at.pitch - 2} />`)}
    ${[...moved].map(([level, d]) => svg`<path class=${level < 0 ? "moved alone" : "moved"} d=${d} opacity=${opacityOf(level)} />`)}
    <path d=${hatched.get(1) ?? ""} fill="url(#${scene.uid}-still)" />
    <path d=${hatched.get(2) ?? ""} fill="url(#${scene.uid}-glide)" />`;
}

/** @param {number} level  below 0: without a gradient */
const opacityOf = (level) => Math.round((0.1 + (0.9 * Math.abs(level)) / SHADES) * 100) / 100;

/** @param {SceneFrame} d @param {number} n */
function labels({ scene, derived, at, row: highlighted }, n) {
  const { pins } = scene.ui.local;
  const size = Math.min(11, at.pitch);
  const most = at.narrow ? 7 : 9;
  return svg`<g aria-hidden="true">${derived.order.map((row, line) => {
    const word = rowName(derived, row);
    const state = row === highlighted ? "hit" : pins.includes(row) ? "pinned" : "";
    const y = at.strips[n].y + line * at.pitch + at.pitch / 2 + size / 3 - 0.5;
    return svg`<text class="word ${state}" x=${at.labels - 8} y=${y} text-anchor="end" style="font-size:${size}px">${word.length > most ? `${word.slice(0, most - 1)}…` : word}</text>`;
  })}</g>`;
}

/** Key of the shades, at the right end of the heading. @param {SceneFrame} d */
function key({ derived, at }) {
  if (at.narrow || at.width < 600) return nothing;
  const w = 64;
  const x = at.width - w - 44;
  const y = at.stripHead - 8;
  return svg`<g aria-hidden="true"><text x=${x - 5} y=${y + 8} text-anchor="end">0</text>
    ${Array.from({ length: SHADES }, (_, i) => svg`<rect class="moved" x=${x + (i * w) / SHADES} y=${y} width=${w / SHADES} height="9" opacity=${opacityOf(i + 1)} />`)}
    <text x=${x + w + 5} y=${y + 8}>${shortNumber(derived.longestMove)}</text></g>`;
}
