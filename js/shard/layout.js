/**
 * Layout of the shard figure, in pixels. Pure. The batch on the left, the workers in the middle, the rows
 * on the right, beside the ids that they belong to; on a phone the rows stand below.
 */

const TOP = 36; // two lines of headings
const FOOT = 20; // the color scale
const VERDICT = 22; // beside a box, for the result of a guess: inside the gap
const ID = { least: 12, most: 24 };
const BOX = { least: 27, most: 64, wide: 460 };

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {{ x: number, y: number, w: number, pitch: number }} ids
 * @property {{ x: number, y: number, w: number, pitch: number, bars: number }} boxes
 * @property {{ x: number, y: number, w: number, cw: number, pitch: number }} grid
 * @property {number} foot  y of the color scale
 */

/**
 * @param {{ width: number, height?: number, N: number, W: number, D: number }} what
 * @returns {Layout}
 */
export function layout({ width, height = 394, N, W, D }) {
  if (width < 520) return narrow(width, N, W, D);
  const tall = Math.min(height, 700) - TOP - FOOT;
  const most = width > 1000 ? 1.5 : 1;
  const idPitch = Math.max(ID.least, Math.min(ID.most * most, Math.floor(tall / Math.max(1, N))));
  const boxPitch = Math.max(BOX.least, Math.min(BOX.most * most, Math.floor(tall / W)));
  const idW = width < 700 ? 66 : width > 1000 ? 116 : 88;
  const gap = width < 700 ? 48 : width > 1000 ? 110 : 72;
  const cw = Math.max(5, Math.min(15, Math.floor((0.22 * width) / D)));
  const w = cw * D;
  const boxW = Math.min(BOX.wide * most, width - idW - 2 * gap - w);
  const left = Math.floor((width - idW - 2 * gap - w - boxW) / 2);
  const body = Math.max(N * idPitch, W * boxPitch);
  const boxX = left + idW + gap;
  return {
    width,
    height: TOP + Math.max(body, tall) + FOOT,
    narrow: false,
    ids: { x: left, y: TOP + middle(body, N * idPitch), w: idW, pitch: idPitch },
    boxes: {
      x: boxX,
      y: TOP + middle(body, W * boxPitch),
      w: boxW,
      pitch: boxPitch,
      bars: Math.min(150, Math.floor(0.3 * boxW)),
    },
    grid: { x: boxX + boxW + gap, y: TOP + middle(body, N * idPitch), w, cw, pitch: idPitch },
    foot: TOP + Math.max(body, tall) + 7,
  };
}

/** @param {number} body @param {number} part */
const middle = (body, part) => Math.floor((body - part) / 2);

/** @param {number} width @param {number} N @param {number} W @param {number} D @returns {Layout} */
function narrow(width, N, W, D) {
  const idW = 62;
  const gap = 34;
  const idPitch = 18;
  const boxPitch = 58; // the bars stand below the words
  const body = Math.max(N * idPitch, W * boxPitch);
  const cw = Math.max(5, Math.min(20, Math.floor((width - 70) / D)));
  const gridY = TOP + body + 30;
  const bottom = gridY + Math.max(1, N) * 14;
  return {
    width,
    height: bottom + FOOT,
    narrow: true,
    ids: { x: 0, y: TOP + middle(body, N * idPitch), w: idW, pitch: idPitch },
    boxes: {
      x: idW + gap,
      y: TOP + middle(body, W * boxPitch),
      w: width - idW - gap - VERDICT,
      pitch: boxPitch,
      bars: width - idW - gap - VERDICT - 16,
    },
    grid: { x: 62, y: gridY, w: cw * D, cw, pitch: 14 },
    foot: bottom + 7,
  };
}

/** The middle of an id. @param {Layout} at @param {number} n */
export const idY = ({ ids }, n) => ids.y + n * ids.pitch + ids.pitch / 2;

/** The middle of a box. @param {Layout} at @param {number} w */
export const boxY = ({ boxes }, w) => boxes.y + w * boxes.pitch + boxes.pitch / 2;

/** The middle of a row of the result. @param {Layout} at @param {number} n */
export const gridY = ({ grid }, n) => grid.y + n * grid.pitch + grid.pitch / 2;

/**
 * A point on the ribbon between two places, `t` of the way: as `ribbonPath` draws it.
 * @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {number} t
 * @returns {[number, number]}
 */
export function along(x1, y1, x2, y2, t) {
  const pull = Math.max(8, Math.min(48, Math.abs(x2 - x1) * 0.5));
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [a * x1 + b * (x1 + pull) + c * (x2 - pull) + d * x2, (a + b) * y1 + (c + d) * y2];
}

/**
 * Return the spot under a point of the figure.
 * @param {Layout} at
 * @param {{ N: number, W: number }} sizes
 * @param {(n: number) => number} columnsOf  how many columns of a row are there
 * @param {number} x
 * @param {number} y
 * @returns {import("./trace.js").Spot | null}
 */
export function hit({ ids, boxes, grid }, { N, W }, columnsOf, x, y) {
  /** @param {{ x: number, y: number, w: number, pitch: number }} list @param {number} count */
  const inList = (list, count) => {
    const i = Math.floor((y - list.y) / list.pitch);
    return x >= list.x && x < list.x + list.w && i >= 0 && i < count ? i : -1;
  };
  const n = inList(ids, N);
  if (n >= 0) return { part: "id", n };
  const w = inList(boxes, W);
  if (w >= 0) return { part: "worker", w };
  const row = inList(grid, N);
  const col = Math.floor((x - grid.x) / grid.cw);
  return row >= 0 && col < columnsOf(row) ? { part: "cell", n: row, col } : null;
}
