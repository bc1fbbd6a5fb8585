/**
 * The figure of a lookup: words on the left, the table in the middle, the output on the right, and
 * ribbons that join what is the same thing.
 */
import { html, nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { heatRow } from "../kit/heat.js";
import { signed } from "../kit/colors.js";
import { fixed, listing, shape, whole } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { chipY, mapY, rowY } from "./geometry.js";
import { ribbons } from "./paths.js";
import { litBy, readingOf } from "./reading.js";
import { layoutOf, spotOf } from "./state.js";
import { editor, pointer } from "./touch.js";

/** @typedef {import("../kit/explorer.js").Scene} Scene */
/** @typedef {import("./geometry.js").Layout} Layout */
/** @typedef {import("./reading.js").Reading} Reading */
/** @typedef {import("./reading.js").Lit} Lit */
/** @typedef {{ scene: Scene, reading: Reading, at: Layout, lit: Lit, asked: boolean, hot: boolean }} Drawing */

/** @param {Scene} scene */
export function figure(scene) {
  const reading = readingOf(scene.trace);
  const at = layoutOf(scene, reading);
  const asked = scene.ui.prediction?.phase === "open";
  const calm = scene.ui.prediction && !scene.ui.hover && !scene.ui.focus; // revealed: its marks speak alone
  const lit = litBy(reading, asked || calm ? null : spotOf(scene));
  const hot = scene.params.way === "one-hot";
  /** @type {Drawing} */
  const drawing = { scene, reading, at, lit, asked, hot };
  const on = pointer(scene, reading, at);
  return html`<div
    class="stage ${asked ? "asked" : ""} ${scene.ui.playing ? "playing" : ""}"
    role="group"
    aria-label=${scene.trace.header.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerleave=${on.leave}
    @click=${on.click}
    @dblclick=${on.edit}
  >
    ${chips(drawing)} ${labels(drawing)}
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(drawing)} ${tableGrid(drawing)} ${asked ? veil(drawing) : outputGrid(drawing)}
      ${rest(drawing)} ${map(drawing)} ${fence(drawing)} ${scale(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${ribbons(drawing)} ${hotColumn(drawing)} ${rings(drawing)}
    </svg>
    ${verdicts(drawing)} ${editor(scene, at)}
  </div>`;
}

/** @param {Drawing} d */
function headings({ at, reading, scene, asked }) {
  const { N, V, D } = reading;
  const own = scene.ui.own.windows;
  /** @param {number} x @param {string} name @param {string} small @param {boolean} [end] */
  const head = (x, name, small, end) => svg`<text class="head" x=${x} y="12" text-anchor=${end ? "end" : "start"}
    >${name}<tspan class="sub" x=${x} dy="15">${small}</tspan></text>`;
  const far = at.out.x + 92 > at.width;
  const { rows, cols } = at.table;
  const seen = rows < V ? `${at.narrow ? "" : "rows "}${own.row}–${own.row + rows - 1} of ${V}` : `V × D = ${V} × ${D}`;
  const wide = cols < D ? `${at.narrow ? "cols" : "columns"} ${own.col}–${own.col + cols - 1} of ${D}` : `N × D = ${whole(reading.total)} × ${D}`;
  return svg`${head(at.chips.x, at.narrow ? "words" : "words → ids", N > at.chips.count && N ? `${own.token + 1}–${own.token + at.chips.count} of ${whole(reading.total)}` : `N = ${whole(N)}`)}
    ${head(at.table.x, at.narrow ? "table" : "table W", seen)}
    ${head(far ? at.width : at.out.x, "output", asked ? "hidden" : reading.refused ? "none" : wide, far)}`;
}

/** @param {Drawing} d */
function chips({ scene, reading, at, lit, asked }) {
  const { N, tokens, ids } = reading;
  const first = scene.ui.own.windows.token;
  const stop = clampTo(lit.n >= 0 ? lit.n : scene.ui.step, first, at.chips.count);
  const { x, w, h } = at.chips;
  if (!N) return html`<p class="none" style="left:${x}px;width:${w}px;top:${at.body.y + at.body.h / 2 - 20}px">no words yet</p>`;
  return html`<div role="listbox" aria-label="Words and their ids" class="chips">
    ${Array.from({ length: at.chips.count }, (_, i) => {
      const n = first + i;
      const state = lit.n === n ? "hit" : lit.tokens.includes(n) ? "same" : "";
      return html`<div
        role="option"
        class="chip ${state} ${reading.bad(n) ? "bad" : ""}"
        aria-selected=${String(lit.n === n && !asked)}
        tabindex=${n === stop ? 0 : -1}
        data-place="chip:${n}"
        title=${tokens[n]}
        style="left:${x}px;width:${w}px;height:${h}px;top:${chipY(at, i) - h / 2}px"
      >
        <bdi>${tokens[n]}</bdi>${tokens[n] === `#${ids[n]}` ? nothing : html`<span class="num">${ids[n]}</span>`}${
          reading.bad(n) ? html`<span class="unseen">, outside the table</span>` : nothing
        }
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
function labels({ scene, reading, at, lit, asked, hot }) {
  const { row: first } = scene.ui.own.windows;
  const { trace } = scene;
  return guard([trace, at, first, lit.row, asked, hot], () =>
    Array.from({ length: Math.min(at.table.rows, reading.V) }, (_, i) => {
      const row = first + i;
      const used = !asked && reading.readers.has(row);
      const state = lit.row === row ? "hit" : used ? "used" : "";
      return html`<div
        class="rowlabel ${state}"
        aria-hidden="true"
        style="left:${at.labels.x}px;width:${at.labels.w - 6}px;top:${rowY(at, i) - 9}px"
      >
        <bdi>${reading.words[row]}</bdi> <span class="num">${row}</span>
      </div>`;
    }),
  );
}

/** @param {Drawing} d */
function tableGrid({ scene, reading, at, lit, asked, hot }) {
  const { row: first, col: col0 } = scene.ui.own.windows;
  const { table } = at;
  const { focus } = scene.ui;
  const stop = focus?.part === "table" ? focus : { row: clampTo(Math.max(0, lit.row), first, table.rows), col: col0 };
  const edits = /** @type {[number, number, number][]} */ (scene.params.edits ?? []);
  const rows = Array.from({ length: Math.min(table.rows, reading.V) }, (_, i) => {
    const row = first + i;
    const used = reading.readers.has(row);
    const faded = !asked && !hot && !used && lit.row !== row;
    const mark = markOf(scene.ui.prediction, row);
    const stopCol = stop.row === row ? stop.col : -1;
    const values = windowOf(reading.weights(row), col0, table.cols);
    const changed = new Set(edits.filter((edit) => edit[0] === row).map((edit) => edit[1]));
    // By what it shows, not by trace: after an edit only the rows that changed are made anew.
    const shown = `${values} ${[...changed]} ${reading.words[row]} ${reading.most}`;
    return guard([shown, at, col0, row, faded, mark, asked, stopCol, scene.theme], () => {
      const y = table.y + i * table.rh;
      return svg`<g class="${faded ? "faded" : ""}">${heatRow({
        values, col0, x: table.x, y, cw: table.cw, ch: table.rh - 1.5, most: reading.most, theme: scene.theme,
        label: (col, value) => `W[${row}, ${col}] = ${value}`,
        place: (col) => `cell:${row}:${col}`,
        stop: stopCol, rowIndex: row + 1,
        name: `row ${row}${reading.words[row] ? `, ${reading.words[row]}` : ""}`,
        selected: asked ? mark === "chosen" : null,
        touched: changed.size ? (col) => changed.has(col) : undefined,
      }) /* prettier-ignore */}</g>`;
    });
  });
  return svg`<g role="grid" aria-label=${asked ? "Rows to choose from" : "Table W"} aria-multiselectable=${asked ? "true" : nothing} aria-rowcount=${reading.V} aria-colcount=${reading.D}>${rows}</g>`;
}

/**
 * The one-hot vector of the word in the middle: a 1 at its row, a 0 at every other.
 * @param {Drawing} d
 */
function hotColumn({ scene, reading, at, lit, hot }) {
  if (!hot || lit.n < 0) return nothing;
  const first = scene.ui.own.windows.row;
  const row = reading.rows[lit.n];
  const x = /** @type {number} */ (at.hot) + 2;
  return svg`<g class="hot" aria-hidden="true">
    <rect x=${x} y=${at.table.y - 3} width="16" height=${at.table.h + 4.5} rx="4" />
    <text class="head" x=${x + 16} y=${at.table.y + at.table.h + 19} text-anchor="end">one-hot</text>${Array.from({ length: Math.min(at.table.rows, reading.V) }, (_, i) =>
    svg`<text class="num ${first + i === row ? "one" : ""}" x=${x + 8} y=${rowY(at, i) + 4} text-anchor="middle">${first + i === row ? 1 : 0}</text>`,
  )}</g>`;
}

/** @param {Drawing} d */
function outputGrid({ scene, reading, at, lit }) {
  const { token: first, col: col0 } = scene.ui.own.windows;
  const { focus, playing, step } = scene.ui;
  if (reading.refused && reading.N) {
    const y = at.body.y + at.body.h / 2;
    return svg`<text class="refused" x=${at.out.x} y=${y}>no output:<tspan x=${at.out.x} dy="15">refused</tspan></text>`;
  }
  if (!reading.N) return svg`<text class="refused" x=${at.out.x} y=${at.body.y + at.body.h / 2}>no rows<tspan class="sub" x=${at.out.x} dy="15">${shape([0, reading.D])}</tspan></text>`;
  const stop = focus?.part === "out" ? focus : { n: clampTo(lit.n >= 0 ? lit.n : step, first, at.chips.count), col: col0 };
  const way = scene.params.way === "one-hot" ? reading.onehot : reading.output;
  const rows = Array.from({ length: at.chips.count }, (_, i) => {
    const n = first + i;
    const later = playing && n > step;
    const stopCol = stop.n === n ? stop.col : -1;
    const values = windowOf(way(n) ?? reading.output(n) ?? [], col0, at.table.cols);
    const shown = `${values} ${reading.tokens[n]} ${reading.most}`;
    return guard([shown, at, col0, n, later, stopCol, scene.theme], () => {
      return svg`<g class="${later ? "later" : ""}">${heatRow({
        values, col0, x: at.out.x, y: chipY(at, i) - at.out.ch / 2, cw: at.table.cw, ch: at.out.ch - 1.5,
        most: reading.most, theme: scene.theme,
        label: (col, value) => `out[${n}, ${col}] = ${value}`,
        place: (col) => `out:${n}:${col}`,
        stop: stopCol, rowIndex: n + 1, name: `output row ${n}, ${reading.tokens[n]}`,
      }) /* prettier-ignore */}</g>`;
    });
  });
  return svg`<g role="grid" aria-label="Output" aria-rowcount=${reading.N} aria-colcount=${reading.D}>${rows}</g>`;
}

/** What stands for the output until a prediction is revealed. @param {Drawing} d */
function veil({ at }) {
  const w = Math.max(at.table.w, 60);
  return svg`<g class="veil"><rect x=${at.out.x} y=${at.body.y} width=${Math.min(w, at.width - at.out.x - 1)} height=${at.body.h} rx="6" />
    <text x=${at.out.x + Math.min(w, at.width - at.out.x) / 2} y=${at.body.y + at.body.h / 2 + 8} text-anchor="middle">?</text></g>`;
}

/** The whole table as a strip, with the rows that are read and the lens. @param {Drawing} d */
function map({ scene, reading, at, lit, asked }) {
  if (!at.map) return nothing;
  const { x, w } = at.map;
  const { V, readers } = reading;
  const first = scene.ui.own.windows.row;
  const top = at.body.y + (first / V) * at.body.h;
  const h = Math.max(6, (at.table.rows / V) * at.body.h);
  const ticks = asked ? "" : [...readers.keys()].map((row) => `M${x + 2} ${mapY(at, row, V)}h${w - 4}`).join("");
  return svg`<g class="map">
    <g role="slider" tabindex="0" data-place="map" aria-label="Rows in the lens" aria-orientation="vertical"
      aria-valuemin="0" aria-valuemax=${V - 1} aria-valuenow=${scene.ui.focus?.part === "map" ? scene.ui.focus.row : first} aria-valuetext="rows ${first} to ${first + at.table.rows - 1} of ${V}">
      <rect class="all" x=${x} y=${at.body.y} width=${w} height=${at.body.h} rx="4" />
      <path class="tick" d=${ticks} />
      ${lit.row >= 0 && !asked ? svg`<path class="tick hit" d="M${x + 1} ${mapY(at, lit.row, V)}h${w - 2}" />` : nothing}
      <rect class="lens" x=${x - 3} y=${top - 1} width=${w + 6} height=${h + 2} rx="4" />
    </g>
    <path class="beam" aria-hidden="true" d="M${x + w + 3} ${top}L${at.labels.x - 1} ${at.table.y}V${at.table.y + at.table.h}L${x + w + 3} ${top + h}z" />
  </g>`;
}

/** That a very long text goes on where the page ends. @param {Drawing} d */
function rest({ reading, at }) {
  if (reading.N === reading.total) return nothing;
  return svg`<text x=${at.chips.x} y=${at.height - 5}>the first ${whole(reading.N)} of ${whole(reading.total)} words are here</text>`;
}

/** Where the table ends; what asks for more stands before a fence. @param {Drawing} d */
function fence({ scene, reading, at, asked }) {
  const { V, N } = reading;
  const wrong = asked ? [] : [...new Set(Array.from({ length: N }, (_, n) => n).filter(reading.bad).map((n) => reading.ids[n]))];
  const { x, w } = at.table;
  const y = at.table.y + at.table.h + 4;
  const last = scene.ui.own.windows.row + at.table.rows >= V;
  if (wrong.length) {
    const width = Math.max(w, 20);
    return svg`<g class="fence wrong"><path class="hatch" d=${hatch(x, y, width, 9)} /><path d="M${x} ${y}h${width}" />
      <text x=${x} y=${y + 24}>no row ${listing(wrong, 3)}</text></g>`;
  }
  return last ? svg`<g class="fence"><path d="M${x} ${y}h${w}" /><text x=${x} y=${y + 15}>the last row is ${V - 1}</text></g>` : nothing;
}

/** @param {number} x @param {number} y @param {number} w @param {number} h */
function hatch(x, y, w, h) {
  let d = "";
  for (let s = 0; s + h <= w; s += 6) d += `M${x + s} ${y + h}l${h} ${-h}`;
  return d;
}

/** The frames about what is lit, and about the one cell in the middle of it. @param {Drawing} d */
function rings({ scene, reading, at, lit, asked }) {
  if (asked) return nothing;
  const { token, row: row0, col: col0 } = scene.ui.own.windows;
  const { table, out, chips: c } = at;
  const i = lit.row - row0;
  const seen = lit.row >= 0 && i >= 0 && i < table.rows;
  const col = lit.col - col0;
  const cell = lit.col >= 0 && col >= 0 && col < table.cols;
  const outs = reading.refused ? [] : lit.tokens.map((n) => n - token).filter((k) => k >= 0 && k < c.count);
  return svg`<g class="rings" aria-hidden="true">
    ${seen ? svg`<rect class="ring" x=${table.x - 3} y=${table.y + i * table.rh - 3} width=${table.w + 4.5} height=${table.rh + 4.5} rx="4" />` : nothing}
    ${outs.map((k) => svg`<rect class="ring ${lit.n >= 0 && lit.n - token !== k ? "same" : ""}" x=${out.x - 3} y=${chipY(at, k) - out.ch / 2 - 3} width=${table.w + 4.5} height=${out.ch + 4.5} rx="4" />`)}
    ${seen && cell ? svg`<rect class="cellring" x=${table.x + col * table.cw - 0.75} y=${table.y + i * table.rh - 0.75} width=${table.cw} height=${table.rh} rx="2" />` : nothing}
    ${cell ? outs.map((k) => svg`<rect class="cellring" x=${out.x + col * table.cw - 0.75} y=${chipY(at, k) - out.ch / 2 - 0.75} width=${table.cw} height=${out.ch} rx="2" />`) : nothing}
  </g>`;
}

/** The scale of the colours, where the eye ends. @param {Drawing} d */
function scale({ scene, reading, at }) {
  const w = 78;
  const most = reading.most === 1 ? "1" : fixed(reading.most, 1);
  const x = at.width - w - 22;
  const y = at.height - 14;
  return svg`<g class="scale" aria-hidden="true"><text x=${x - 6} y=${y + 9} text-anchor="end">−${most}</text>
    ${guard([scene.theme, x, y], () => Array.from({ length: 26 }, (_, i) => svg`<rect x=${x + i * 3} y=${y} width="3.3" height="9" fill=${scene.theme.forced ? "Canvas" : signed(i / 12.5 - 1, 1, scene.theme.shade)} />`))}
    <path class="mark" d="M${x + 8} ${y + 4.5}h6M${x + w - 14} ${y + 4.5}h6M${x + w - 11} ${y + 1.5}v6" />
    <text x=${x + w + 6} y=${y + 9}>+${most}</text></g>`;
}

/** How each chosen row turned out, beside it. @param {Drawing} d */
function verdicts({ scene, reading, at }) {
  const { prediction } = scene.ui;
  const first = scene.ui.own.windows.row;
  if (!prediction) return nothing;
  let order = 0;
  return Array.from({ length: Math.min(at.table.rows, reading.V) }, (_, i) => {
    const mark = markOf(prediction, first + i);
    if (!mark) return nothing;
    const y = at.table.y + i * at.table.rh;
    const said = { chosen: "chosen", right: "right", missed: "missed", extra: "too many" }[mark];
    return html`<span class="verdict ${mark}" style="left:${at.table.x - 2}px;top:${y - 1.5}px;width:${at.table.w + 2.5}px;height:${at.table.rh + 1}px;--order:${order++}"
      ><span class="tag">${mark === "chosen" ? icon("right") : icon(mark)}${mark === "chosen" || at.narrow ? nothing : html`<span>${said}</span>`}</span></span>`;
  });
}

/** @param {ArrayLike<number>} values @param {number} first @param {number} count @returns {number[]} */
const windowOf = (values, first, count) => Array.prototype.slice.call(values, first, first + count);

/** @param {number} index @param {number} first @param {number} count */
const clampTo = (index, first, count) => Math.max(first, Math.min(first + Math.max(1, count) - 1, index));
