/**
 * Layout of the window figure, in pixels. Pure. The text above; below it the embedding table, the
 * pairs, and the context table; on a phone the pairs stand below both tables.
 */
import { clamp } from "../kit/roving_tabindex.js";

const CHIP = 26;
const TOP = 64; // the text, and two lines of headings
const FOOT = 26; // tabs and color scale
const VERDICT = 24; // beside the context table, for the result of a guess
const PAIR = { least: 15, most: 24 };
const ROW = { least: 10, most: 24 };
const LARGE = 1.5; // of both, and of a cell, in a figure wider than 1 000 px

/**
 * @typedef {{ x: number, labels: number, y: number }} TablePlace  labels is where the words begin
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {{ x: number, pitch: number, count: number, h: number }} chips
 * @property {[TablePlace, TablePlace]} tables
 * @property {{ cw: number, rh: number, w: number, h: number, labels: number }} grid
 * @property {{ x: number, y: number, w: number, pitch: number, count: number }} pairs
 * @property {number} foot  y of the tabs
 */

/**
 * @param {{ width: number, height?: number, V: number, D: number, N: number, P: number }} what
 * @returns {Layout}
 */
export function layout({ width, height = 394, V, D, N, P }) {
  const narrow = width < 520;
  const grown = width > 1000 ? LARGE : 1;
  const tall = narrow ? 0 : Math.min(height, 700) - TOP - FOOT;
  const rh = narrow
    ? 16
    : Math.max(ROW.least, Math.min(ROW.most * grown, Math.floor((2 * tall) / V) / 2));
  const tight = width < 700;
  const labels = narrow ? 52 : tight ? 60 : 74;
  const pairW = narrow ? width : width > 1000 ? 320 : tight ? 216 : 270;
  const gap = narrow ? 10 : tight ? 28 : 44;
  const free = narrow
    ? width - VERDICT - 2 * labels - gap
    : width - VERDICT - pairW - 2 * gap - 2 * labels;
  const cw = Math.max(5, Math.min(narrow ? 24 : 34 * grown, Math.floor(free / (2 * D))));
  const w = cw * D;
  const slack = narrow ? 0 : Math.max(0, free - 2 * w);
  const between = gap + Math.floor(Math.min(slack / 2, 60));
  const left = narrow
    ? 0
    : Math.max(0, Math.floor((width - VERDICT - 2 * (labels + w + between) - pairW) / 2));
  const x0 = left + labels;
  const pairX = narrow ? 0 : x0 + w + between;
  const x1 = narrow ? x0 + w + gap + labels : pairX + pairW + between + labels;
  const h = V * rh;
  const pitch = narrow
    ? 20
    : Math.max(
        PAIR.least,
        Math.min(PAIR.most * grown, Math.floor((2 * tall) / Math.max(1, P)) / 2),
      );
  const count = narrow ? P : Math.min(P, Math.floor(tall / pitch));
  const pairY = narrow ? TOP + h + 30 : TOP;
  const bottom = narrow ? pairY + Math.max(1, count) * pitch : TOP + tall;
  const most = Math.max(1, Math.floor(width / (narrow ? 64 : 92)));
  const chips = Math.min(N, most);
  const chipPitch = chips ? Math.min(120, width / chips) : 0;
  return {
    width,
    height: bottom + FOOT,
    narrow,
    chips: { x: (width - chips * chipPitch) / 2, pitch: chipPitch, count: chips, h: CHIP },
    tables: [
      { x: x0, labels: x0 - labels, y: TOP },
      { x: x1, labels: x1 - labels, y: TOP },
    ],
    grid: { cw, rh, w, h, labels },
    pairs: { x: pairX, y: pairY, w: pairW, pitch, count },
    foot: bottom + 4,
  };
}

/**
 * The first word of the text that is drawn: the center word stands in the middle.
 * @param {Layout} at
 * @param {number} n
 * @param {number} N
 */
export const firstWord = ({ chips }, n, N) =>
  clamp(n - Math.floor(chips.count / 2), Math.max(1, N - chips.count + 1));

/** The middle of a row. @param {Layout} at @param {number} side @param {number} row */
export const rowY = ({ tables, grid }, side, row) =>
  tables[side].y + row * grid.rh + (grid.rh - 1.5) / 2;

/** The middle of a pair, counted from the first one drawn. @param {Layout} at @param {number} i */
export const pairY = ({ pairs }, i) => pairs.y + i * pairs.pitch + (pairs.pitch - 2) / 2;

/**
 * Return the spot under a point of the figure.
 * @param {Layout} at
 * @param {{ V: number, N: number, P: number }} sizes
 * @param {{ step: number, pair: number }} from  the step, and the first pair that is drawn
 * @param {number} x
 * @param {number} y
 * @returns {import("./trace.js").Spot | null}
 */
export function hit(at, { V, N, P }, { step, pair }, x, y) {
  const { chips, tables, grid, pairs } = at;
  if (y < chips.h) {
    const i = Math.floor((x - chips.x) / chips.pitch);
    return i >= 0 && i < chips.count ? { part: "word", n: firstWord(at, step, N) + i } : null;
  }
  for (const side of [0, 1]) {
    const { labels, x: left, y: top } = tables[side];
    const row = Math.floor((y - top) / grid.rh);
    if (y < top || row >= V || x < labels || x >= left + grid.w) continue;
    return x < left
      ? { part: "row", side, row }
      : { part: "cell", side, row, col: Math.floor((x - left) / grid.cw) };
  }
  const k = Math.floor((y - pairs.y) / pairs.pitch);
  const inside = x >= pairs.x && x < pairs.x + pairs.w && y >= pairs.y && k < pairs.count;
  return inside && pair + k < P ? { part: "pair", k: pair + k } : null;
}
