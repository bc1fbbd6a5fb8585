/**
 * Charts beside the maps: the loss of every run, and the values of the selected row over time.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { divergingColor } from "../kit/colors.js";
import { fixed, shorten } from "../kit/format.js";
import { SLOT_SYMBOLS } from "./arithmetic.js";
import { SHADES, addLine, signedShade } from "./cells.js";
import { stepX } from "./layout.js";
import { shortNumber } from "./number_format.js";
import { rowName, selectedRun } from "./state.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {{ name: string, value: (s: number) => number }} Lane */

/** @param {SceneFrame} d */
export function loss(d) {
  const { derived, at, s, n, scene } = d;
  const { S, runs, unbranched } = derived;
  const box = at.loss;
  const [low, high] = lossRange(derived);
  const x = (/** @type {number} */ t) => stepX(box, t + 0.5, S);
  const y = (/** @type {number} */ v) => box.y + box.h * (1 - (v - low) / (high - low));
  /** @param {ArrayLike<number>} values @param {number} [from] */
  const line = (values, from = 0) => {
    let path = "";
    for (let t = from; t < S; t++)
      if (Number.isFinite(values[t])) path += `${path ? "L" : "M"}${r(x(t))} ${r(y(values[t]))}`;
    return path;
  };
  const now = runs[n].losses[s];
  return svg`<g class="loss">
    <text class="head" x=${box.x} y=${box.y - 12}>${runs.length > 1 || unbranched ? "loss" : "loss of each batch"}</text>
    ${guard(
      [scene.trace, at, n],
      () => svg`<path class="axis" d="M${box.x} ${box.y}V${box.y + box.h}H${box.x + box.w}" />
      <text class="num" x=${box.x - 5} y=${box.y + 8} text-anchor="end">${fixed(high)}</text>
      <text class="num" x=${box.x - 5} y=${box.y + box.h} text-anchor="end">${fixed(low)}</text>
      <text class="num" x=${box.x} y=${box.y + box.h + 14}>1</text>
      <text class="num" x=${box.x + box.w} y=${box.y + box.h + 14} text-anchor="end">step ${S}</text>
      ${unbranched ? svg`<path class="curve past" d=${line(unbranched.losses, unbranched.from)} />` : nothing}
      ${runs.map((run, i) => (i === n ? nothing : svg`<path class="curve other o${i}" d=${line(run.losses)} />`))}
      <path class="curve" d=${line(runs[n].losses)} />
      ${runs.length > 1 || unbranched ? keys(d) : nothing}`,
    )}
    <path class="now" d="M${x(s)} ${box.y - 4}V${box.y + box.h}" />
    ${Number.isFinite(now) ? svg`<circle class="dot hit" cx=${x(s)} cy=${y(now)} r="4" />` : svg`<text x=${box.x + 8} y=${box.y + box.h / 2}>no pair, no loss</text>`}
  </g>`;
}

/** Key of the lines. @param {SceneFrame} d */
function keys({ derived, at, n }) {
  const names = derived.runs.map((run) => run.rule(Infinity).optimizer);
  const named = names.map((name, i) => [
    i === n ? "curve" : `curve other o${i}`,
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}, run ${i + 1}`,
  ]);
  if (derived.unbranched) named.push(["curve past", "original run"]);
  const { x, y, w } = at.loss;
  let left = x;
  const down = y + at.loss.h + 30;
  return named.map(([kind, text]) => {
    const from = left;
    left += text.length * (named.length > 2 && w < 300 ? 5.3 : 6) + 32;
    return svg`<path class=${kind} d="M${from} ${down - 4}h16" /><text class="which" x=${from + 20} y=${down}>${text}</text>`;
  });
}

/** @param {import("./trace.js").Derived} derived @returns {[number, number]} */
export function lossRange({ runs, unbranched }) {
  let low = Infinity;
  let high = -Infinity;
  for (const run of [...runs, unbranched]) {
    for (const value of run?.losses ?? []) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low < high ? [low, high] : Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
}

/**
 * Return the lanes of a row: w, g and the optimizer slots; the first two columns of each.
 * @param {SceneFrame} d
 * @returns {Lane[]}
 */
export function lanesOf({ derived, run, row, s: now }) {
  const shown = Math.min(derived.D, 2);
  const names = run.rule(now).slots; // before and after a branch, only slots with the same meaning
  const same = (/** @type {number} */ s, /** @type {number} */ slot) =>
    run.rule(s).slots[slot] === names[slot];
  /** @type {[string, (s: number, c: number) => number][]} */
  const kinds = [
    ["w", (s, c) => run.weights(s + 1, row)[c]],
    ["g", (s, c) => run.grad(s, row)[c]],
    ...names.map(
      (name, slot) =>
        /** @type {[string, (s: number, c: number) => number]} */ ([
          SLOT_SYMBOLS[name] ?? name,
          (s, c) => (same(s, slot) ? (run.slot(slot, s + 1, row)?.[c] ?? NaN) : NaN),
        ]),
    ),
  ];
  return kinds.flatMap(([name, value]) =>
    Array.from({ length: shown }, (_, c) => ({
      name: derived.D > 1 ? `${name}[${c}]` : name,
      value: (/** @type {number} */ s) => value(s, c),
    })),
  );
}

/**
 * Return the frame of the selected run and row, whatever is hovered.
 * @param {SceneFrame} d
 * @returns {SceneFrame}
 */
export function withSelectedRow(d) {
  const n = selectedRun(d.scene);
  return { ...d, n, run: d.derived.runs[n], row: d.scene.ui.local.row };
}

/** @param {SceneFrame} drawing */
export function lanes(drawing) {
  const d = withSelectedRow(drawing); // a hover does not change them
  const { scene, derived, at, row, s, n, run } = d;
  const { S } = derived;
  const box = at.lanes;
  const all = lanesOf(d);
  const name = rowName(derived, row);
  const x = stepX(box, s, S);
  const next = stepX(box, s + 1, S);
  const bottom = all.length * at.lane;
  return svg`<g class="lanes">
    <text class="head" x=${box.x - 60} y=${box.y - 12}>“${shorten(name, 12)}” over time${derived.runs.length > 1 && box.w > 240 ? svg`<tspan class="sub">, ${run.rule(s).optimizer}</tspan>` : nothing}</text>
    ${guard([scene.trace, at, scene.theme, row, n, all.map((lane) => lane.name).join()], () => all.map((lane, i) => cells(lane, i, d)))}
    <path class="now" d="M${(x + next) / 2} ${box.y - 4}v${bottom + 6}" />
  </g>`;
}

/** @param {Lane} lane @param {number} i @param {SceneFrame} d */
function cells({ name, value }, i, { scene, derived, at }) {
  const { S } = derived;
  const box = at.lanes;
  const y = box.y + i * at.lane;
  let most = 0;
  for (let s = 0; s < S; s++)
    if (Number.isFinite(value(s))) most = Math.max(most, Math.abs(value(s)));
  const paths = addLine(
    S,
    (s) => signedShade(value(s), most || 1),
    { x: box.x, y, w: box.w, h: at.lane - 3 },
    new Map(),
  );
  const { scheme, forcedColors } = scene.theme;
  return svg`<text class="lane" x=${box.x - 6} y=${y + 9} text-anchor="end">${name}</text>
    <rect class="bed" x=${box.x} y=${y} width=${box.w} height=${at.lane - 3} />
    ${[...paths].map(([level, path]) => svg`<path d=${path} fill=${forcedColors ? (level < 0 ? "GrayText" : "CanvasText") : divergingColor(level / SHADES, 1, scheme)} />`)}
    ${[...paths.keys()].some((level) => level < 0) ? minus(value, S, box, y, at.lane) : nothing}`;
}

/**
 * Dashes on the negative cells, so that color is not the only cue.
 * @param {Lane["value"]} value
 * @param {number} S
 * @param {import("./layout.js").Box} box
 * @param {number} y
 * @param {number} lane
 */
function minus(value, S, box, y, lane) {
  let path = "";
  for (let s = 0; s < S; s++) {
    if (!(value(s) < 0)) continue;
    const from = s;
    while (s + 1 < S && value(s + 1) < 0) s++;
    path += `M${r(stepX(box, from, S) + 1)} ${r(y + (lane - 3) / 2)}H${r(stepX(box, s + 1, S) - 1)}`;
  }
  return svg`<path class="minus" aria-hidden="true" d=${path} />`;
}

/** Return the lanes at this step as text. @param {SceneFrame} d */
export const laneText = (d) =>
  lanesOf(d)
    .map(({ name, value }) => `${name} ${shortNumber(value(d.s))}`)
    .join(", ");

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
