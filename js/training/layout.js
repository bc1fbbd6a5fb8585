/**
 * Layout of the training figure, in pixels. Pure. Maps above, strips below them, and the loss
 * beside the values of the selected row.
 */

/** @typedef {{ x: number, y: number, w: number, h: number }} Box */
/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {Box[]} maps
 * @property {Box[]} strips
 * @property {number} pitch       pixels from one row of a strip to the next
 * @property {number} labels      width of the words before a strip
 * @property {number} stripHead   y of the words above the first strip
 * @property {Box} loss
 * @property {Box} lanes
 * @property {number} lane        pixels from one lane to the next
 * @property {Box} question       of the curve to draw
 */
/** @typedef {"strips" | "loss" | "lanes"} Plot  what is drawn below the maps */

const GAP = 18;
const HEAD = 24;
const LANE = 13;
const CAPTION = 18; // below the maps
const TITLE = 24; // above the lower plot
const BELOW = 10; // between strips
const NARROW_LOWER = 200;

/**
 * Maps above; below them one plot of three: the strips, the loss, or one row over time. A question takes the place
 * of all maps but one.
 * @param {{ width: number, height?: number, V: number, runs: number, lanes: number, asked?: boolean }} what
 * @returns {Layout}
 */
export function layout({ width, height = 394, V, runs, lanes, asked = false }) {
  const narrow = width < 520;
  const labels = narrow ? 54 : 66;
  const shown = asked ? 1 : runs;
  // Of the height that is left, the lower plot gets up to a half.
  const free = Math.min(height, 700) - HEAD - CAPTION - TITLE - 6;
  const pitch = narrow
    ? V <= 16
      ? 14
      : 10
    : Math.max(3, Math.min(20, Math.floor((free * 2 * 0.52) / V) / 2));
  const strip = V * pitch;
  const tall = narrow ? (asked ? 150 : 180) : Math.round(free - Math.max(strip, free * 0.34));
  const lower = narrow ? NARROW_LOWER : free - tall;
  const mapW = narrow ? width : asked ? Math.round(width * 0.4) : (width - GAP * (runs - 1)) / runs;
  /** @type {Box[]} */
  const maps = [];
  for (let n = 0; n < runs; n++) {
    const m = asked ? 0 : n;
    maps.push(
      narrow
        ? { x: 0, y: HEAD + m * (tall + HEAD + 8), w: width, h: tall }
        : { x: Math.round(m * (mapW + GAP)), y: HEAD, w: Math.floor(mapW), h: tall },
    );
  }
  let y = maps[shown - 1].y + tall + CAPTION + TITLE + (narrow && shown > 1 ? 14 : 0);
  const bottom = maps[0].y + tall;
  /** @type {Box} */
  const question = narrow
    ? { x: 38, y: y + 4, w: width - 46, h: 110 }
    : { x: mapW + 62, y: HEAD + 4, w: width - mapW - 72, h: bottom - HEAD - 4 };
  if (asked && narrow) y += 110 + 52;
  const stripHead = y - (narrow && shown > 1 ? 24 : 10);
  const stripW = narrow ? width - labels : (width - labels - GAP * (shown - 1)) / shown;
  /** @type {Box[]} */
  const strips = [];
  for (let n = 0; n < runs; n++) {
    const m = asked ? 0 : n;
    strips.push({
      x: narrow ? labels : Math.round(labels + m * (stripW + GAP)),
      y: narrow ? y + m * (strip + HEAD) : y,
      w: Math.floor(stripW),
      h: strip,
    });
  }
  const lane = Math.min(LANE, Math.floor(lower / Math.max(1, lanes)));
  const end = narrow ? Math.max(strips[shown - 1].y + strip + BELOW, y + lower) : y + lower + 6;
  return {
    width,
    height: Math.round(end),
    narrow,
    maps,
    strips,
    pitch,
    labels,
    stripHead,
    loss: { x: 38, y: y + 4, w: width - 46, h: lower - 40 },
    lanes: { x: 66, y, w: width - 66, h: lanes * lane },
    lane,
    question,
  };
}

/**
 * The left edge of a step in a box that holds S of them.
 * @param {Box} box
 * @param {number} s
 * @param {number} S
 */
export const stepX = ({ x, w }, s, S) => x + (s / S) * w;

/** The step under a pixel. @param {Box} box @param {number} px @param {number} S */
export const stepAt = ({ x, w }, px, S) =>
  Math.max(0, Math.min(S - 1, Math.floor(((px - x) / w) * S)));

/**
 * From the numbers of the map to pixels: the same length means the same distance both ways.
 * @param {import("./trace.js").Bounds} bounds
 * @param {Box} box
 */
export function mapper({ x: [x0, x1], y: [y0, y1] }, box) {
  const pad = Math.min(34, box.w / 6);
  const padY = Math.min(pad, box.h / 8);
  const k = Math.min(
    (box.w - 2 * pad) / Math.max(x1 - x0, 1e-9),
    (box.h - 2 * padY) / Math.max(y1 - y0, 1e-9),
  );
  const scale = Math.min(k, 1e7);
  const cx = (x0 + x1) / 2;
  const cy = (y0 + y1) / 2;
  return {
    scale,
    /** @param {[number, number]} at @returns {[number, number]} */
    at: ([x, y]) => [box.x + box.w / 2 + (x - cx) * scale, box.y + box.h / 2 - (y - cy) * scale],
  };
}

/** @typedef {{ row: number, x: number, y: number, w: number, priority: boolean }} LabelRequest */
/**
 * Where each label goes so that none covers another; a label without a place is left out, unless
 * it is wanted first.
 * @param {LabelRequest[]} requests
 * @param {Box} box
 * @param {Map<number, { side: number }>} [before]  where they stood: a label stays on its side while it can
 * @returns {Map<number, { x: number, y: number, anchor: "start" | "end", side: number }>}
 */
export function placeLabels(requests, box, before = new Map()) {
  /** @type {Box[]} */
  const taken = requests.map(({ x, y }) => ({ x: x - 4, y: y - 4, w: 8, h: 8 }));
  /** @type {Map<number, { x: number, y: number, anchor: "start" | "end", side: number }>} */
  const placed = new Map();
  for (const { row, x, y, w, priority } of [...requests].sort(
    (a, b) => Number(b.priority) - Number(a.priority),
  )) {
    /** @type {[number, number, "start" | "end"][]} */
    const tries = [
      [x + 7, y + 4, "start"],
      [x - 7, y + 4, "end"],
      [x + 5, y - 7, "start"],
      [x + 5, y + 15, "start"],
      [x - 5, y - 7, "end"],
      [x - 5, y + 15, "end"],
    ];
    /** @param {[number, number, "start" | "end"]} place @returns {Box} */
    const area = ([tx, ty, anchor]) => ({
      x: anchor === "start" ? tx : tx - w,
      y: ty - 10,
      w,
      h: 13,
    });
    const [...sides] = tries;
    const stood = before.get(row)?.side;
    if (stood !== undefined) tries.unshift(...tries.splice(stood, 1));
    const inside = tries.filter((place) => within(area(place), box));
    /** @param {[number, number, "start" | "end"]} place */
    const covers = (place) =>
      taken.filter((other) => overlaps(area(place), other) && !centered(other, x, y)).length;
    const free = inside.find((place) => !covers(place));
    const least = () =>
      inside.sort((a, b) => covers(a) - covers(b))[0] ?? tries[x > box.x + box.w / 2 ? 1 : 0];
    const chosen = free ?? (priority ? least() : null);
    if (!chosen) continue;
    const [tx, ty, anchor] = chosen;
    taken.push(area(chosen));
    placed.set(row, { x: tx, y: ty, anchor, side: sides.indexOf(chosen) });
  }
  return placed;
}

/** @param {Box} a @param {Box} b */
const within = (a, b) =>
  a.x >= b.x && a.x + a.w <= b.x + b.w && a.y >= b.y && a.y + a.h <= b.y + b.h;

/** @param {Box} a @param {Box} b */
const overlaps = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** @param {Box} dot @param {number} x @param {number} y */
const centered = (dot, x, y) => dot.w === 8 && dot.x === x - 4 && dot.y === y - 4;

/**
 * Return the spot under a point of the figure.
 * @param {Layout} at
 * @param {Plot} plot
 * @param {{ S: number, V: number, order: number[] }} derived
 * @param {{ row: number, run: number, x: number, y: number }[]} dots
 * @param {number} x
 * @param {number} y
 */
export function hit(at, plot, { S, order }, dots, x, y) {
  for (const [run, box] of plot === "strips" ? at.strips.entries() : []) {
    const line = Math.floor((y - box.y) / at.pitch);
    if (line < 0 || line >= order.length) continue;
    if (x >= box.x && x < box.x + box.w)
      return { part: "strip", run, row: order[line], step: stepAt(box, x, S) };
    if (x < at.labels && (at.narrow || run === 0)) return { part: "label", run, row: order[line] };
  }
  for (const [run, box] of at.maps.entries()) {
    if (x < box.x || x >= box.x + box.w || y < box.y - HEAD || y >= box.y + box.h) continue;
    if (y < box.y) return { part: "title", run };
    let best = null;
    let near = 14 ** 2;
    for (const dot of dots) {
      const far = (dot.x - x) ** 2 + (dot.y - y) ** 2;
      if (dot.run === run && far < near) [best, near] = [dot, far];
    }
    return best ? { part: "dot", run, row: best.row } : { part: "map", run };
  }
  if (plot === "strips") return null;
  const box = plot === "loss" ? at.loss : at.lanes;
  return x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h
    ? { part: plot, step: stepAt(box, x, S) }
    : null;
}
