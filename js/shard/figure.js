/**
 * The shard figure: the batch, the workers with what they hold, and the rows that come back, joined by
 * ribbons on which ids and rows travel.
 */
import { html, nothing, svg } from "lit-html";
import { ribbonPath } from "../kit/curves.js";
import { formatInt } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { LEGEND_WIDTH, legend } from "../kit/legend.js";
import { markOf } from "../kit/predict.js";
import { rowGrid } from "./grid.js";
import { pointer } from "./input.js";
import { along, boxY, gridY, idY } from "./layout.js";
import { rowsOf } from "./narration.js";
import { layoutOf, progressOf, selection } from "./state.js";
import { derive, highlightFor } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {{ scene: Scene, derived: import("./trace.js").Derived, at: import("./layout.js").Layout, progress: import("./trace.js").Progress, highlight: ReturnType<typeof highlightFor>, predicting: boolean }} Drawing */

const CROWDED = 48; // ribbons on one side

/** @param {Scene} scene */
export function figure(scene) {
  const derived = derive(scene.trace);
  const at = layoutOf(scene, derived);
  const { predicting, ui } = scene;
  const progress = progressOf(scene, derived);
  const calm = ui.prediction && !ui.hover && !ui.focus;
  const highlight = predicting || calm ? null : highlightFor(derived, selection(scene));
  /** @type {Drawing} */
  const drawing = { scene, derived, at, progress, highlight, predicting };
  const on = pointer(scene, derived, at);
  return html`<div
    class="stage shard ${predicting ? "asked" : ""}"
    role="group"
    aria-label=${scene.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerleave=${on.leave}
    @click=${on.click}
  >
    ${batch(drawing)} ${boxes(drawing)}
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${headings(drawing)} ${rowGrid(drawing)} ${colorScale(drawing)}
    </svg>
    <svg class="over" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${ribbons(drawing)} ${rings(drawing)}
    </svg>
    ${verdicts(drawing)}
  </div>`;
}

/** @param {Drawing} d */
function batch({ scene, derived, at, progress, highlight, predicting }) {
  const { x, y, w, pitch } = at.ids;
  if (!derived.N)
    return html`<p class="none" style="left:${x}px;width:${w}px;top:${y}px">no ids</p>`;
  return html`<div role="listbox" aria-label="The batch">
    ${Array.from({ length: derived.N }, (_, n) => {
      const k = derived.distinctOf(n);
      const again = !predicting && progress.grouped && derived.firstAt(k) !== n;
      const chosen = highlight?.ids.includes(k) ?? false;
      const word = derived.word(n);
      return html`<div
        role="option"
        class="id ${chosen ? "hit" : ""} ${again ? "again" : ""} ${derived.isHot(k) ? "hot" : ""}"
        aria-selected=${String(chosen)}
        tabindex=${n === scene.ui.local.id ? 0 : -1}
        data-place="id:${n}"
        title=${word || nothing}
        style="left:${x}px;top:${y + n * pitch}px;width:${w}px;height:${pitch - 2}px"
      >
        <bdi>${word}</bdi><span class="num">${derived.id(n)}</span>${again ? html`<span class="unseen">, there before</span>` : nothing}
      </div>`;
    })}
  </div>`;
}

/** @param {Drawing} d */
function boxes({ scene, derived, at, progress, highlight, predicting }) {
  const { x, y, w: width, pitch, bars } = at.boxes;
  const { prediction, local } = scene.ui;
  const all = derived.workers.flatMap(({ loads }) => loads);
  const most = Math.max(...all) || 1;
  const means = [0, 1].map(
    (law) => derived.workers.reduce((sum, { loads }) => sum + loads[law], 0) / derived.W,
  );
  return html`<div role="listbox" aria-label=${predicting ? "Workers to choose from" : "Workers"}>
    ${derived.workers.map((worker, w) => {
      const asked = !predicting && progress.asked === 1;
      const chosen = predicting
        ? markOf(prediction, w) === "chosen"
        : (highlight?.workers.includes(w) ?? false);
      const busy = asked && derived.busiest.includes(w) && derived.busiest.length < derived.W;
      return html`<div
        role="option"
        class="worker ${chosen ? "hit" : ""} ${busy ? "busiest" : ""}"
        aria-selected=${String(chosen)}
        tabindex=${w === local.worker ? 0 : -1}
        data-place="worker:${w}"
        style="left:${x}px;top:${y + w * pitch}px;width:${width}px;height:${pitch - 3}px"
      >
        <div class="words">
          <p><b>worker ${w}</b> <span class="holding" title=${worker.holding}>${worker.holding}</span></p>
          ${predicting ? nothing : html`<p class="wires num">${asked ? wires(worker, progress.answered(w) === 1) : nothing}</p>`}
        </div>
        ${
          predicting
            ? nothing
            : html`<div class="loads" style="width:${bars}px">${worker.loads.map(
                (load, law) =>
                  html`<span class="load ${law ? "zipf" : "uniform"}"
                    ><i style="width:${(100 * load) / most}%"></i><s style="left:${(100 * means[law]) / most}%"></s
                    ><span class="unseen">, expected ${formatInt(load)} bytes with ${law ? "Zipf" : "uniform"} ids</span></span
                  >`,
              )}</div>`
        }
      </div>`;
    })}
  </div>`;
}

/** The bytes on both wires of a worker. @param {import("./trace.js").Worker} worker @param {boolean} answered */
function wires({ asks, request, answer }, answered) {
  if (!asks.length) return html`<span class="asks">not asked</span>`;
  return html`<span class="asks">${rowsOf(asks.length)}: ${formatInt(request)} B in</span>${
    answered ? html`<span class="unseen">, </span><span>${formatInt(answer)} B out</span>` : nothing
  }`;
}

/** @param {Drawing} d */
function headings({ derived, at, predicting }) {
  const { ids, boxes: box, grid, narrow } = at;
  const right = narrow ? box.x + box.w - 76 : box.x + box.w - 6 - box.bars;
  return svg`<text class="head" x=${ids.x} y="12">ids</text>
    <text class="sub" x=${ids.x} y="26">${formatInt(derived.N)}${narrow ? "" : `, ${formatInt(derived.K)} distinct`}</text>
    <text class="head" x=${box.x} y="12">workers</text>
    <text class="sub" x=${box.x} y="26">${narrow || predicting ? "what each holds" : "what each holds, what it is asked for"}</text>
    ${
      predicting
        ? nothing
        : svg`<text class="head" x=${right} y="12">expected</text>
          <rect class="key uniform" x=${right + 0.5} y="18.5" width="8" height="7" /><text class="sub" x=${right + 12} y="26">${narrow ? "unif." : "uniform"}</text>
          <rect class="key zipf" x=${right + (narrow ? 40 : 60)} y="18.5" width="8" height="7" /><text class="sub" x=${right + (narrow ? 51 : 72)} y="26">Zipf</text>
          ${
            narrow
              ? nothing
              : svg`<path class="mean" d="M${right + 103} 17v10" /><text class="sub" x=${right + 108} y="26">mean</text>`
          }`
    }
    <text class="head" x=${grid.x} y=${narrow ? grid.y - 9 : 12}>rows<tspan class="sub" x=${narrow ? grid.x + 40 : grid.x} y=${narrow ? grid.y - 9 : 26}>N × D = ${derived.N} × ${derived.D}</tspan></text>`;
}

/** @param {Drawing} d */
function ribbons({ derived, at, progress, highlight, predicting }) {
  if (predicting || !progress.asked) return nothing;
  const { ids, boxes: box, grid, narrow } = at;
  const kinds = { plain: "", same: "", hit: "" };
  /** @type {[number, number][]} */
  const flying = [];
  /** @param {[number, number, number, number]} ends @param {number} share @param {"plain" | "same" | "hit"} kind */
  const join = (ends, share, kind) => {
    if (!share) return;
    kinds[kind] += ribbonPath(...ends);
    if (share < 1) flying.push(along(...ends, share));
  };
  const all = derived.workers.reduce((sum, { asks }) => sum + asks.length, 0);
  const alone = highlight && all > CROWDED; // then only what is meant can be followed
  derived.workers.forEach(({ asks }, w) => {
    const y = boxY(at, w);
    const busy = derived.busiest.includes(w) && derived.busiest.length < derived.W;
    for (const k of asks) {
      const on = highlight?.ids.includes(k) && highlight.workers.includes(w);
      if (alone && !on) continue;
      const kind = on ? "hit" : busy && !highlight ? "same" : "plain";
      const n = derived.firstAt(k);
      join([ids.x + ids.w + 2, idY(at, n), box.x - 2, y], progress.asked, kind);
      if (!narrow)
        join([box.x + box.w + 2, y, grid.x - 3, gridY(at, n)], progress.answered(w), kind);
    }
  });
  return svg`<g class="ribbons"><path class="ribbon" d=${kinds.plain} /><path class="ribbon same" d=${kinds.same} /><path class="ribbon hit" d=${kinds.hit} /></g>
    ${flying.map(([x, y]) => svg`<circle class="flying" cx=${Math.round(10 * x) / 10} cy=${Math.round(10 * y) / 10} r="4" />`)}`;
}

/** The selected cell. @param {Drawing} d */
function rings({ scene, derived, at, predicting }) {
  const spot = selection(scene);
  if (predicting || spot?.part !== "cell" || (spot.n ?? 0) >= derived.N) return nothing;
  const { x, y, cw, pitch } = at.grid;
  const [n, col] = [spot.n ?? 0, spot.col ?? 0];
  return svg`<rect class="cellring" x=${x + col * cw - 0.75} y=${y + n * pitch - 0.75} width=${cw} height=${pitch - 1.5} rx="2" />`;
}

/** @param {Drawing} d */
function colorScale({ scene, derived, at, predicting }) {
  if (predicting) return nothing;
  const x = at.width - LEGEND_WIDTH - 30;
  return legend({ theme: scene.theme, vmax: derived.vmax, x, y: at.foot });
}

/** Result of the chosen worker, on its box. @param {Drawing} d */
function verdicts({ scene, derived, at }) {
  const { prediction } = scene.ui;
  if (!prediction) return nothing;
  const { x, y, w: width, pitch } = at.boxes;
  return derived.workers.map((_, w) => {
    const mark = markOf(prediction, w);
    return mark
      ? html`<span class="verdict ${mark}" style="left:${x - 1}px;top:${y + w * pitch - 1}px;width:${width + 2}px;height:${pitch - 1}px;--order:0"
          ><span class="tag">${icon(mark === "chosen" ? "right" : mark)}</span></span>`
      : nothing;
  });
}
