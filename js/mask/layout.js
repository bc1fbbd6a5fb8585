/**
 * Layout of the mask figure, in pixels. Pure. Wide: a column for the ids and one for each layer.
 * Narrow: the same columns below each other, each with its card on the left; of the layers the one sentence that is
 * selected.
 */

/** @typedef {import("./trace.js").Derived} Derived */
/**
 * A column (or band): k = 0 holds the ids, k = 1 the first layer.
 * @typedef {object} Column
 * @property {number} x       where its cells begin
 * @property {number} y       where its first sentence begins
 * @property {number} w       what its cells have
 * @property {number} pitch   from one cell to the next
 * @property {{ x: number, y: number, w: number, h: number }} card
 */
/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {Column[]} columns
 * @property {number | null} sentence  the only one that is drawn of a layer, or null: all
 * @property {number} idsH     from one sentence to the next, in the column of the ids
 * @property {number} rowH     from one sentence to the next
 * @property {number} vh       the height of a sentence's cells
 * @property {number} ch       the height of one number
 * @property {number} dots     the middle of the mask's dots, below the top of a sentence
 * @property {number} r        the radius of a dot in the tightest column
 * @property {number} foot     where the key stands
 * @property {{ x: number, w: number, lines: number[] }} lead   the axes of the distances, above everything
 */

/** Below this width the columns stand below each other. */
export const NARROW = 600;
const LEAD = 78; // the distances from the unpadded reference
const CARD = 30;
const HEAD = LEAD + 60; // card, mask status, and margin
const FOOT = 22;
const IDS = 27; // a sentence of the ids, where it is narrow

/**
 * @param {{ width: number, height?: number, B: number, T: number, D: number, sentence?: number, stages: { form: string, cells: number, size: number }[] }} what
 * @returns {Layout}
 */
export function layout({ width, height = Infinity, B, T, D, sentence = 0, stages }) {
  const narrow = width < NARROW;
  const free = (Math.min(height, 700) - HEAD - FOOT) / Math.max(1, B); // of a sentence
  const most = narrow ? 42 : Math.max(18, Math.min(width > 1000 ? 84 : 42, free - 28));
  const ch = Math.min(narrow ? 12 : width > 1000 ? 22 : 14, most / Math.max(1, D));
  const vh = Math.max(18, ch * D);
  const low = !narrow && free < 46; // many sentences: the ribbon moves closer
  const dots = vh + (narrow ? 7 : low ? 7 : 10);
  const rowH = dots + (narrow ? 11 : low ? 14 : 18);
  const all = [{ form: "ids", cells: T, size: 1 }, ...stages];
  const columns = narrow ? belowEachOther(width, B, rowH, all) : besideEachOther(width, all);
  const body = narrow
    ? (columns.at(-1)?.y ?? 0) + Math.max(rowH, CARD + 26)
    : HEAD + Math.max(1, B) * rowH;
  const r = Math.min(
    3.6,
    ...columns.map(({ pitch }, k) => (all[k].form === "vector" ? 9 : pitch * 0.36)),
  );
  return {
    width,
    height: body + FOOT,
    narrow,
    columns,
    sentence: narrow && B ? Math.min(sentence, B - 1) : null,
    idsH: narrow ? IDS : rowH,
    rowH,
    vh,
    ch,
    dots,
    r,
    foot: body + 4,
    lead: {
      x: narrow ? 92 : 130,
      w: narrow ? width - 150 : Math.floor(width * 0.5),
      lines: [43, 62],
    },
  };
}

/** @param {number} width @param {{ form: string, cells: number }[]} all @returns {Column[]} */
function besideEachOther(width, all) {
  const gap = Math.min(22, 110 / all.length);
  const weigh = (/** @type {{ form: string }} */ { form }) =>
    ({ ids: 1.3, vector: 0.9 })[form] ?? 1;
  const unit = (width - gap * (all.length - 1)) / all.reduce((sum, one) => sum + weigh(one), 0);
  let x = 0;
  return all.map((one) => {
    const w = weigh(one) * unit;
    const column = { x, y: HEAD, w, pitch: pitchOf(one, w), card: { x, y: LEAD, w, h: CARD } };
    x += w + gap;
    return column;
  });
}

/**
 * @param {number} width
 * @param {number} B
 * @param {number} rowH
 * @param {{ form: string, cells: number }[]} all
 * @returns {Column[]}
 */
function belowEachOther(width, B, rowH, all) {
  const left = 104;
  const ids = Math.max(B * IDS, CARD) + 12;
  const high = Math.max(rowH, 62) + 10;
  return all.map((one, k) => {
    const w = width - left;
    const y = LEAD + (k && ids + (k - 1) * high);
    return {
      x: left,
      y: y + 4,
      w,
      pitch: pitchOf(one, w, 26),
      card: { x: 0, y, w: left - 14, h: CARD },
    };
  });
}

/** @param {{ form: string, cells: number }} one @param {number} w @param {number} [widest] */
function pitchOf({ form, cells }, w, widest) {
  const most = widest ?? (form === "ids" ? 22 : form === "vector" ? 17 : 18);
  return Math.min(most, w / Math.max(1, cells));
}

/**
 * Return the sentences that are drawn of a layer.
 * @param {Layout} at
 * @param {number} B
 */
export const drawnSentences = ({ sentence }, B) =>
  sentence === null ? Array.from({ length: B }, (_, b) => b) : [sentence];

/** Return the top of a sentence in a column. @param {Layout} at @param {number} k @param {number} b */
export function rowTop({ columns, narrow, idsH, rowH, vh }, k, b) {
  if (narrow && k > 0) return columns[k].y;
  return columns[k].y + b * (k ? rowH : idsH) - (narrow ? (vh - 22) / 2 : 0);
}

/** Return the left edge of a cell. @param {Layout} at @param {number} k @param {number} cell */
export const cellX = (at, k, cell) => at.columns[k].x + cell * at.columns[k].pitch;

/**
 * Return the x where words end and padding begins.
 * @param {Layout} at
 * @param {{ T: number, lengths: number[] }} derived
 * @param {boolean} pre
 * @param {number} b
 */
export function boundary(at, { T, lengths }, pre, b) {
  return cellX(at, 0, pre ? T - lengths[b] : lengths[b]);
}

/**
 * Return the length that a drag to `x` sets.
 * @param {Layout} at
 * @param {{ T: number, available: number[] }} derived
 * @param {boolean} pre
 * @param {number} b
 * @param {number} x
 */
export function lengthAt(at, { T, available }, pre, b, x) {
  const places = Math.round((x - at.columns[0].x) / at.columns[0].pitch);
  return Math.max(0, Math.min(available[b], pre ? T - places : places));
}

/**
 * The gap between layers that is nearest to a point, as an index into the layers behind the
 * embedding: 0 is right behind it.
 * @param {Layout} at
 * @param {number} x
 * @param {number} y
 */
export function gapAt(at, x, y) {
  const middles = at.columns
    .slice(2)
    .map(({ card }) => (at.narrow ? card.y + card.h / 2 : card.x + card.w / 2));
  const place = at.narrow ? y : x;
  return middles.filter((middle) => middle < place).length;
}

/**
 * Return the box of the drop mark in a gap.
 * @param {Layout} at
 * @param {number} gap
 * @returns {{ x: number, y: number, w: number, h: number }}
 */
export function gapMark(at, gap) {
  const before = at.columns[gap + 1].card;
  const after = at.columns[gap + 2]?.card;
  if (at.narrow) {
    const y = after ? (before.y + before.h + after.y) / 2 : before.y + before.h + 12;
    return { x: 0, y: y - 2, w: before.w, h: 4 };
  }
  const x = after
    ? (before.x + before.w + after.x) / 2
    : Math.min(at.width - 2, before.x + before.w + 4);
  return { x: x - 2, y: before.y - 3, w: 4, h: before.h + 6 };
}

/**
 * @typedef {{ part: "card", k: number } | { part: "place", k: number, b: number, cell: number } | { part: "ids", b: number, cell: number }} Spot
 */

/**
 * Return the spot under a point.
 * @param {Layout} at
 * @param {Derived} derived
 * @param {number} x
 * @param {number} y
 * @returns {Spot | null}
 */
export function hit(at, { B, T, stages }, x, y) {
  for (const [k, { card, ...column }] of at.columns.entries()) {
    const inCard = x >= card.x && x < card.x + card.w && y >= card.y && y < card.y + card.h;
    if (inCard && k > 0) return { part: "card", k: k - 1 };
    const line = Math.floor((y - column.y) / (k ? at.rowH : at.idsH));
    const b = k && at.sentence !== null ? (line ? -1 : at.sentence) : line;
    const cell = Math.floor((x - column.x) / column.pitch);
    const cells = k === 0 ? T : stages[k - 1].cells;
    if (b < 0 || b >= B || cell < 0 || cell >= cells || y < column.y) continue;
    return k === 0 ? { part: "ids", b, cell } : { part: "place", k: k - 1, b, cell };
  }
  return null;
}
