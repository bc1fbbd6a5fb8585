/**
 * The equation W + α/r · A · B = W′ as a figure; the edges of A and B change the rank.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { fixed } from "../kit/format.js";
import { heatmapRow, marksPaths, signMarks } from "../kit/heatmap.js";
import { edges } from "./layout.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./layout.js").Box} Box */

/**
 * One matrix as a grid of cells.
 * @param {Drawing} d
 * @param {{ part: string, name: string, box: Box, count: number, row: (i: number) => ArrayLike<number>, vmax: number,
 *   columns: number, number: (i: number) => number, faded?: boolean, cw?: number, rh?: number }} spec
 */
export function grid({ scene, derived, spot }, spec) {
  const { part, name, box, count, row, vmax, columns, number, faded, cw, rh } = spec;
  const stop = scene.ui.focus?.part === part ? scene.ui.focus : { i: 0, k: 0, c: 0 };
  const rowStop = part === "b" ? stop.k : stop.i;
  const colStop = part === "a" ? stop.k : stop.c;
  const drawn = Array.from({ length: count }, (_, i) =>
    Array.prototype.slice.call(row(i), 0, columns),
  );
  const size = { cw: /** @type {number} */ (cw), ch: /** @type {number} */ (rh) - 1.5 };
  const lines = drawn.map((values, i) => {
    const at = rowStop === i ? Math.min(colStop ?? 0, columns - 1) : -1;
    const word = part === "b" ? "" : derived.words[i];
    // Keyed by content: while it plays, only rows that changed are rendered again.
    return guard([...values, vmax, word, box.x, box.y, cw, rh, at, scene.theme], () =>
      heatmapRow({
        values,
        col0: 0,
        x: box.x,
        y: box.y + i * /** @type {number} */ (rh),
        ...size,
        vmax,
        marked: false,
        theme: scene.theme,
        label: (col, value) => `${name}[${number(i)}, ${col}] = ${value}`,
        place: (col) => `${part}:${i}:${col}`,
        stop: at,
        rowIndex: i + 1,
        name:
          part === "b" ? `row ${i} of B` : `${name}, row ${number(i)}${word ? `, ${word}` : ""}`,
      }),
    );
  });
  // Two paths for the marks of all rows: two for each would be 144 more things to lay out at each step.
  const marks = guard([...drawn.flat(), columns, vmax, box.x, box.y, cw, rh, scene.theme], () =>
    marksPaths(
      drawn.map((values, i) =>
        signMarks(values, {
          ...size,
          x: box.x,
          y: box.y + i * /** @type {number} */ (rh),
          vmax,
          bySize: scene.theme.forcedColors,
        }),
      ),
    ),
  );
  return svg`<g role="grid" class=${faded ? "later" : ""} aria-label=${name} aria-rowcount=${count} aria-colcount=${columns}
    data-lit=${spot?.part === part ? "yes" : nothing}>${lines}${marks}</g>`;
}

/** @param {Drawing} d */
const sameOf = ({ at, derived }) => ({
  cw: at.cw,
  rh: at.rh,
  number: (/** @type {number} */ i) => derived.rows[i],
  count: derived.n,
});

/** The table, which no step changes. @param {Drawing} d */
export function table(d) {
  const { derived, moment, at, merged } = d;
  return grid(d, {
    part: "w",
    name: "W",
    box: at.w,
    row: merged ? moment.after : derived.table,
    vmax: derived.vmax,
    columns: at.cols,
    ...sameOf(d),
  });
}

/** What is added to the table, and the sum. @param {Drawing} d */
export function equation(d) {
  const { derived, moment, at, merged } = d;
  const { cols } = at;
  const same = sameOf(d);
  return svg`
    ${unusedRanks(d)}
    ${grid(d, { part: "a", name: "A", box: at.a, row: moment.a, vmax: moment.vmaxA, columns: moment.r, faded: merged, ...same })}
    ${grid(d, { part: "b", name: "B", box: at.b, row: moment.b, vmax: moment.vmaxB, columns: cols, ...same, number: (k) => k, count: moment.r, faded: merged })}
    ${grid(d, { part: "m", name: "W′", box: at.m, row: moment.after, vmax: derived.vmax, columns: cols, ...same })}
    ${signs(d)}`;
}

/** Faint boxes for the ranks that are not used. @param {Drawing} d */
function unusedRanks({ at, moment, merged }) {
  if (merged) return nothing;
  const { a, b } = at;
  const { x, y } = edges(at, moment.r);
  return svg`<g class="room" aria-hidden="true">
    <rect x=${x} y=${a.y} width=${Math.max(0, a.x + a.w - x - 1.5)} height=${a.h - 1.5} rx="3" />
    <rect x=${b.x} y=${y} width=${b.w - 1.5} height=${Math.max(0, b.y + b.h - y - 1.5)} rx="3" /></g>`;
}

/** @param {Drawing} d */
function signs({ at, moment, merged, scene }) {
  const { signs: s } = at;
  const divided = scene.params.scaling === "rslora" ? "α/√r" : "α/r";
  if (merged)
    return svg`<g class="ops"><text x=${s.plus + 6} y=${s.y} text-anchor="middle">merged<tspan class="sub" x=${s.plus + 6} dy="14">no A, no B</tspan></text>
      <text x=${s.equals} y=${s.y} text-anchor="middle">=</text></g>`;
  return svg`<g class="ops"><text x=${s.plus} y=${s.y} text-anchor="middle">+ ${fixed(moment.scale)} ·<tspan class="sub" x=${s.plus} dy="14">${divided}</tspan></text>
    <text x=${s.dot} y=${s.y} text-anchor="middle">·</text><text x=${s.equals} y=${s.y} text-anchor="middle">=</text></g>`;
}

/** @param {Drawing} d */
export function headings({ at, derived, moment, merged }) {
  const { V, D, n } = derived;
  const drawn = `${n < V ? `${n} of ${V}` : V} × ${at.cols < D ? `${at.cols} of ${D}` : D}`;
  /** @param {number} x @param {string} name @param {string} small */
  const head = (x, name, small) =>
    svg`<text class="head" x=${x} y="12">${name}<tspan class="sub" x=${x} dy="15">${small}</tspan></text>`;
  return svg`${head(at.w.x, merged ? "W, merged" : "W", at.narrow ? `${V} × ${D}` : drawn)}
    <g class=${merged ? "later" : ""}>${head(at.a.x, "A", `${V} × ${moment.r}`)} ${head(at.b.x, "B", `${moment.r} × ${D}`)}</g> ${head(at.m.x, "W′", at.narrow ? "" : `step ${moment.step}`)}`;
}

/** The two edges that are dragged; each is a slider. @param {Drawing} d */
export function handles({ at, moment, derived, merged, predicting }) {
  if (merged) return nothing;
  const { a, b } = at;
  const { x, y } = edges(at, moment.r);
  /** @param {"a" | "b"} part @param {string} name @param {unknown} body */
  const slider = (part, name, body) =>
    svg`<g class="edge edge-${part}" role="slider" tabindex="0" data-place="edge:${part}" aria-label=${name} aria-orientation=${part === "a" ? "horizontal" : "vertical"}
      aria-valuemin="1" aria-valuemax=${derived.K} aria-valuenow=${moment.r} aria-valuetext="rank ${moment.r} of ${derived.K}">${body}</g>`;
  const middle = a.y + a.h / 2;
  return svg`${slider(
    "a",
    "Right edge of A",
    svg`<rect class="grip" x=${x - 8} y=${a.y - 6} width="17" height=${a.h + 12} /><path d="M${x + 0.5} ${a.y - 4}v${a.h + 6.5}" />
      ${predicting || moment.r === derived.K ? nothing : svg`<path class="arrow" d="M${x + 6} ${middle}h9m-4 -4l4 4l-4 4" />`}`,
  )}
  ${slider("b", "Lower edge of B", svg`<rect class="grip" x=${b.x - 4} y=${y - 8} width=${b.w + 8} height="17" /><path d="M${b.x - 3} ${y + 0.5}h${b.w + 4.5}" />`)}`;
}
