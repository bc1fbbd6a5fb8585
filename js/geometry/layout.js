/**
 * Layout of the geometry figure, in pixels. Pure.
 */

const TOP = 40; // two lines of headings
const RULER = 62; // the two bars below the map
const PITCH = 26;
const LISTS = { w: 334, gap: 18 };
const [ENTRY, LEGEND] = [92, 24]; // width and height of an entry of the legend
const SUM = 130; // the arithmetic below the lists, with up to three lines of answers

/** @typedef {{ x: number, y: number, side: number, w: number, h: number }} Box */
/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {boolean} narrow
 * @property {Box} map
 * @property {{ y: number, h: number, columns: number }} legend  0 columns: there is none
 * @property {{ y: number, h: number }} ruler
 * @property {{ x: number, w: number }[]} lists   truly nearest, nearest on the map
 * @property {{ y: number, pitch: number, count: number }} rows
 * @property {{ x: number, y: number, w: number } | null} sum  null where it stands below the figure
 */

/**
 * @param {{ width: number, height?: number, count: number, legend?: number }} what  `count`: the lines of the longer list; `legend`: its entries
 * @returns {Layout}
 */
export function layout({ width, height = 554, count, legend = 0 }) {
  const narrow = width < 560;
  const w = narrow ? width : width - LISTS.w - 20;
  const columns = Math.min(legend, Math.max(1, Math.floor(w / ENTRY)));
  const legendHeight = legend ? LEGEND * Math.ceil(legend / columns) + 6 : 0;
  const h = (narrow ? Math.min(w, 300) : height - TOP - 10 - RULER) - (narrow ? 0 : legendHeight);
  const lines = Math.max(count, 3);
  const pitch = narrow ? PITCH : Math.min(PITCH, Math.floor((height - TOP - SUM) / lines));
  const map = { x: 0, y: TOP, w, h, side: Math.min(w, h) };
  const ruler = { y: TOP + h + 10 + legendHeight, h: RULER };
  const left = narrow ? 0 : width - LISTS.w;
  const each = ((narrow ? width : LISTS.w) - LISTS.gap) / 2;
  const listTop = narrow ? ruler.y + RULER + TOP : TOP;
  const bottom = listTop + lines * pitch;
  return {
    width,
    height: narrow ? bottom + 4 : Math.max(ruler.y + RULER, bottom + SUM),
    narrow,
    map,
    legend: { y: TOP + h + 6, h: legendHeight, columns },
    ruler,
    lists: [
      { x: left, w: each },
      { x: left + each + LISTS.gap, w: each },
    ],
    rows: { y: listTop, pitch, count },
    sum: narrow ? null : { x: left, y: bottom, w: LISTS.w },
  };
}

/** The middle of a line of a list. @param {Layout} at @param {number} i */
export const lineY = ({ rows }, i) => rows.y + i * rows.pitch + rows.pitch / 2;

/** @typedef {{ k: number, cx: number, cy: number, mx: number, my: number }} Scale  pixels a unit, and both middles */

/**
 * How map units become pixels: all points fit, and the end of the sum's arrow.
 * @param {ArrayLike<number>} points
 * @param {Box} box
 * @param {[number, number] | null} [target]
 * @returns {Scale}
 */
export function scaleOf(points, box, target = null) {
  let [x0, x1, y0, y1] = target
    ? [target[0], target[0], target[1], target[1]]
    : [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    if (Number.isNaN(points[i])) continue;
    x0 = Math.min(x0, points[i]);
    x1 = Math.max(x1, points[i]);
    y0 = Math.min(y0, points[i + 1]);
    y1 = Math.max(y1, points[i + 1]);
  }
  if (x0 > x1) [x0, x1, y0, y1] = [0, 0, 0, 0];
  const k = Math.min(
    (box.w - 36) / Math.max(x1 - x0, 0.02),
    (box.h - 28) / Math.max(y1 - y0, 0.02),
  );
  return { k, cx: box.x + box.w / 2, cy: box.y + box.h / 2, mx: (x0 + x1) / 2, my: (y0 + y1) / 2 };
}

/**
 * Return the position of a map point on the screen.
 * @param {Scale} s
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
export const toScreen = ({ k, cx, cy, mx, my }, x, y) => [cx + (x - mx) * k, cy - (y - my) * k];

/** @param {Scale} s @param {ArrayLike<number>} points @param {number} row */
export const rowToScreen = (s, points, row) => toScreen(s, points[2 * row], points[2 * row + 1]);

/** @param {[number, number]} p @param {Box} box */
export const isInside = ([px, py], { x, y, w, h }) =>
  px >= x && px <= x + w && py >= y && py <= y + h;

/**
 * The row nearest to a point of the screen, or −1 when none is within `reach` pixels.
 * @param {Scale} s
 * @param {ArrayLike<number>} points
 * @param {number} x
 * @param {number} y
 * @param {number} [reach]
 */
export function rowAt(s, points, x, y, reach = 16) {
  let best = -1;
  let least = (reach / s.k) ** 2;
  const mx = s.mx + (x - s.cx) / s.k; // back to the map, once, instead of every point to the screen
  const my = s.my - (y - s.cy) / s.k;
  for (let i = 0; i < points.length; i += 2) {
    const apart = (points[i] - mx) ** 2 + (points[i + 1] - my) ** 2;
    if (apart < least) {
      best = i / 2;
      least = apart;
    }
  }
  return best;
}

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * The next row from `row` in the direction of an arrow key: the nearest within 45° of it.
 * @param {ArrayLike<number>} points
 * @param {number} row
 * @param {string} key
 * @returns {number} or −1 at the edge
 */
export function nextRow(points, row, key) {
  const direction = DIRECTIONS[key];
  const [x, y] = [points[2 * row], points[2 * row + 1]];
  let best = -1;
  let least = Infinity;
  if (!direction || !Number.isFinite(x)) return best;
  for (let other = 0; other < points.length / 2; other++) {
    const [dx, dy] = [points[2 * other] - x, points[2 * other + 1] - y];
    const along = dx * direction[0] + dy * direction[1];
    const across = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
    const apart = along * along + across * across;
    if (along > 0 && across <= along && apart < least) [best, least] = [other, apart];
  }
  return best;
}

/** @typedef {{ x: number, y: number, text: string, kind: string, row?: number, must?: boolean }} Name  `must`: it may stand far from its point */

/** @typedef {["start" | "end", number, number]} Side  the anchor, and the way from the point */

const SIDES = /** @type {Side[]} */ ([
  ["start", 8, 4],
  ["end", -8, 4],
  ["start", 6, -7],
  ["end", -6, -7],
  ["start", 6, 15],
  ["end", -6, 15],
]);

/** Further away, the nearest first: for names that are never left out. */
const FAR = [22, 34, 46, 60, 76, 96, 120].flatMap((far) =>
  Array.from({ length: 16 }, (_, i) => {
    const [x, y] = [Math.cos((i * Math.PI) / 8), Math.sin((i * Math.PI) / 8)];
    return /** @type {Side} */ ([x < -0.01 ? "end" : "start", far * x, far * y + 4]);
  }),
);

const WIDE = /[\u2e80-\u{1ffff}]/u; // Chinese, Japanese, Korean and emoji
const BROAD = /[A-Zmw@%—…]/;

/** How wide a name is at most, in px. @param {string} text */
const widthOf = (text) =>
  [...text].reduce((sum, sign) => sum + (WIDE.test(sign) ? 13 : BROAD.test(sign) ? 9.5 : 6.7), 0);

/**
 * Names beside their points, the first ones first; a name that would stand on another, or on a
 * point that has a name, stands further away if it must; where nothing is free it is left out.
 * @param {Name[]} requests
 * @param {Box} box
 * @returns {(Name & { anchor: "start" | "end", lx: number, ly: number, far: boolean })[]}
 */
export function placeNames(requests, box) {
  /** @type {{ l: number, r: number, y: number }[]} */
  const taken = requests.map(({ x, y }) => ({ l: x - 5, r: x + 5, y: y + 4 }));
  const points = taken.length;
  const placed = [];
  for (const name of requests) {
    const wide = widthOf(name.text) * (name.kind === "middle" ? 1.15 : 1) + 4;
    /** @param {Side} side @param {number} [from]  the first of the places taken that count */
    const fits = ([anchor, dx, dy], from = 0) => {
      const [l, y] = [name.x + dx - (anchor === "start" ? 0 : wide), name.y + dy];
      const inside =
        l >= box.x + 2 && l + wide <= box.x + box.w - 2 && y > box.y + 10 && y < box.y + box.h - 4;
      return (
        inside &&
        !taken.some(
          (t, i) => (!i || i >= from) && Math.abs(t.y - y) < 11 && l < t.r && t.l < l + wide,
        )
      );
    };
    const near = SIDES.find((side) => fits(side));
    /** @type {Side | undefined} */
    const side =
      near ??
      (name.must
        ? (FAR.find((far) => fits(far)) ??
          [...SIDES, ...FAR].find((any) => fits(any, points)) ?? // on other points, but for the first
          (name === requests[0] ? SIDES[0] : undefined))
        : undefined);
    if (!side) continue;
    const [anchor, dx, dy] = side;
    const [lx, ly] = [name.x + dx, name.y + dy];
    const l = anchor === "start" ? lx : lx - wide;
    taken.push({ l, r: l + wide, y: ly });
    placed.push({ ...name, anchor, lx, ly, far: !near });
  }
  return placed;
}
