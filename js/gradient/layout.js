/**
 * Layout of the gradient figure, in pixels. Pure. From the left: upstream gradients, the gradient
 * of the table, stacked bars of one column.
 */
import { followFocus } from "../kit/roving_tabindex.js";

const TOP = 40; // two lines of headings
const FOOT = 40; // the color scale
const CELL = { least: 5, most: 22 };

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {{ x: number, w: number, h: number, y: number, pitch: number, count: number }} chips
 * @property {{ x: number, ch: number }} gradOutput
 * @property {{ x: number, w: number }} labels  w ends where the cells begin
 * @property {{ x: number, y: number, w: number, h: number, cw: number, rh: number, rows: number, cols: number }} table
 * @property {{ x: number, w: number, number: number }} bars  `number`: right edge of the values
 * @property {{ y: number, h: number }} body
 */

/**
 * @param {{ width: number, height?: number, R: number, D: number, N: number }} what
 * @returns {Layout}
 */
export function layout({ width, height = Infinity, R, D, N }) {
  const narrow = width < 520;
  const chipW = narrow ? 62 : width > 1000 ? 116 : 92;
  const labelW = narrow ? 54 : width > 1000 ? 104 : 78;
  const numberW = narrow ? 34 : 44;
  const gapA = narrow ? 4 : 8; // word to its gradient
  let gapB = narrow ? 20 : 54; // room for the ribbons
  const gapC = narrow ? 8 : 18; // table to bars
  let pileW = narrow ? 42 : 84;

  const room = width - chipW - gapA - gapB - labelW - gapC - pileW - numberW - 2;
  const cols = Math.max(1, Math.min(D, Math.floor(room / 2 / CELL.least)));
  const cw = Math.max(
    CELL.least,
    Math.min(width > 1000 ? 40 : CELL.most, Math.floor((room / (2 * cols)) * 4) / 4),
  );
  const slack = Math.max(0, room - 2 * cw * cols);
  const moreB = Math.min(slack * 0.5, 70);
  const moreP = Math.min(slack - moreB, 60);
  gapB += moreB;
  pileW += moreP;
  const left = Math.floor((slack - moreB - moreP) / 2);

  const free = narrow ? 440 : Math.min(height, 700) - TOP - FOOT;
  const rh = Math.max(narrow ? 13 : 7, Math.min(27, Math.floor((2 * free) / Math.max(1, R)) / 2));
  const bodyH = Math.min(Math.max(R * rh, Math.min(N, 12) * 27, 132), Math.max(free, R * rh));
  const count = Math.min(N, Math.floor(bodyH / 25));
  const pitch = count ? Math.min(40, Math.floor(bodyH / count)) : 40;

  const backX = left + chipW + gapA;
  const labelX = Math.round(backX + cols * cw + gapB);
  const tableX = labelX + labelW;
  const pileX = Math.round(tableX + cols * cw + gapC);
  return {
    width,
    narrow,
    height: TOP + bodyH + FOOT,
    chips: {
      x: left,
      w: chipW,
      h: Math.min(28, pitch - 4),
      pitch,
      count,
      y: TOP + (bodyH - count * pitch) / 2,
    },
    gradOutput: { x: backX, ch: Math.min(rh, pitch - 4) },
    labels: { x: labelX, w: labelW },
    table: {
      x: tableX,
      y: TOP + Math.floor((bodyH - R * rh) / 2),
      w: cols * cw,
      h: R * rh,
      cw,
      rh,
      rows: R,
      cols,
    },
    bars: { x: pileX, w: pileW, number: pileX + pileW + numberW },
    body: { y: TOP, h: bodyH },
  };
}

/** Return the middle of a chip, counted from the first one drawn. @param {Layout} at @param {number} i */
export const chipY = ({ chips }, i) => chips.y + i * chips.pitch + chips.pitch / 2;

/** Return the middle of a row, counted from the first one drawn. @param {Layout} at @param {number} i */
export const rowY = ({ table }, i) => table.y + i * table.rh + (table.rh - 1.5) / 2;

/** @typedef {{ token: number, col: number }} Windows  the first word and column drawn */

/**
 * Move the windows as little as needed to show the selection.
 * @param {Windows} windows
 * @param {Layout} at
 * @param {{ D: number, N: number }} sizes
 * @param {{ token?: number, col?: number }} goal
 * @returns {Windows}
 */
export function clampWindows(windows, at, { D, N }, { token, col }) {
  return {
    token: followFocus(windows.token, token ?? windows.token, at.chips.count, N),
    col: followFocus(windows.col, col ?? windows.col, at.table.cols, D),
  };
}

/**
 * Return the spot under a point of the figure.
 * @param {Layout} at
 * @param {Windows} windows
 * @param {{ N: number, rows: number[] }} sizes
 * @param {number} x
 * @param {number} y
 */
export function hit(at, windows, { N, rows }, x, y) {
  const { chips, gradOutput, table, labels, bars } = at;
  const token = windows.token + Math.floor((y - chips.y) / chips.pitch);
  const isToken = y >= chips.y && token < Math.min(N, windows.token + chips.count);
  if (x >= chips.x && x < chips.x + chips.w) return isToken ? { part: "chip", n: token } : null;
  if (x >= gradOutput.x && x < gradOutput.x + table.w && isToken) {
    return { part: "back", n: token, col: windows.col + Math.floor((x - gradOutput.x) / table.cw) };
  }
  const i = Math.floor((y - table.y) / table.rh);
  if (y < table.y || i >= rows.length || x < labels.x) return null;
  if (x < table.x) return { part: "row", row: rows[i] };
  if (x < table.x + table.w) {
    return { part: "cell", row: rows[i], col: windows.col + Math.floor((x - table.x) / table.cw) };
  }
  return x >= bars.x && x < bars.number ? { part: "row", row: rows[i] } : null;
}

/**
 * The pieces of one pile, as shares of a full bar: what is above zero goes to the right, what is
 * below to the left, each from where the one before ended.
 * @param {number[]} parts
 * @returns {{ from: number, to: number }[]}
 */
export function stack(parts) {
  let above = 0;
  let below = 0;
  return parts.map((value) => {
    if (!Number.isFinite(value)) return { from: 0, to: 0 };
    const from = value < 0 ? below : above;
    const to = from + value;
    if (value < 0) below = to;
    else above = to;
    return { from, to };
  });
}
