/**
 * Layout of the lookup figure, in pixels. Pure. Text keeps its size on a phone, and the cells get
 * smaller.
 */
import { followFocus } from "../kit/roving_tabindex.js";

export const LENS_FROM = 41; // rows: a larger table is seen through a lens beside a map of all of it
const LENS_ROWS = 22;
const ROW_LEAST = 10.5; // px: a table with lower rows is seen through the lens too
const TOP = 40; // two lines of headings
const FOOT = 44; // valid ids below the table, color scale below the output
const CELL = { least: 5, most: 21 };

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {{ x: number, w: number, h: number, y: number, pitch: number, count: number }} chips
 * @property {{ x: number, w: number } | null} map
 * @property {{ x: number, w: number }} labels   w ends where the cells (or the one-hot column) begin
 * @property {number | null} oneHot                 x of the one-hot column
 * @property {{ x: number, y: number, w: number, h: number, cw: number, rh: number, rows: number, cols: number }} table
 * @property {{ x: number, ch: number }} out
 * @property {{ y: number, h: number }} body
 */

/**
 * @param {{ width: number, height?: number, V: number, D: number, N: number, hot: boolean }} what
 * @returns {Layout}
 */
export function layout({ width, height = Infinity, V, D, N, hot }) {
  const narrow = width < 520;
  const free = narrow ? 400 : Math.min(height, 700) - TOP - FOOT;
  const big = V >= LENS_FROM || V * ROW_LEAST > free;
  const most = width > 1000 ? 40 : CELL.most;
  const chipW = narrow ? 64 : 108;
  const labelW = narrow ? 56 : width > 1000 ? 104 : big ? 62 : 86;
  const mapW = big ? (narrow ? 12 : 20) : 0;
  const mapGap = big ? (narrow ? 10 : 34) : 0;
  const hotW = hot ? 26 : 0;
  let gapA = narrow ? 14 : 34;
  let gapB = narrow ? 26 : 76;

  const room = width - chipW - gapA - mapW - mapGap - labelW - hotW - gapB;
  const cols = Math.max(1, Math.min(D, Math.floor(room / 2 / CELL.least)));
  const cw = Math.max(CELL.least, Math.min(most, Math.floor((room / (2 * cols)) * 4) / 4));
  const slack = Math.max(0, room - 2 * cw * cols);
  const moreA = Math.min(slack * 0.4, 60);
  const moreB = Math.min(slack - moreA, 110);
  gapA += moreA;
  gapB += moreB;
  const left = Math.floor((slack - moreA - moreB) / 2);

  const rows = big ? Math.min(LENS_ROWS, Math.floor(free / 14)) : V;
  const rh = big
    ? Math.min(17, Math.floor(free / rows))
    : Math.max(narrow ? 13 : ROW_LEAST, Math.min(most, 28, Math.floor((2 * free) / V) / 2));
  const bodyH = Math.min(Math.max(rows * rh, Math.min(N, 12) * 27, 132), Math.max(free, rows * rh));
  const count = Math.min(N, Math.floor(bodyH / 25));
  const pitch = count ? Math.min(42, Math.floor(bodyH / count)) : 42;

  const mapX = left + chipW + gapA;
  const labelX = mapX + mapW + mapGap;
  const hotX = labelX + labelW;
  const tableX = Math.round(hotX + hotW);
  return {
    width,
    height: TOP + bodyH + FOOT,
    narrow,
    chips: {
      x: left,
      w: chipW,
      h: Math.min(28, pitch - 4),
      pitch,
      count,
      y: TOP + (bodyH - count * pitch) / 2,
    },
    map: big ? { x: mapX, w: mapW } : null,
    labels: { x: labelX, w: labelW },
    oneHot: hot ? hotX : null,
    table: {
      x: tableX,
      y: TOP + Math.floor((bodyH - rows * rh) / 2),
      w: cols * cw,
      h: rows * rh,
      cw,
      rh,
      rows,
      cols,
    },
    out: { x: Math.round(tableX + cols * cw + gapB), ch: Math.min(rh, pitch - 4) },
    body: { y: TOP, h: bodyH },
  };
}

/** Return the middle of a chip, counted from the first one drawn. @param {Layout} at @param {number} i */
export const chipY = ({ chips }, i) => chips.y + i * chips.pitch + chips.pitch / 2;

/** Return the middle of a row, counted from the first one drawn. @param {Layout} at @param {number} i */
export const rowY = ({ table }, i) => table.y + i * table.rh + (table.rh - 1.5) / 2;

/**
 * Return the y of a row on the map of all V rows.
 * @param {Layout} at
 * @param {number} row
 * @param {number} V
 */
export const mapY = ({ body }, row, V) => body.y + ((row + 0.5) / V) * body.h;

/**
 * @typedef {object} Windows  the first token, row and column drawn
 * @property {number} token
 * @property {number} row
 * @property {number} col
 */

/**
 * Move the windows as little as needed to show the selection; a far row comes to the middle.
 * @param {Windows} windows
 * @param {Layout} at
 * @param {{ V: number, D: number, N: number }} sizes
 * @param {{ token?: number, row?: number, col?: number }} goal
 * @returns {Windows}
 */
export function clampWindows(windows, at, { V, D, N }, { token, row, col }) {
  const { rows, cols } = at.table;
  const near = row !== undefined && row >= windows.row - 2 && row < windows.row + rows + 2;
  const start = row === undefined || near ? windows.row : row - Math.floor(rows / 2);
  return {
    token: followFocus(windows.token, token ?? windows.token, at.chips.count, N),
    row: followFocus(Math.max(0, start), row ?? Math.max(0, start), rows, V),
    col: followFocus(windows.col, col ?? windows.col, cols, D),
  };
}

/**
 * Return the spot under a point of the figure.
 * @param {Layout} at
 * @param {Windows} windows
 * @param {{ V: number, N: number }} sizes
 * @param {number} x
 * @param {number} y
 */
export function hit(at, windows, { V, N }, x, y) {
  const { chips, table, out, map, labels } = at;
  const token = windows.token + Math.floor((y - chips.y) / chips.pitch);
  const isToken = y >= chips.y && token < Math.min(N, windows.token + chips.count);
  if (x >= chips.x && x < chips.x + chips.w) return isToken ? { part: "chip", n: token } : null;
  if (
    map &&
    x >= map.x - 4 &&
    x < map.x + map.w + 4 &&
    y >= at.body.y &&
    y < at.body.y + at.body.h
  ) {
    return { part: "map", row: Math.min(V - 1, Math.floor(((y - at.body.y) / at.body.h) * V)) };
  }
  const row = windows.row + Math.floor((y - table.y) / table.rh);
  const isRow = y >= table.y && row < Math.min(V, windows.row + table.rows);
  if (x >= labels.x && x < table.x) return isRow ? { part: "row", row } : null;
  if (x >= table.x && x < table.x + table.w) {
    return isRow
      ? { part: "table", row, col: windows.col + Math.floor((x - table.x) / table.cw) }
      : null;
  }
  if (x >= out.x && x < out.x + table.w && isToken) {
    return { part: "out", n: token, col: windows.col + Math.floor((x - out.x) / table.cw) };
  }
  return null;
}
