/**
 * Layout of the LoRA figure, in pixels. Pure. The equation above, the charts below; where it is narrow, one of them.
 */

const TOP = 40; // two lines of headings
const FOOT = 18;
const LOWER = 50; // from the equation to the charts: their headings
const HEAD = 34; // a heading of A, over a single column
const HALF = 0.6; // of a bar, behind the last one
const CELL = { least: 4, most: 22 };
const NOWHERE = { w: 0, h: 0 }; // a chart behind another tab

/**
 * @typedef {{ x: number, y: number, w: number, h: number }} Box
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {number} cw
 * @property {number} rh
 * @property {number} cols       columns drawn of W, B and W′
 * @property {number} labels     width of the words before W
 * @property {Box} w
 * @property {Box} a             room for every rank
 * @property {Box} b
 * @property {Box} m             W′
 * @property {{ plus: number, dot: number, equals: number, y: number }} signs
 * @property {Box & { rh: number, bar: number }} strip   row displacements; `bar`: where the bars begin
 * @property {Box & { cw: number, rh: number, cols: number }} delta
 * @property {Box} spectrum
 * @property {Box} error
 * @property {{ x: number, y: number }} tabs   which chart stands there: their right end, and their line
 */

/** Below this width one chart stands under the equation. */
export const NARROW = 560;

/**
 * @param {{ width: number, height?: number, n: number, cols: number, K: number, chart?: string }} what
 * @returns {Layout}
 */
export function layout({ width, height = Infinity, n, cols, K, chart = "error" }) {
  const narrow = width < NARROW;
  const labels = narrow ? 44 : 54;
  const gap = narrow ? { plus: 50, dot: 12, equals: 18 } : { plus: 62, dot: 20, equals: 28 };
  const side = narrow ? 0 : Math.max(132, Math.min(190, width * 0.22));
  const room = width - labels - gap.plus - gap.dot - gap.equals - side - (narrow ? 2 : 18);
  const drawn = Math.max(
    1,
    Math.min(cols, Math.floor((room - Math.max(HEAD, K * CELL.least)) / CELL.least / 3)),
  );
  const each = Math.min(room / (3 * drawn + K), (room - HEAD) / (3 * drawn));
  const cw = Math.max(CELL.least, Math.min(CELL.most, Math.floor(each * 4) / 4));
  const free = narrow ? 436 : Math.min(height, 640);
  const upper = free - TOP - LOWER - FOOT; // a little more than half of it goes to the equation
  const share = n > 16 ? 0.72 : 0.66; // many rows: their words need lines of 10 px
  const rh = Math.max(narrow ? 11 : 7, Math.min(22, Math.floor((upper * share) / n)));
  const tall = Math.max(n * rh, K * rh, 84);

  const x = { w: labels };
  const wide = drawn * cw;
  const step = Math.max(wide, narrow ? 34 : 44); // room for a heading over a single column
  const aX = x.w + step + gap.plus;
  const bX = aX + Math.max(K * cw, HEAD) + gap.dot;
  const mX = bX + step + gap.equals;
  const box = (/** @type {number} */ at, /** @type {number} */ w, /** @type {number} */ h) => ({
    x: Math.round(at),
    y: TOP,
    w,
    h,
  });
  const chartY = TOP + tall + (narrow ? 88 : LOWER); // tabs and headings above it
  const stripY = narrow ? chartY : TOP;
  const stripRow = narrow ? 16 : rh;
  const strip = {
    x: narrow ? 0 : Math.round(mX + step + 18),
    y: stripY,
    w: narrow ? width : Math.min(300, width - Math.round(mX + step + 18)),
    h: n * stripRow,
    rh: stripRow,
    bar: narrow ? 78 : 20,
  };
  const charts = lower({
    width,
    n,
    cols: drawn,
    y: chartY,
    narrow,
    h: narrow ? 132 : free - chartY - FOOT,
  });
  if (narrow) {
    if (chart !== "rows") Object.assign(strip, NOWHERE);
    if (chart !== "rank") Object.assign(charts.at.delta, NOWHERE);
    charts.at.tabs = { x: 0, y: TOP + tall + 10 };
    if (chart === "rows") charts.bottom = stripY + strip.h;
  }
  return {
    width,
    height: charts.bottom + FOOT,
    narrow,
    cw,
    rh,
    cols: drawn,
    labels,
    w: box(x.w, wide, n * rh),
    a: box(aX, K * cw, n * rh),
    b: box(bX, wide, K * rh),
    m: box(mX, wide, n * rh),
    signs: {
      plus: x.w + step + gap.plus / 2,
      dot: bX - gap.dot / 2,
      equals: mX - gap.equals / 2,
      y: TOP + Math.max(8, (n * rh) / 2) + 4,
    },
    strip,
    ...charts.at,
  };
}

/**
 * The charts.
 * @param {{ width: number, n: number, cols: number, y: number, h: number, narrow: boolean }} what
 */
function lower({ width, n, cols, y, h, narrow }) {
  const rh = Math.max(narrow ? 7 : 4, Math.min(16, Math.floor((2 * h) / n) / 2));
  const left = narrow ? 4 : 0;
  const cw = Math.max(6, Math.min(11, Math.floor((narrow ? 120 : 104) / cols)));
  const delta = { x: left, y, w: cols * cw, h: n * rh, cw, rh, cols };
  const from = delta.x + Math.max(delta.w, narrow ? 50 : 78) + (narrow ? 46 : 58);
  if (narrow) {
    return {
      bottom: y + Math.max(h, delta.h),
      at: {
        delta,
        spectrum: { x: from, y, w: Math.max(80, width - from - 6), h },
        error: { x: 40, y, w: width - 46, h },
        tabs: { x: width, y },
      },
    };
  }
  const spectrum = { x: from, y, w: Math.floor((width - from) * 0.38), h };
  const x = from + spectrum.w + 36;
  return {
    bottom: y + Math.max(h, delta.h),
    at: {
      delta,
      spectrum,
      error: { x, y, w: width - x - 8, h },
      tabs: { x: width, y: y - 44 },
    },
  };
}

/**
 * Return the right edge of A and the lower edge of B at a rank.
 * @param {Layout} at
 * @param {number} r
 */
export const edges = (at, r) => ({ x: at.a.x + r * at.cw, y: at.b.y + r * at.rh });

/**
 * Return the rank nearest to a point of a drag.
 * @param {"a" | "b" | "cut" | "curve"} part
 * @param {Layout} at
 * @param {number} K
 * @param {number} x
 * @param {number} y
 */
export function rankAt(part, at, K, x, y) {
  const raw = {
    a: (x - at.a.x) / at.cw,
    b: (y - at.b.y) / at.rh,
    cut: ((x - at.spectrum.x) / at.spectrum.w) * (K + HALF),
    curve: ((x - at.spectrum.x) / at.spectrum.w) * (K + HALF),
  }[part];
  return Math.max(1, Math.min(K, Math.round(raw)));
}

/**
 * Return a point of the chart of errors by rank; the bar of a rank has its middle there.
 * @param {Box} box
 * @param {number} K
 * @param {number} r
 * @param {number} share  of the height
 */
export function rankPlace({ x, y, w, h }, K, r, share) {
  return { x: x + (r / (K + HALF)) * w, y: y + h * (1 - Math.max(0, Math.min(1, share))) };
}

/**
 * Return heights for labels that do not stand on each other: as near as possible to the wanted ones.
 * @param {number[]} wanted
 * @param {number} least  the highest place
 * @param {number} most   the lowest place
 * @param {number} [pitch]
 */
export function spread(wanted, least, most, pitch = 13) {
  const order = wanted.map((_, i) => i).sort((i, j) => wanted[i] - wanted[j]);
  const heights = [...wanted];
  let free = least;
  for (const i of order) free = (heights[i] = Math.max(free, wanted[i])) + pitch;
  let below = most;
  for (const i of order.reverse()) below = (heights[i] = Math.min(below, heights[i])) - pitch;
  return heights;
}

/**
 * Return the spot under a point.
 * @param {Layout} at
 * @param {{ n: number, r: number }} what
 * @param {number} x
 * @param {number} y
 * @returns {{ part: string, i?: number, k?: number, c?: number } | null}
 */
export function hit(at, { n, r }, x, y) {
  /** @param {Box} box @param {number} w @param {number} h */
  const inside = (box, w = box.w, h = box.h) =>
    x >= box.x && x < box.x + w && y >= box.y && y < box.y + h;
  const i = Math.floor((y - at.w.y) / at.rh);
  const c = (/** @type {Box} */ box) => Math.floor((x - box.x) / at.cw);
  if (x < at.w.x && x >= 0 && y >= at.w.y && y < at.w.y + at.w.h) return { part: "token", i };
  if (inside(at.w)) return { part: "w", i, c: c(at.w) };
  if (inside(at.a, r * at.cw)) return { part: "a", i, k: c(at.a) };
  if (inside(at.b, at.b.w, r * at.rh))
    return { part: "b", k: Math.floor((y - at.b.y) / at.rh), c: c(at.b) };
  if (inside(at.m)) return { part: "m", i, c: c(at.m) };
  if (inside(at.strip))
    return { part: "token", i: Math.min(n - 1, Math.floor((y - at.strip.y) / at.strip.rh)) };
  const { delta } = at;
  if (inside(delta))
    return {
      part: "d",
      i: Math.floor((y - delta.y) / delta.rh),
      c: Math.floor((x - delta.x) / delta.cw),
    };
  return null;
}
