/**
 * Colors of the dots: by nearness to the picked word, or by a column of labels, with its legend.
 *
 * The categories differ in shape too, and a legend names them: no color carries a meaning alone.
 */
import { html, nothing, svg } from "lit-html";
import { formatInt, pluralize, shorten } from "../kit/format.js";
import { SHAPES } from "./dots.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./dots.js").Coloring} Coloring */
/**
 * @typedef {object} Legend
 * @property {"categories" | "numbers"} kind
 * @property {string[]} names     of categories, the most frequent first
 * @property {number[]} counts    of all rows
 * @property {number} low         of numbers
 * @property {number} high
 * @property {boolean} log
 * @property {number} missing
 */

const CATEGORIES = 8; // that have a color; the rest is "other"
const NAMES = Object.keys(SHAPES);
const STEPS = 9; // of a scale of numbers
const [MISSING, OTHER] = [255, 254]; // as Python codes them

/** Eight colors that stay apart in the three common color blindnesses, 3 : 1 and more on the panel. @type {Record<string, string[]>} */
export const PALETTES = {
  light: ["#0050a0", "#c75000", "#008060", "#b0408c", "#3090d0", "#8f6500", "#6d1f33", "#5d6b00"],
  dark: ["#6fa8ff", "#ff9350", "#35d0a5", "#f08ccb", "#8fdcff", "#e3bd45", "#ff6f7d", "#c3dd6a"],
};
/** From low to high, by lightness: cividis without the end that the background swallows. @type {Record<string, string[]>} */
const SCALES = {
  light: ["#b8a64f", "#8f8a70", "#6a6c71", "#3f4c6e", "#00224e"],
  dark: ["#5b6a8f", "#7f8089", "#9d9678", "#c8b866", "#fee838"],
};

/** @param {import("../kit/wire.js").Trace} trace @returns {Legend | undefined} */
const legendIn = ({ header }) => /** @type {any} */ (header).legend;

/** @param {Legend} legend @param {number} value  between 0 and 1, NaN for none */
function shareOf({ low, high, log }, value) {
  const [from, to, at] = log ? [low, high, value].map(Math.log) : [low, high, value];
  return to > from ? (at - from) / (to - from) : value * 0;
}

/** @type {WeakMap<import("./trace.js").Derived, Uint8Array>} */
const classesOf = new WeakMap();

/** Classes in the order of painting: without a label, other, and the categories or steps. @param {import("./trace.js").Derived} derived @param {Legend} legend */
function classes(derived, legend) {
  const known = classesOf.get(derived);
  if (known) return known;
  const result = Uint8Array.from(/** @type {ArrayLike<number>} */ (derived.labels), (value) => {
    if (legend.kind === "categories")
      return value === MISSING ? 0 : value < CATEGORIES ? 2 + value : 1;
    const share = shareOf(legend, value);
    return Number.isNaN(share) ? 0 : 2 + Math.min(STEPS - 1, Math.floor(share * STEPS));
  });
  classesOf.set(derived, result);
  return result;
}

/** @param {string[]} scale @param {number} share @param {(color: string) => number[]} rgb */
function mixed(scale, share, rgb) {
  const at = Math.min(scale.length - 1.001, share * (scale.length - 1));
  const [from, to] = [scale[Math.floor(at)], scale[Math.floor(at) + 1]].map(rgb);
  return from.map((value, n) => Math.round(value + (to[n] - value) * (at % 1)));
}

/**
 * How the dots are colored, null by nearness, and all that this depends on.
 * @param {Scene} scene @param {number} zoom
 */
export function coloringOf({ trace, ui, theme, predicting }, zoom) {
  const legend = legendIn(trace);
  const { emphasis } = ui.local;
  if (!legend || predicting) return { coloring: null, colored: [null] };
  const derived = derive(trace);
  /** @param {(color: string) => number[]} rgb @returns {Coloring} */
  const coloring = (rgb) => {
    const radius = (derived.V > 2000 ? 2.4 : 3.6) * Math.min(1.7, zoom ** 0.25);
    const faint = { color: rgb("--ink-3"), opacity: 0.3, radius: radius * 0.7, shape: "circle" };
    const colors =
      legend.kind === "categories"
        ? PALETTES[theme.scheme].map(rgb)
        : Array.from({ length: STEPS }, (_, n) =>
            mixed(SCALES[theme.scheme], n / (STEPS - 1), rgb),
          );
    const looks = colors.map((color, n) => ({
      color: theme.forcedColors ? rgb("--ink") : color,
      opacity: 0.9,
      radius,
      shape: legend.kind === "categories" ? NAMES[n] : "circle",
    }));
    const all = [faint, { ...faint, opacity: 0.6 }, ...looks];
    return {
      classes: classes(derived, legend),
      looks:
        typeof emphasis === "number"
          ? all.map((look, n) => (n === emphasis ? { ...look, opacity: 1, radius } : faint))
          : all,
    };
  };
  return { coloring, colored: [legend, emphasis] };
}

/** @param {number} value */
export const number = (value) =>
  Number.isInteger(value) ? formatInt(value) : String(Number(value.toPrecision(3)));

/** The label of a row, by which the map is colored, or "". @param {import("../kit/wire.js").Trace} trace @param {number} row */
export function labelOf(trace, row) {
  const legend = legendIn(trace);
  const value = derive(trace).labels?.[row];
  if (!legend || value === undefined) return "";
  if (legend.kind === "numbers") return Number.isNaN(value) ? "none" : number(value);
  return value === MISSING ? "none" : value === OTHER ? "other" : legend.names[value];
}

/** Entries of a legend: its class, its name and count. @param {Legend} legend @returns {[number, string, number][]} */
function entriesOf({ names, counts, missing }) {
  const sum = (/** @type {number[]} */ some) => some.reduce((total, one) => total + one, 0);
  const named = names
    .slice(0, CATEGORIES)
    .map((name, n) => /** @type {[number, string, number]} */ ([2 + n, name, counts[n]]));
  const rest = names.length > CATEGORIES ? sum(counts.slice(CATEGORIES)) : 0;
  return [
    ...named,
    .../** @type {[number, string, number][]} */ (rest ? [[1, "other", rest]] : []),
    .../** @type {[number, string, number][]} */ (missing ? [[0, "no label", missing]] : []),
  ];
}

/** How many places the legend takes: 0 for none. @param {Scene} scene */
export function legendSize({ trace, predicting }) {
  const legend = legendIn(trace);
  if (!legend || predicting) return 0;
  return legend.kind === "numbers" ? 1 : entriesOf(legend).length;
}

/** @param {Scene} scene @param {import("./layout.js").Layout} at */
export function legendOf(scene, at) {
  if (!at.legend.columns) return nothing;
  const { trace, explorer, ui, theme } = scene;
  const legend = /** @type {Legend} */ (trace.header.legend);
  const { y, h, columns } = at.legend;
  const name = trace.header.params.color;
  const style = `top:${y}px;width:${at.map.w}px;height:${h}px`;
  if (legend.kind === "numbers") {
    const scale = SCALES[theme.scheme].join(",");
    const rest = legend.missing ? `, ${formatInt(legend.missing)} without` : "";
    return html`<p class="legend scale" style=${style}>
      <span>${name}${legend.log ? ", log scale" : ""}${rest}: <b>${number(legend.low)}</b></span>
      <i aria-hidden="true" style="background:linear-gradient(90deg,${scale})"></i
      ><span><span class="unseen">to</span><b>${number(legend.high)}</b></span>
    </p>`;
  }
  /** @param {number} one */
  const emphasize = (one) => {
    ui.local.emphasis = ui.local.emphasis === one ? null : one;
    explorer.updateUi({});
  };
  return html`<div class="legend" role="group" aria-label="Colors: ${name}" style="${style};grid-template-columns:repeat(${columns},1fr)">
    ${entriesOf(legend).map(
      ([one, text, count]) => html`<button
        type="button"
        data-place="legend:${one}"
        aria-pressed=${String(ui.local.emphasis === one)}
        aria-label="${text}, ${pluralize(count, "word")}"
        title="${text}: ${pluralize(count, "word")}"
        @click=${() => emphasize(one)}
      >${swatch(one, theme)}<bdi>${shorten(text, 16)}</bdi></button>`,
    )}
  </div>`;
}

/** @param {number} one @param {import("../kit/theme.js").Theme} theme */
function swatch(one, { scheme, forcedColors }) {
  const color = one < 2 || forcedColors ? "currentColor" : PALETTES[scheme][one - 2];
  const path = SHAPES[NAMES[Math.max(0, one - 2)]];
  return html`<svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">${svg`<path d=${path} fill=${color} fill-rule="evenodd" opacity=${one ? (one === 1 ? 0.7 : 1) : 0.4} />`}</svg>`;
}
