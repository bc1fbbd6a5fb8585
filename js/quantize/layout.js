/**
 * Layout of the quantization figure, in pixels. Pure.
 */
import { followFocus } from "../kit/roving_tabindex.js";

const HEAD = 36; // two lines of headings
const GAP = 18;
const LIST_MOST = 18; // rows of the list; of a longer table a window is drawn
const BANDS_MOST = 8; // groups with a ruler each

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {{ x: number, y: number, w: number, h: number, pitch: number, count: number }} rows
 * @property {{ x: number, y: number, w: number, h: number, band: number, count: number, marks: number }} ruler
 * @property {{ x: number, y: number, w: number, label: number, cw: number, cols: number, line: number, lines: Record<Line, number>, h: number }} memory
 * @property {{ x: number, y: number, w: number, h: number }} errors
 * @property {{ x: number, y: number, w: number, h: number, pitch: number }} near
 */
/** @typedef {"weight" | "scaled" | "code" | "bits" | "back" | "error"} Line */

/** @type {Line[]} */
export const LINES = ["weight", "scaled", "code", "bits", "back", "error"];

/**
 * @param {{ width: number, height?: number, V: number, D: number, bits: number, groups: number, slots: number }} what
 * @returns {Layout}
 */
export function layout({ width, height: free = Infinity, V, D, bits, groups, slots }) {
  const narrow = width < 520;
  const low = !narrow && (free < 480 || groups > 2); // at a desk: everything a little closer
  const head = low ? 34 : HEAD;
  const gap = low ? 7 : GAP;
  const listW = narrow ? width : 140;
  const x = narrow ? 0 : listW + 20;
  const w = width - x;

  const fits = Math.min(LIST_MOST, Math.floor((Math.min(free, 700) - head - 6) / 21));
  const count = Math.min(V, narrow ? Math.floor(width / 19) : fits);
  const listH = narrow ? 40 : Math.max(96, count * 21);
  const top = narrow ? head + listH + gap + 8 : 0;

  const all = low ? 70 + Math.max(0, Math.min(free, 700) - 394) : Infinity; // px for the rulers
  const bands = Math.min(groups, BANDS_MOST, Math.max(2, Math.floor(all / 44)));
  const band = Math.min(bands === 1 ? 92 : bands === 2 ? 58 : 44, Math.max(35, all / bands));
  const ruler = {
    x: x + 10,
    y: top + head,
    w: w - 20,
    h: bands * band + 16,
    band,
    count: bands,
    marks: bands === 1 ? 3 : bands === 2 ? 2 : 1, // lanes
  };

  const label = narrow ? 50 : 54;
  const room = w - label;
  let cols = Math.max(1, Math.min(D, Math.floor(room / (narrow ? 58 : 54))));
  if (bits === 4 && cols < D) cols -= cols % 2; // a byte is drawn whole
  const cw = Math.min(80, Math.floor(room / Math.max(1, cols)));
  const line = low ? 18 : 20;
  const y = ruler.y + ruler.h + gap + (low ? 16 : HEAD - 12);
  const cross = bits === 4 ? 16 : 6; // lines to the halves of a byte
  const tall = bits === 4 ? 0 : 10;
  const lines = {
    weight: y,
    scaled: y + line,
    code: y + 2 * line,
    bits: y + 3 * line + cross,
    back: y + 4 * line + cross + tall + 10,
    error: y + 5 * line + cross + tall + 10,
  };
  const memory = {
    x,
    y,
    w: label + cols * cw,
    label,
    cw,
    cols,
    line,
    lines,
    h: lines.error + line - y,
  };

  const chartY = memory.y + memory.h + gap + head;
  const pitch = low ? Math.min(17, (free - chartY - 6) / Math.max(1, slots)) : 17;
  const nearH = Math.max(1, slots) * pitch + 6;
  const half = Math.floor((w - 36) / 2);
  const errors = {
    x,
    y: chartY,
    w: narrow ? w : half,
    h: low ? free - chartY - 30 : narrow ? 76 : Math.max(76, nearH - 22),
  };
  const near = {
    x: narrow ? x : x + half + 36,
    y: narrow ? chartY + errors.h + 24 + gap + head : chartY,
    w: narrow ? w : half,
    h: nearH,
    pitch,
  };
  const bottom = Math.max(errors.y + errors.h + 24, near.y + near.h);
  const height = Math.max(bottom, head + listH) + (low ? 0 : 6);
  const rows = {
    x: 0,
    y: head,
    w: listW,
    h: listH,
    pitch: narrow
      ? Math.min(40, width / Math.max(1, count))
      : Math.min(25, Math.max(21, listH / Math.max(1, count))),
    count,
  };
  return { width, height, narrow, rows, ruler, memory, errors, near };
}

/** @typedef {{ row: number, col: number, band: number }} Windows  the first row, weight and group drawn */

/**
 * Move the windows as little as needed to show the selection; the rulers, the group of the weight or `band`.
 * @param {Windows} windows
 * @param {Layout} at
 * @param {{ V: number, D: number, bits: number, block: number, groups: number }} sizes
 * @param {{ row: number, col: number, band?: number }} goal
 * @returns {Windows}
 */
export function clampWindows(
  windows,
  at,
  { V, D, bits, block, groups },
  { row, col, band = Math.floor(col / block) },
) {
  let first = followFocus(windows.col, col, at.memory.cols, D);
  if (bits === 4 && at.memory.cols < D && first % 2) {
    // a byte begins at an even weight; the last window of an odd row ends with half a byte
    first += first + 1 <= col && first + 1 + at.memory.cols <= D + 1 ? 1 : -1;
  }
  return {
    row: followFocus(windows.row, row, at.rows.count, V),
    col: first,
    band: followFocus(windows.band, band, at.ruler.count, groups),
  };
}

/**
 * Return the extent of the ruler on either side: a round number with room to drag a weight outwards.
 * @param {number} most  the largest weight, signs aside
 */
export function rulerReach(most) {
  if (!(most > 0)) return 1;
  const target = 1.25 * most;
  const unit = 10 ** power(target);
  const multiple = [1, 1.5, 2, 3, 5, 7.5, 10].find((n) => n * unit >= target * (1 - 1e-9)) ?? 10;
  return multiple * unit;
}

/**
 * Return the x of a value on the ruler.
 * @param {Layout} at
 * @param {number} value
 * @param {number} reach
 */
export const valueX = ({ ruler }, value, reach) =>
  ruler.x + ((Math.max(-reach, Math.min(reach, value)) / reach + 1) / 2) * ruler.w;

const TENFOLD_PX = 200; // px past the end of the ruler that make a weight ten times its length

/**
 * The value that a hand at a place gives to a weight. Past the end of the ruler it grows ever faster,
 * so that one drag can make an outlier.
 * @param {Layout} at
 * @param {number} x
 * @param {number} reach
 */
export function valueAt({ ruler }, x, reach) {
  const past = Math.max(0, ruler.x - x, x - ruler.x - ruler.w);
  const along = Math.max(-1, Math.min(1, ((x - ruler.x) / ruler.w) * 2 - 1));
  return along * reach * 10 ** (past / TENFOLD_PX);
}

/**
 * Return the lane of each mark, so that close marks do not cover each other.
 * @param {number[]} xs
 * @param {number} lanes
 * @param {number} apart
 */
export function lanesOf(xs, lanes, apart) {
  const right = Array.from({ length: lanes }, () => -Infinity);
  const lane = xs.map(() => 0);
  const order = xs.map((_, i) => i).sort((a, b) => xs[a] - xs[b]);
  order.forEach((i, n) => {
    const free = right.findIndex((x) => xs[i] - x >= apart);
    lane[i] = free >= 0 ? free : n % lanes;
    right[lane[i]] = xs[i];
  });
  return lane;
}

/**
 * Return the left edge of a weight's column.
 * @param {Layout} at
 * @param {number} i counted from the first drawn
 */
export const columnX = ({ memory }, i) => memory.x + memory.label + i * memory.cw;

/**
 * The place of a bit: four and four side by side where they are two codes, else one above the other.
 * @param {Layout} at
 * @param {number} bits  of a code
 * @param {number} byte  counted from the first drawn
 * @param {number} place 0 is the highest bit, which stands left
 */
export function bitBox(at, bits, byte, place) {
  const { memory: m } = at;
  const pair = bits === 4;
  const x0 = m.x + m.label + byte * m.cw * (pair ? 2 : 1) + 3;
  const w = ((pair ? 2 * m.cw : m.cw) - (pair ? 12 : 6)) / (pair ? 8 : 4);
  if (pair) return { x: x0 + place * w + (place > 3 ? 6 : 0), y: m.lines.bits, w, h: 19 };
  return { x: x0 + (place % 4) * w, y: m.lines.bits + (place > 3 ? 15 : 0), w, h: 14.5 };
}

/**
 * The value that a drag or a key gives to a weight, rounded to what the ruler can tell apart.
 * @param {number} value
 * @param {number} reach
 */
export function roundedTo(value, reach) {
  const unit = 10 ** (power(reach) - 2);
  return Number((Math.round(value / unit) * unit).toPrecision(6));
}

/** How far an arrow key moves a weight. @param {number} reach @param {boolean} fine */
export const keyStep = (reach, fine) => 10 ** (power(reach) - (fine ? 2 : 1));

/** The power of ten at or below a number. @param {number} value */
const power = (value) => Math.floor(Math.log10(value) + 1e-9);
