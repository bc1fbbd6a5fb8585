/**
 * A row on its ruler: the weights as marks that can be dragged, the quantization levels, and the
 * level each weight is rounded to.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { pluralize, fixed } from "../kit/format.js";
import { lanesOf, valueX } from "./layout.js";
import { formatWeight, formatStep } from "./number_format.js";

/** @typedef {import("./figure.js").Drawing} Drawing */
/** @typedef {import("./trace.js").Group} Group */

const DENSE = 3; // px between levels, below which they are drawn as one gray band

/** @param {Drawing} d */
export function ruler(d) {
  const { at, selected, scene } = d;
  const { band, count: bands } = at.ruler;
  const first = scene.ui.local.windows.band;
  return svg`<g class="ruler">
    ${heading(d)}
    ${Array.from({ length: bands }, (_, i) => bandOf(d, first + i, at.ruler.y + i * band))}
    ${ends(d)}
  </g>
  <g role="group" aria-label="Weights of ${selected.current.word || `row ${selected.row}`} on the ruler">${weightMarks(d)}</g>`;
}

/** @param {Drawing} d */
function heading({ at, selected, scene }) {
  const { current, row, derived } = selected;
  const { scheme } = current;
  const { step } = current.group(selected.col);
  const x = at.ruler.x - 10;
  const shared =
    scheme.groups > at.ruler.count
      ? `groups ${scene.ui.local.windows.band}–${scene.ui.local.windows.band + at.ruler.count - 1} of ${scheme.groups}, `
      : "";
  const apart =
    scheme.groups > 1 ? `${shared}a ruler each` : `quantization levels ${formatStep(step)} apart`;
  const stage = scene.ui.step === 1 || scene.ui.step === 0;
  return svg`<text class="head ${stage ? "now" : ""}" x=${x} y=${at.ruler.y - 24}
    >${current.word ? svg`${current.word}, ` : nothing}row ${row} of ${derived.size[0]}<tspan class="sub" x=${x} dy="15">${scheme.title}: ${apart}</tspan></text>`;
}

/**
 * Return the y of ticks and marks of a band.
 * @param {import("./layout.js").Layout} at
 * @param {number} y
 */
export function bandLines({ ruler: r }, y) {
  const bottom = y + r.band - 16;
  return { top: bottom - 11, bottom, mark: bottom - 11 - (r.count === 1 ? 18 : 12) };
}

/** @param {Drawing} d @param {number} index @param {number} y */
function bandOf(d, index, y) {
  const { at, selected, scene, later } = d;
  const { current, reach } = selected;
  const group = current.group(index * current.scheme.block);
  const { top, bottom } = bandLines(at, y);
  const used = new Map();
  for (let col = group.first; col <= group.last; col++) {
    const code = current.codes[col];
    used.set(code, [...(used.get(code) ?? []), col]);
  }
  const faded = later(1);
  const key = [
    at,
    reach,
    group.step,
    group.zero,
    y,
    [...used.keys()].join(),
    selected.col >= group.first && selected.col <= group.last ? current.codes[selected.col] : null,
    scene.theme,
  ];
  return svg`<g class=${faded}>
    <path class="axis" d="M${at.ruler.x} ${bottom}h${at.ruler.w}" />
    ${guard(key, () => levels(d, group, [...used.keys()], top, bottom))}
  </g>
  <g class=${later(3)}>${roundingLines(d, group, top, y)}</g>`;
}

/** @param {Group} group @param {number} code */
const valueOf = ({ zero, step }, code) => (code - zero) * step;

/**
 * @param {Drawing} d
 * @param {Group} group
 * @param {number[]} used
 * @param {number} top
 * @param {number} bottom
 */
function levels({ at, selected }, group, used, top, bottom) {
  const { reach, current } = selected;
  const apart = (group.step / reach / 2) * at.ruler.w;
  const inside = (/** @type {number} */ code) => Math.abs(valueOf(group, code)) <= reach * 1.0001;
  const x = (/** @type {number} */ code) => valueX(at, valueOf(group, code), reach);
  const codes = Array.from({ length: group.high - group.low + 1 }, (_, i) => group.low + i).filter(
    inside,
  );
  const selectedCode = current.codes[selected.col];
  const inGroup = selected.col >= group.first && selected.col <= group.last;
  const tick = (
    /** @type {number} */ code,
    /** @type {string} */ kind,
    /** @type {number} */ from,
  ) =>
    svg`<path class="tick ${kind}" d="M0 ${from}V${bottom}" style="transform:translateX(${x(code).toFixed(2)}px)" />`;
  const all =
    apart < DENSE && current.scheme.bits === 8
      ? svg`<rect class="dense" x=${x(codes[0] ?? 0)} y=${top + 4} width=${Math.max(0, x(codes.at(-1) ?? 0) - x(codes[0] ?? 0))} height=${bottom - top - 4} />`
      : codes.map((code) =>
          tick(code, used.includes(code) ? "used" : "", used.includes(code) ? top : top + 4),
        );
  const more =
    apart < DENSE && current.scheme.bits === 8
      ? used.filter(inside).map((code) => tick(code, "used", top))
      : nothing;
  const named = labeled(codes, used, inGroup ? selectedCode : null, x);
  // a place for each code: its number stays where it is, whichever others come and go
  return svg`${all}${more}${codes.map((code) =>
    named.includes(code)
      ? svg`<text class="code num ${used.includes(code) ? "used" : ""} ${inGroup && code === selectedCode ? "lit" : ""}" text-anchor="middle" y=${bottom + 11} style="transform:translateX(${x(code).toFixed(2)}px)">${fixed(code, 0)}</text>`
      : nothing,
  )}`;
}

/**
 * The codes that have room for their number: the one in hand, then those used, the ends, the others.
 * @param {number[]} codes
 * @param {number[]} used
 * @param {number | null} selectedCode
 * @param {(code: number) => number} x
 */
function labeled(codes, used, selectedCode, x) {
  /** @type {number[]} */
  const chosen = [];
  const wide = codes.length > 20 ? 26 : 17;
  const candidates = [
    selectedCode,
    ...used,
    codes[0],
    codes.at(-1),
    0,
    ...(codes.length > 20 ? [] : codes),
  ];
  for (const code of candidates) {
    if (code == null || !codes.includes(code) || chosen.includes(code)) continue;
    if (chosen.every((other) => Math.abs(x(other) - x(code)) >= wide)) chosen.push(code);
  }
  return chosen;
}

/** @param {Drawing} d */
function ends({ at, selected }) {
  const y = at.ruler.y + at.ruler.count * at.ruler.band + 11;
  const { x, w } = at.ruler;
  const most = formatWeight(selected.reach);
  return svg`<g class="num ends"><text x=${x} y=${y}>−${most}</text><text x=${x + w / 2} y=${y} text-anchor="middle">0</text><text x=${x + w} y=${y} text-anchor="end">+${most}</text>
    <path class="axis zero" d="M${x + w / 2} ${at.ruler.y}V${y - 11}" /></g>`;
}

/**
 * Return the positions of the marks of the drawn groups.
 * @param {Drawing} d
 * @returns {{ col: number, x: number, y: number, group: Group }[]}
 */
export function markPlaces({ at, selected, scene }) {
  const { current, reach } = selected;
  const { block } = current.scheme;
  const first = scene.ui.local.windows.band;
  const r = current.weights.length > 24 ? 3 : 4.5;
  return Array.from({ length: at.ruler.count }, (_, i) => {
    const group = current.group((first + i) * block);
    const { mark } = bandLines(at, at.ruler.y + i * at.ruler.band);
    const cols = Array.from({ length: group.last - group.first + 1 }, (_, k) => group.first + k);
    const xs = cols.map((col) => valueX(at, current.weights[col], reach));
    const lanes = lanesOf(xs, at.ruler.marks, 2 * r + 1);
    return cols.map((col, k) => ({ col, x: xs[k], y: mark - lanes[k] * 14, group }));
  }).flat();
}

/** @param {Drawing} d @param {Group} group @param {number} top @param {number} y */
function roundingLines(d, group, top, y) {
  const { at, selected, places } = d;
  const { mark } = bandLines(at, y);
  const path = (/** @type {{ col: number, x: number, y: number }} */ p) => {
    const back = valueX(at, valueOf(group, selected.current.codes[p.col]), selected.reach);
    return `M${p.x.toFixed(1)} ${p.y}V${mark + 5}L${back.toFixed(1)} ${top}`;
  };
  const groupMarks = places.filter((p) => p.col >= group.first && p.col <= group.last);
  const selectedMarks = groupMarks.filter((p) => p.col === selected.col);
  return svg`<path class="snap" d=${groupMarks
    .filter((p) => p.col !== selected.col)
    .map(path)
    .join("")} />
    <path class="snap lit" d=${selectedMarks.map(path).join("")} />`;
}

/** @param {Drawing} d */
function weightMarks({ selected, scene, places, predicting }) {
  const { current, row, reach } = selected;
  const r = current.weights.length > 24 ? 3.5 : 5;
  const stop = places.some((p) => p.col === selected.col) ? selected.col : places[0]?.col;
  return places.map(({ col, x, y }) => {
    const isSelected = col === selected.col;
    return svg`<circle
      class="float ${isSelected ? "lit" : ""} ${col === current.largest ? "largest" : ""} ${current.grown && col === current.largest ? "grew" : ""}"
      role="slider"
      tabindex=${col === stop ? 0 : -1}
      data-place="mark:${col}"
      aria-label="w[${row}, ${col}]"
      aria-valuemin=${-reach}
      aria-valuemax=${reach}
      aria-valuenow=${Number(current.weights[col].toPrecision(6))}
      aria-valuetext="${current.value(current.weights[col])}, code ${fixed(current.codes[col], 0)}"
      aria-disabled=${predicting ? "true" : nothing}
      cx="0" cy=${y} r=${isSelected ? r + 1.5 : r}
      style="transform:translateX(${x.toFixed(2)}px)"
    />${isSelected && !scene.ui.local.drag ? svg`<text class="which num" text-anchor=${x > 40 ? "end" : "start"} y=${y - 9} style="transform:translateX(${(x + (x > 40 ? 10 : -6)).toFixed(2)}px)">w[${row}, ${col}]</text>` : nothing}`;
  });
}

/** "2 groups", for a sentence. @param {number} n */
export const groupsOf = (n) => pluralize(n, "group");
