/**
 * Outputs of a layer as colored cells, one path for each color: six layers of a batch have
 * thousands of them.
 */
import { nothing, svg } from "lit-html";
import { divergingColor } from "../kit/colors.js";
import { signMarks } from "../kit/heatmap.js";
import { drawnSentences, rowTop } from "./layout.js";
import { isPadding } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./trace.js").Stage} Stage */

/** @param {number} v */
const n = (v) => Math.round(v * 100) / 100;

/** @param {number} x @param {number} y @param {number} w @param {number} h */
const box = (x, y, w, h) => `M${n(x)} ${n(y)}h${n(w)}v${n(h)}h${n(-w)}z`;

/** Draw all cells of a stage, with sign marks. @param {Drawing} d @param {Stage} stage */
export function cells({ derived, at, scene }, stage) {
  const k = stage.n + 1;
  const { x, pitch } = at.columns[k];
  const { forcedColors, scheme } = scene.theme;
  const ch = stage.form === "vector" ? Math.min(at.vh, 18) : at.vh / Math.max(1, stage.size);
  const top = stage.form === "vector" ? (at.vh - ch) / 2 : 0;
  /** @type {Map<string, string>} */
  const colors = new Map();
  let pale = "";
  let strong = "";
  for (const b of drawnSentences(at, derived.B)) {
    const columns = Array.from({ length: stage.cells }, (_, cell) => stage.valuesAt(b, cell));
    for (let i = 0; i < stage.size; i++) {
      const y = rowTop(at, k, b) + top + i * ch;
      const values = columns.map((numbers) => numbers[i]);
      values.forEach((value, cell) => {
        const color = forcedColors
          ? "Canvas"
          : Number.isNaN(value)
            ? "none"
            : divergingColor(value, stage.vmax, scheme);
        const d = box(x + cell * pitch, y, pitch - 1.5, ch - 1.2);
        colors.set(color, (colors.get(color) ?? "") + d);
      });
      const marks = signMarks(values, {
        x,
        y,
        cw: pitch,
        ch,
        vmax: stage.vmax,
        bySize: forcedColors,
      });
      pale += marks.pale;
      strong += marks.strong;
    }
  }
  return svg`<g class="cells ${forcedColors ? "outlined" : ""}" aria-hidden="true">${[
    ...colors,
  ].map(
    ([color, d]) => svg`<path fill=${color} d=${d} />`,
  )}<path class="mark" d=${pale} /><path class="mark strong" d=${strong} /></g>`;
}

/**
 * Stripes over padding that counts as words: its cells, or a vector that includes it.
 * @param {Drawing} d
 * @param {Stage} stage
 */
export function stripes({ derived, at }, stage) {
  if (!stage.paddingCounts) return nothing;
  const k = stage.n + 1;
  const { x, pitch } = at.columns[k];
  let d = "";
  for (const b of drawnSentences(at, derived.B)) {
    const y = rowTop(at, k, b);
    const touched = derived.tokens[b].some((token, t) => token === "" && derived.id(b, t) === 0);
    if (stage.form === "vector" && touched)
      d += hatch(
        x,
        y + Math.max(0, at.vh - 18) / 2,
        stage.cells * pitch - 1.5,
        Math.min(18, at.vh) - 1.2,
      );
    for (let cell = 0; cell < stage.cells; cell++) {
      if (isPadding(derived, stage, b, cell))
        d += hatch(x + cell * pitch, y, pitch - 1.5, at.vh - 1.2);
    }
  }
  return svg`<path class="stripes" aria-hidden="true" d=${d} />`;
}

/**
 * Lines that rise to the right, cut at the edges of a box.
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 */
export function hatch(x, y, w, h) {
  let d = "";
  for (let s = 4; s < w + h; s += 5) {
    const x1 = Math.max(0, s - h);
    const x2 = Math.min(w, s);
    d += `M${n(x + x1)} ${n(y + (s - x1 > h ? h : s - x1))}L${n(x + x2)} ${n(y + s - x2)}`;
  }
  return d;
}

/** The ids; padding is pale. @param {Drawing} d */
export function ids({ derived, at }) {
  const { x, pitch } = at.columns[0];
  const h = Math.min(22, at.vh);
  const size = pitch >= 15 ? 10.5 : pitch >= 12 ? 9 : 0;
  return Array.from({ length: derived.B }, (_, b) => {
    const y = rowTop(at, 0, b) + (at.vh - h) / 2;
    return svg`<g class="ids" aria-hidden="true">${Array.from({ length: derived.T }, (_, t) => {
      const id = derived.id(b, t);
      return svg`<rect class=${id ? "word" : "pad"} x=${n(x + t * pitch)} y=${y} width=${n(pitch - 1.5)} height=${h} rx="2" />${
        size && id < 1000
          ? svg`<text class="num ${id ? "word" : "pad"}" style="font-size:${id > 99 ? size - 2 : size}px" x=${n(x + (t + 0.5) * pitch - 0.75)} y=${y + h / 2 + 3.6} text-anchor="middle">${id}</text>`
          : nothing
      }`;
    })}</g>`;
  });
}
