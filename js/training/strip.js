/**
 * Strip of a run: a line for each row, a cell for each step, darker for a longer move. Cells
 * without a gradient are hatched.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { shorten } from "../kit/format.js";
import { linesWithRoom } from "../kit/scale.js";
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
    [scene.trace, at, scene.theme, d.runs.join(), d.predicting && d.s],
    () => svg`<defs>
      <pattern id="${scene.uid}-still" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="stillline" d="M0 0V6" /></pattern>
      <pattern id="${scene.uid}-glide" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="glideline" d="M0 0V4" /></pattern>
    </defs>
    ${d.runs.map((n) => runCells(d, n))}`,
  );
}

/**
 * What changes above the cells: the step, the row, and the hidden future.
 * @param {SceneFrame} d
 */
export function strips(d) {
  const { at } = d;
  return svg`<text class="head" x=${at.narrow ? 0 : at.labels} y=${at.stripHead}>${d.predicting ? "rows in each batch, given by the text" : at.width < 640 ? "displacement" : "row displacement ‖w′ − w‖; striped: moved without gradient"}</text>
    ${d.runs.map((n) => strip(d, n))}`;
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
    <rect class=${predicting ? "future" : "veil"} x=${next} y=${box.y - 2} width=${Math.max(0, box.x + box.w - next)} height=${box.h + 3} />
    <g role="grid" transform="translate(${x} 0)" aria-label="Moves of each row under ${run.title}" aria-rowcount=${V} aria-colcount=${S}>${guard([scene.trace, at, s, tabStopRow, predicting], () => column(d, n, tabStopRow))}</g>
    <path class="now" d="M${(x + next) / 2} ${box.y - 4}v${box.h + 6}" />
    <rect class="ring line ${shown ? "" : "same"}" x=${box.x - 2} y=${box.y + selected * at.pitch - 2} width=${box.w + 4} height=${at.pitch + 2.5} rx="3" />
    ${shown ? svg`<rect class="cellring" x=${x - 1} y=${box.y + selected * at.pitch - 1} width=${Math.max(4, next - x + 2)} height=${at.pitch + 0.5} rx="1.5" />` : nothing}
    ${n === d.runs[0] || at.narrow ? labels(d, n) : nothing}
    ${run.branchStep === null ? nothing : svg`<path class="turn" d="M${stepX(box, run.branchStep, S)} ${box.y - 6}v${box.h + 10}" />`}
  </g>`;
}

/**
 * The cells of this step, which can hold the keyboard; that of the row chosen is called "here". The grid moves, not they.
 * @param {SceneFrame} d
 * @param {number} n
 * @param {number} tabStopRow
 */
function column({ derived, at, s, predicting }, n, tabStopRow) {
  const run = derived.runs[n];
  const box = at.strips[n];
  const w = stepX(box, 1, derived.S) - box.x;
  return derived.order.map((row, line) => {
    const how = predicting
      ? run.hasGrad(s, row)
        ? "in the batch"
        : "not in the batch"
      : `moved ${shortNumber(run.move(s, row))}${
          run.movedWithoutGrad(s, row)
            ? " without a gradient"
            : run.hasGrad(s, row)
              ? ""
              : ", no gradient"
        }`;
    return svg`<g role="row" aria-rowindex=${line + 1}><rect class="cell hold" role="gridcell" aria-colindex=${s + 1}
      aria-label="${rowName(derived, row)}, step ${s + 1}: ${how}"
      data-place=${row === tabStopRow ? "here" : `cell:${n}:${row}`} tabindex=${row === tabStopRow ? 0 : -1}
      x="-1.5" y=${box.y + line * at.pitch - 1.5} width=${Math.max(5, w + 3)} height=${at.pitch + 1.5} rx="2" /></g>`;
  });
}

/**
 * What is given while a question is open: the rows of each batch, which the text decides and not the optimizer.
 * @param {SceneFrame} d
 * @param {number} n
 */
function batches({ derived, at, s: now }, n) {
  const { S, order, runs } = derived;
  const box = at.strips[n];
  const radius = Math.max(1, Math.min(4, at.pitch / 2 - 1, box.w / S / 2));
  /** @param {boolean} later */
  const dots = (later) => {
    let path = "";
    order.forEach((row, line) => {
      const y = box.y + (line + 0.5) * at.pitch - 1;
      for (let s = later ? now + 1 : 0; s < (later ? S : now + 1); s++)
        if (runs[n].hasGrad(s, row))
          path += `M${(stepX(box, s + 0.5, S) - radius).toFixed(1)} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
    });
    return path;
  };
  return svg`<path class="given" d=${dots(false)} /><path class="given later" d=${dots(true)} />`;
}

/**
 * The cells of a run: a few paths, made once for a trace.
 * @param {SceneFrame} d
 * @param {number} n
 */
function runCells(d, n) {
  const { scene, derived, at } = d;
  const { S, order, longestMove } = derived;
  const run = derived.runs[n];
  const box = at.strips[n];
  if (d.predicting) return batches(d, n);
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
  const size = at.narrow ? Math.min(11, at.pitch) : 11;
  const most = at.narrow ? 7 : 8;
  const chosen = [highlighted, ...pins].map((row) => derived.order.indexOf(row));
  const room = linesWithRoom([...chosen, ...derived.order.keys()], at.pitch, 10);
  return svg`<g aria-hidden="true">${derived.order.map((row, line) => {
    const word = rowName(derived, row);
    const state = row === highlighted ? "hit" : pins.includes(row) ? "pinned" : "";
    if (!room.has(line)) return nothing;
    const y = at.strips[n].y + line * at.pitch + at.pitch / 2 + size / 3 - 0.5;
    return svg`<text class="word ${state}" x=${at.labels - 8} y=${y} text-anchor="end" style="font-size:${size}px">${shorten(word, most)}</text>`;
  })}</g>`;
}
