/**
 * Dots of the map: pixels of one picture, so that tens of thousands are painted within a frame.
 */
import { isFiniteRow } from "./trace.js";

/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Scale} Scale */

const SHADES = 8;
const BESIDE = 0.5; // of the map on each side: so far one may pan before it is painted anew

/** @typedef {{ color: number[], opacity: number, radius: number, shape: string }} Look */
/**
 * @typedef {object} Coloring  a class of each row, and how the classes look, the last one on top
 * @property {ArrayLike<number>} classes
 * @property {Look[]} looks
 */
/**
 * @typedef {object} Ordered  rows by their class, and where each class begins
 * @property {Uint32Array} rows
 * @property {Uint32Array} starts
 */
/** @type {WeakMap<object, Ordered>} */
const cache = new WeakMap();

/** @param {Derived} derived @param {ArrayLike<number>} classes @param {number} count @returns {Ordered} */
function byClass(derived, classes, count) {
  const before = cache.get(classes);
  if (before) return before;
  const starts = new Uint32Array(count + 1);
  for (let row = 0; row < derived.V; row++)
    if (isFiniteRow(derived, row)) starts[classes[row] + 1]++;
  for (let one = 0; one < count; one++) starts[one + 1] += starts[one];
  const next = starts.slice();
  const rows = new Uint32Array(starts[count]);
  for (let row = 0; row < derived.V; row++)
    if (isFiniteRow(derived, row)) rows[next[classes[row]]++] = row;
  const result = { rows, starts };
  cache.set(classes, result);
  return result;
}

/** @type {WeakMap<Derived, Uint8Array>} */
const shadesOf = new WeakMap();

/** Rows by their shade: the nearer to the picked word, the stronger. @param {Derived} derived */
function shades(derived) {
  const { V, plain, values, near } = derived;
  let result = shadesOf.get(derived);
  if (result) return result;
  const nearest = values[near[0]] ?? 0;
  result = new Uint8Array(V);
  for (let row = 0; row < V; row++) {
    const share = plain ? nearest / values[row] : values[row] / Math.max(0.1, nearest);
    const strength = Math.max(0, Math.min(1, share)) ** 3 || 0; // NaN is none
    result[row] = Math.round(strength * SHADES);
  }
  shadesOf.set(derived, result);
  return result;
}

/** How near the words are to the picked one. @param {Derived} derived @param {number[]} faint @param {number[]} hit @param {boolean} predicting @returns {Coloring} */
function byNearness(derived, faint, hit, predicting) {
  const small = derived.V > 300 ? 1.5 : 3;
  const looks = Array.from({ length: SHADES + 1 }, (_, shade) => {
    const share = predicting ? 0 : shade / SHADES;
    const color = share ? hit : faint;
    return { color, opacity: 0.35 + 0.5 * share, radius: small + 1.2 * share, shape: "circle" };
  });
  return { classes: shades(derived), looks };
}

/**
 * @typedef {object} Painting
 * @property {Derived} derived
 * @property {import("./layout.js").Layout} at
 * @property {Scale} scale
 * @property {ArrayLike<number>} points
 * @property {import("../kit/theme.js").Theme} theme
 * @property {boolean} predicting
 * @property {boolean} zoomed
 * @property {((channels: (color: string) => number[]) => Coloring) | null} coloring  null: by nearness
 * @property {unknown[]} colored  what the coloring depends on
 * @property {number[]} selected  rows that stand out
 */
/** @typedef {{ key: unknown[], k: number, sheet: HTMLCanvasElement, mx: number, my: number, left: number, top: number, dense: number, shown: string }} Picture */
/** @type {WeakMap<HTMLCanvasElement, Picture>} */
const pictures = new WeakMap();

/** Show all dots; what was painted before is moved, as long as it reaches. @param {HTMLCanvasElement} el @param {Painting} what */
export function paintDots(el, what) {
  const { derived, points, theme, predicting, colored, selected, scale, zoomed, at } = what;
  const dense = Math.min(3, globalThis.devicePixelRatio || 1);
  const { w, h } = at.map;
  const key = [
    derived,
    points,
    theme,
    predicting,
    zoomed,
    w,
    h,
    dense,
    scale.k,
    selected,
    ...colored,
  ];
  let picture = pictures.get(el);
  if (!picture || !key.every((part, i) => part === picture?.key[i]) || !slideDots(el, scale)) {
    const [width, height] = [Math.round(w * dense), Math.round(h * dense)];
    if (el.width !== width || el.height !== height) Object.assign(el, { width, height });
    picture = paintSheet(el, what, key, dense);
    if (picture) pictures.set(el, picture);
    slideDots(el, scale);
  }
}

/** Show the painted dots where a camera sees them; false where they do not reach. @param {HTMLCanvasElement} el @param {Scale} scale */
export function slideDots(el, scale) {
  const picture = pictures.get(el);
  const pen = el.getContext("2d");
  if (!picture || !pen || picture.k !== scale.k) return false;
  const { sheet, left, top, dense, mx, my } = picture;
  const x = Math.round((mx - scale.mx) * scale.k * dense) - left;
  const y = Math.round((scale.my - my) * scale.k * dense) - top;
  if (x > 0 || y > 0 || x + sheet.width < el.width || y + sheet.height < el.height) return false;
  if (picture.shown !== `${x} ${y}`) {
    pen.globalCompositeOperation = "copy";
    pen.drawImage(sheet, x, y);
    picture.shown = `${x} ${y}`;
  }
  return true;
}

/** @param {HTMLCanvasElement} el @param {Painting} what @param {unknown[]} key @param {number} dense @returns {Picture | undefined} */
function paintSheet(
  el,
  { derived, at, scale, points, theme, predicting, zoomed, coloring, selected },
  key,
  dense,
) {
  const { map } = at;
  const beside = zoomed ? BESIDE : 0;
  const [leftEdge, topEdge] = [Math.round(el.width * beside), Math.round(el.height * beside)];
  const sheet = document.createElement("canvas");
  const [width, height] = [el.width + 2 * leftEdge, el.height + 2 * topEdge];
  Object.assign(sheet, { width, height });
  const pen = sheet.getContext("2d");
  if (!pen || !width || !height) return undefined;
  const style = getComputedStyle(el);
  /** @param {string} color */
  const rgb = (color) =>
    channels(pen, color.startsWith("--") ? style.getPropertyValue(color) : color);
  const faint = rgb(style.color);
  const hit = theme.forcedColors ? faint : rgb("--hit");
  const { classes, looks } = coloring?.(rgb) ?? byNearness(derived, faint, hit, predicting);
  const image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const { rows, starts } = byClass(derived, classes, looks.length);
  const [k, left, top] = [
    scale.k * dense,
    (scale.cx - map.x - scale.mx * scale.k) * dense + leftEdge,
    (scale.cy - map.y + scale.my * scale.k) * dense + topEdge,
  ];
  /** @param {ArrayLike<number>} some @param {number} from @param {number} to @param {Look} look */
  const paint = (some, from, to, look) => {
    const dot = dotOf(look, dense);
    const { side, half } = dot;
    for (let at = from; at < to; at++) {
      const row = some[at];
      const x = Math.round(left + points[2 * row] * k) - half;
      const y = Math.round(top - points[2 * row + 1] * k) - half;
      if (!(x > -side && x < width && y > -side && y < height)) continue;
      stamp(pixels, width, height, dot, x, y);
    }
  };
  const dim = selected.length ? 0.35 : 1; // what is selected stands out
  for (const [n, look] of looks.entries())
    paint(rows, starts[n], starts[n + 1], { ...look, opacity: look.opacity * dim });
  for (const [n, { radius, ...look }] of selected.length ? looks.entries() : []) {
    const some = selected.filter((row) => classes[row] === n && isFiniteRow(derived, row));
    paint(some, 0, some.length, { ...look, radius: radius + 1, opacity: 1 });
  }
  pen.putImageData(image, 0, 0);
  return {
    key,
    k: scale.k,
    sheet,
    mx: scale.mx,
    my: scale.my,
    left: leftEdge,
    top: topEdge,
    dense,
    shown: "",
  };
}

/** Put a dot into the picture: where dots overlap, the more opaque pixel stays. @param {Uint32Array} pixels @param {number} width @param {number} height @param {Dot} dot @param {number} x @param {number} y */
function stamp(pixels, width, height, { side, values }, x, y) {
  const [i0, i1] = [Math.max(0, -x), Math.min(side, width - x)];
  const j1 = Math.min(side, height - y);
  for (let j = Math.max(0, -y); j < j1; j++) {
    const [to, from] = [(y + j) * width + x, j * side];
    for (let i = i0; i < i1; i++) {
      const value = values[from + i];
      if (value >>> 24 >= pixels[to + i] >>> 24) pixels[to + i] = value;
    }
  }
}

/** @typedef {{ side: number, half: number, values: Uint32Array }} Dot  pixels of a square around it, alpha in the highest byte */

/** The shapes of dots, in a square of 10. @type {Record<string, string>} */
export const SHAPES = {
  circle: "M1 5a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
  square: "M1.5 1.5h7v7h-7z",
  up: "M5 1L9.3 8.6H.7z",
  diamond: "M5 .4L9.6 5 5 9.6.4 5z",
  plus: "M3.6.8h2.8v2.8h2.8v2.8H6.4v2.8H3.6V6.4H.8V3.6h2.8z",
  cross: "M2.2.6L5 3.4 7.8.6 9.4 2.2 6.6 5l2.8 2.8-1.6 1.6L5 6.6 2.2 9.4.6 7.8 3.4 5 .6 2.2z",
  down: "M5 9L.7 1.4h8.6z",
  ring: "M1 5a4 4 0 1 0 8 0a4 4 0 1 0-8 0zM2 5a3 3 0 1 1 6 0a3 3 0 1 1-6 0z",
};

/** @param {Look} look  its radius in px of the screen @param {number} dense @returns {Dot} */
function dotOf({ radius, color: [r, g, b], opacity, shape }, dense) {
  const scale = (radius * dense) / 4;
  const half = Math.ceil(4.7 * scale);
  const side = 2 * half + 1;
  const sheet = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const pen = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
  pen.translate(half + 0.5 - 5 * scale, half + 0.5 - 5 * scale);
  pen.scale(scale, scale);
  pen.fill(new Path2D(SHAPES[shape]), "evenodd");
  const { data } = pen.getImageData(0, 0, side, side);
  const values = Uint32Array.from({ length: side * side }, (_, n) => {
    const alpha = Math.round(opacity * data[4 * n + 3]);
    return alpha ? ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0 : 0;
  });
  return { side, half, values };
}

/** Red, green and blue of a CSS color. @param {CanvasRenderingContext2D} pen @param {string} color */
function channels(pen, color) {
  pen.fillStyle = "#888888";
  pen.fillStyle = color.trim();
  const parts = /^#(..)(..)(..)$/.exec(String(pen.fillStyle));
  return parts
    ? parts.slice(1).map((part) => parseInt(part, 16))
    : (String(pen.fillStyle).match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}
