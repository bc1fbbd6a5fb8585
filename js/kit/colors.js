/**
 * Color maps: diverging for signed values (orange, purple), sequential for amounts (cividis),
 * categorical (Okabe–Ito).
 */
/** @typedef {"light" | "dark"} ColorScheme */

// Nine stops each, orange below zero and purple above; the middle is the page, so that zero recedes.
const DIVERGING = {
  light: [
    "#b35806",
    "#dd7a1c",
    "#f3a95a",
    "#fbd8ae",
    "#f4f4f5",
    "#d9d4ea",
    "#b4a9d3",
    "#8773b2",
    "#5a3a91",
  ],
  dark: [
    "#f08a24",
    "#cf7016",
    "#94521a",
    "#553620",
    "#262c35",
    "#3c3658",
    "#5f5391",
    "#8a78c8",
    "#b7a5f0",
  ],
};
const SEQUENTIAL = {
  light: [
    "#fdea45",
    "#e2cd55",
    "#c2b168",
    "#a59c74",
    "#8a8779",
    "#707173",
    "#565c6c",
    "#35456c",
    "#00204d",
  ],
  dark: [
    "#00204d",
    "#35456c",
    "#565c6c",
    "#707173",
    "#8a8779",
    "#a59c74",
    "#c2b168",
    "#e2cd55",
    "#fdea45",
  ],
};

/** Okabe–Ito, in the order in which kinds are given colors. */
export const CATEGORICAL = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#f0e442",
];

const STEPS = 64; // finer than the eye on a 20 px cell, and one table look-up per cell

/**
 * A uniform B-spline through colors, channel by channel, as d3's interpolateRgbBasis draws it.
 * (d3-interpolate brings the parsing of every CSS color along: 15 kB that each widget would carry.)
 * @param {string[]} stops
 */
function ramp(stops) {
  const channels = [1, 3, 5].map((at) => stops.map((stop) => parseInt(stop.slice(at, at + 2), 16)));
  return Array.from(
    { length: STEPS + 1 },
    (_, i) => `rgb(${channels.map((c) => Math.round(spline(c, i / STEPS))).join(",")})`,
  );
}

/**
 * @param {number[]} values
 * @param {number} t  0 to 1
 */
function spline(values, t) {
  const last = values.length - 1;
  const i = Math.min(last - 1, Math.floor(t * last));
  const u = t * last - i;
  const b = values[i];
  const c = values[i + 1];
  const a = values[i - 1] ?? 2 * b - c;
  const d = values[i + 2] ?? 2 * c - b;
  return (
    ((1 - u) ** 3 * a +
      (4 - 6 * u * u + 3 * u ** 3) * b +
      (1 + 3 * u + 3 * u * u - 3 * u ** 3) * c +
      u ** 3 * d) /
    6
  );
}

/** @type {Record<ColorScheme, string[]>} */
const DIVERGING_RAMP = { light: ramp(DIVERGING.light), dark: ramp(DIVERGING.dark) };
/** @type {Record<ColorScheme, string[]>} */
const SEQUENTIAL_RAMP = { light: ramp(SEQUENTIAL.light), dark: ramp(SEQUENTIAL.dark) };

/**
 * Return the diverging color of a value; `most` gets the full color.
 * @param {number} value
 * @param {number} most
 * @param {ColorScheme} shade
 */
export function divergingColor(value, most, shade) {
  const t = Math.max(-1, Math.min(1, value / most));
  return DIVERGING_RAMP[shade][Math.round(((t + 1) / 2) * STEPS)];
}

/**
 * Return the sequential color of an amount from 0 to 1.
 * @param {number} t
 * @param {ColorScheme} shade
 */
export function sequentialColor(t, shade) {
  return SEQUENTIAL_RAMP[shade][Math.round(Math.max(0, Math.min(1, t)) * STEPS)];
}

/**
 * Return the largest finite absolute value, at least 1.
 * @param {import("./wire.js").Numbers} values
 */
export function maxAbs(values) {
  let most = 1; // d3's max would bring 2 kB along, into every view
  for (const value of values) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
  return most;
}
