/**
 * Dots of the map: pixels of one picture, so that tens of thousands are painted within a frame.
 */
import { isFiniteRow } from "./trace.js";

/** @typedef {import("./trace.js").Derived} Derived */
/** @typedef {import("./layout.js").Scale} Scale */

const SHADES = 8;

/**
 * @typedef {object} Ordered  rows from the weakest to the strongest, and where each shade begins
 * @property {Uint32Array} rows
 * @property {Uint32Array} starts  SHADES + 2 of them
 */
/** @type {WeakMap<Derived, Ordered>} */
const cache = new WeakMap();

/** Rows by their shade: the larger the cosine with the picked word, the stronger. @param {Derived} derived @returns {Ordered} */
function byShade(derived) {
  const before = cache.get(derived);
  if (before) return before;
  const { V, cosines, near } = derived;
  const most = Math.max(0.1, cosines[near[0]] ?? 0);
  const shades = new Uint8Array(V);
  const starts = new Uint32Array(SHADES + 2);
  for (let row = 0; row < V; row++) {
    const strength = Math.max(0, Math.min(1, cosines[row] / most)) ** 3 || 0; // NaN is none
    shades[row] = Math.round(strength * SHADES);
    if (isFiniteRow(derived, row)) starts[shades[row] + 1]++;
  }
  for (let shade = 0; shade <= SHADES; shade++) starts[shade + 1] += starts[shade];
  const next = starts.slice();
  const rows = new Uint32Array(starts[SHADES + 1]);
  for (let row = 0; row < V; row++) if (isFiniteRow(derived, row)) rows[next[shades[row]]++] = row;
  const result = { rows, starts };
  cache.set(derived, result);
  return result;
}

/**
 * Paint all dots.
 * @param {HTMLCanvasElement} el
 * @param {object} what
 * @param {Derived} what.derived
 * @param {import("./layout.js").Layout} what.at
 * @param {Scale} what.scale
 * @param {ArrayLike<number>} what.points
 * @param {import("../kit/theme.js").Theme} what.theme
 * @param {boolean} what.predicting
 */
export function paintDots(el, { derived, at, scale, points, theme, predicting }) {
  const { map } = at;
  const dense = Math.min(3, globalThis.devicePixelRatio || 1);
  const [width, height] = [Math.round(map.w * dense), Math.round(map.h * dense)];
  if (el.width !== width || el.height !== height) Object.assign(el, { width, height });
  const pen = el.getContext("2d");
  if (!pen || !width || !height) return;
  const style = getComputedStyle(el);
  const faint = channels(pen, style.color);
  const hit = theme.forcedColors ? faint : channels(pen, style.getPropertyValue("--hit"));
  const image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const { rows, starts } = byShade(derived);
  const small = derived.V > 300 ? 1.5 : 3;
  const [k, left, top] = [
    scale.k * dense,
    (scale.cx - map.x - scale.mx * scale.k) * dense,
    (scale.cy - map.y + scale.my * scale.k) * dense,
  ];
  for (let shade = 0; shade <= SHADES; shade++) {
    const share = predicting ? 0 : shade / SHADES;
    const dot = dotOf((small + 1.2 * share) * dense, share ? hit : faint, 0.35 + 0.5 * share);
    const { side, half } = dot;
    for (let n = starts[shade]; n < starts[shade + 1]; n++) {
      const row = rows[n];
      const x = Math.round(left + points[2 * row] * k) - half;
      const y = Math.round(top - points[2 * row + 1] * k) - half;
      if (!(x > -side && x < width && y > -side && y < height)) continue;
      stamp(pixels, width, height, dot, x, y);
    }
  }
  pen.putImageData(image, 0, 0);
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

/** @param {number} radius  px of the picture @param {number[]} color @param {number} opacity @returns {Dot} */
function dotOf(radius, [r, g, b], opacity) {
  const half = Math.ceil(radius);
  const side = 2 * half + 1;
  const values = Uint32Array.from({ length: side * side }, (_, n) => {
    const [dx, dy] = [(n % side) - half, Math.floor(n / side) - half];
    const covered = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(dx, dy)));
    const alpha = Math.round(255 * opacity * covered);
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
