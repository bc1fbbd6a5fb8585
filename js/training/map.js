/**
 * Map of a run: each row of the table as a point with its path, and an arrow for a row that moves
 * without a gradient.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { shorten } from "../kit/format.js";
import { mapper } from "./layout.js";
import { movingForce } from "./narration.js";
import { shortNumber } from "./number_format.js";
import { ARROW_SCALE, ARROW_LABEL, label, positions } from "./positions.js";
import { selectedRun } from "./state.js";
import { distance, weightsAt } from "./trace.js";
import { pastTrail, path, trail } from "./trails.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */
/** @typedef {import("./positions.js").Dot} Dot */

/**
 * Points, labels and paths on a layer of their own, which does not change with the hover.
 * @param {SceneFrame} d
 */
export function mapLayer(d) {
  const { scene, at, s, k } = d;
  const { row, pins } = scene.ui.local;
  return guard(
    [
      scene.trace,
      at,
      s,
      k,
      row,
      pins.join(),
      scene.theme,
      d.runs.join(),
      d.predicting,
      revealed(d, selectedRun(scene)),
    ],
    () => d.runs.map((n) => mapOf(d, n)),
  );
}

/**
 * Elements that look the same are one path, because the browser lays out every element at each step.
 * @param {SceneFrame} d
 * @param {number} n
 */
function mapOf(d, n) {
  const { scene, derived, at, s } = d;
  const { local } = scene.ui;
  const run = derived.runs[n];
  const box = at.maps[n];
  const { here, flying, names } = positions(d)[n];
  const pinned = (/** @type {number} */ row) => local.pins.includes(row);
  const state = (/** @type {number} */ row) =>
    pinned(row) ? "pinned" : !d.predicting && run.movedWithoutGrad(s, row) ? "no-grad" : "";
  const trails = (/** @type {boolean} */ pinnedOnes) =>
    derived.order
      .flatMap((row) => (pinned(row) === pinnedOnes ? [trail(d, n, row, Math.floor(d.k))] : []))
      .join("");
  const spots = (/** @type {string} */ kind) =>
    here
      .flatMap(({ row, x, y }) =>
        state(row) === kind ? [spot(x, y, kind === "pinned" ? 5 : 4)] : [],
      )
      .join("");
  const isRevealed = revealed(d, n);
  return svg`<rect class="sheet" x=${box.x} y=${box.y} width=${box.w} height=${box.h} rx="6" />
    ${
      d.predicting
        ? nothing
        : svg`<path class="trail" d=${trails(false)} />
    <path class="trail pinned" d=${trails(true)} />
    ${unbranchedRun(d, n)}
    <g class="arrows"><path d=${flying.map(({ line }) => line).join("")} /><path class="tip" d=${flying.map(({ head }) => head).join("")} /></g>`
    }
    ${(d.predicting ? ["", "pinned"] : ["", "no-grad", "pinned"]).map((kind) => svg`<path class="dot ${kind}" d=${spots(kind)} />`)}
    ${here.map(({ row }) => (isRevealed && row === local.row ? nothing : name(names.get(row), state(row), label(d, row))))}
    ${name(names.get(ARROW_LABEL), "momentum", movingForce(run.rule(s).optimizer))}
    ${here.length ? nothing : svg`<text x=${box.x + box.w / 2} y=${box.y + box.h / 2} text-anchor="middle">no row has finite coordinates</text>`}
    ${n === d.runs.at(-1) ? projectionNote(d, box) : nothing}`;
}

/** A disc, as a part of a path. @param {number} x @param {number} y @param {number} radius */
const spot = (x, y, radius) =>
  `M${r(x - radius)} ${r(y)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;

/**
 * @param {{ x: number, y: number, anchor: string } | undefined} place
 * @param {string} kind
 * @param {string} text
 */
const name = (place, kind, text) =>
  place
    ? svg`<text class="name ${kind}" transform="translate(${r(place.x)} ${r(place.y)})" text-anchor=${place.anchor}>${text}</text>`
    : nothing;

/** Selected and hovered rows, above the points. @param {SceneFrame} d */
export const maps = (d) => d.runs.map((n) => mapHighlights(d, n));

/** @param {SceneFrame} d @param {number} n */
function mapHighlights(d, n) {
  const { scene, derived, at, row } = d;
  const run = derived.runs[n];
  const box = at.maps[n];
  const { here, names } = positions(d)[n];
  const most = Math.max(20, Math.floor(box.w / 6.8));
  const long =
    run.branchStep === null ? run.title : `${run.title}, from step ${run.branchStep + 1}`;
  const title = long.length > most ? run.title : long;
  const dot = here.find((one) => one.row === row);
  const place = dot && (names.get(row) ?? { x: dot.x + 9, y: dot.y + 4, anchor: "start" });
  return svg`<g>
    <text class="head title ${d.n === n ? "active" : ""}" x=${box.x} y=${box.y - 9}>${shorten(title, most)}</text>
    ${d.predicting ? nothing : svg`<path class="trail hit" d=${guard([scene.trace, at, Math.floor(d.k), row], () => trail(d, n, row, Math.floor(d.k)))} />`}
    ${d.n === n ? ruler(d, here) : nothing}
    ${dot ? svg`<circle class="dot hit" cx=${r(dot.x)} cy=${r(dot.y)} r="6" />` : nothing}
    ${revealed(d, n) ? revealedPath(d, n) : name(place, "hit", label(d, row))}
  </g>`;
}

/**
 * The original run, behind the branch.
 * @param {SceneFrame} d
 * @param {number} n
 */
function unbranchedRun(d, n) {
  const { scene, derived, s, at } = d;
  const past = derived.unbranched;
  const { local } = scene.ui;
  if (!past || past.run !== n || s + 1 < past.from) return nothing;
  if (s + 1 === past.from) return fork(d, n, past);
  const k = Math.max(d.k, past.from);
  const map = mapper(derived.bounds, at.maps[n]);
  const special = (/** @type {number} */ row) => row === local.row || local.pins.includes(row);
  const rowsWhere = (/** @type {boolean} */ kind) =>
    derived.order.filter((row) => special(row) === kind);
  const trailOf = (/** @type {number} */ row) => pastTrail(d, past, row, Math.floor(k));
  const stands = (/** @type {number} */ row) => {
    const [x, y] = map.at(derived.project(weightsAt(past.weights, k, row)));
    return Number.isFinite(x) && Number.isFinite(y) ? spot(x, y, 3.5) : "";
  };
  return svg`<g class="unbranched">
    <path d=${rowsWhere(false).map(trailOf).join("")} /><path class="special" d=${rowsWhere(true).map(trailOf).join("")} />
    <path class="spots" d=${derived.order.map(stands).join("")} />
  </g>`;
}

/**
 * Where a run branches: what the selected row will do in the branch, and in gray what it did without.
 * @param {SceneFrame} d
 * @param {number} n
 * @param {NonNullable<SceneFrame["derived"]["unbranched"]>} past
 */
function fork(d, n, past) {
  const { row } = d.scene.ui.local;
  const { S, runs } = d.derived;
  return svg`<g class="unbranched"><path class="special" d=${pastTrail(d, past, row, S)} /></g>
    <path class="ahead" pathLength="1" d=${path(d, n, runs[n].weights, row, past.from, S)} />`;
}

/**
 * After a prediction: the true path of the row, and its label.
 * @param {SceneFrame} d
 * @param {number} n
 */
function revealedPath(d, n) {
  const { scene, s, row, run, at } = d;
  const ahead = path(
    d,
    n,
    run.weights,
    row,
    s + 1,
    s + 1 + (scene.ui.prediction?.curve.length ?? 0),
  );
  const [x, y] = ahead
    .slice(Math.max(ahead.lastIndexOf("L"), 0) + 1)
    .split(" ")
    .map(Number);
  const left = x > at.maps[n].x + at.maps[n].w - 70;
  return ahead
    ? svg`<path class="ahead" pathLength="1" d=${ahead} /><circle class="dot no-grad" cx=${x} cy=${y} r="5" />
      ${name({ x: x + (left ? -9 : 9), y: y + 4, anchor: left ? "end" : "start" }, "hit", label(d, row))}`
    : nothing;
}

/**
 * Whether a prediction about this run was revealed: its row's name moves along.
 * @param {SceneFrame} d
 * @param {number} n
 */
const revealed = ({ scene }, n) =>
  scene.ui.prediction?.phase === "revealed" && selectedRun(scene) === n;

/**
 * Distance from the selected row to each pinned one.
 * @param {SceneFrame} d
 * @param {Dot[]} here
 */
function ruler({ scene, run, row, s }, here) {
  const one = here.find((dot) => dot.row === row);
  if (!one) return nothing;
  return scene.ui.local.pins.map((/** @type {number} */ pin) => {
    const two = here.find((dot) => dot.row === pin);
    if (!two || pin === row) return nothing;
    const true_ = distance(run.weights(s + 1, row), run.weights(s + 1, pin));
    return svg`<g class="ruler"><path d="M${r(one.x)} ${r(one.y)}L${r(two.x)} ${r(two.y)}" />
      <text class="name" x=${r((one.x + two.x) / 2)} y=${r((one.y + two.y) / 2 - 5)} text-anchor="middle">${shortNumber(true_)}</text></g>`;
  });
}

/**
 * Note on the projection, below the maps.
 * @param {SceneFrame} d
 * @param {import("./layout.js").Box} box
 */
function projectionNote({ derived, predicting }, box) {
  const { D, varianceShown } = derived;
  const share =
    varianceShown === null ? "" : `: ${Math.round(varianceShown * 100)} % of the variance`;
  const text =
    D > 2
      ? `D = ${D}, fixed projection${share}`
      : D === 2
        ? "D = 2, no projection"
        : "D = 1: left and right";
  return svg`<text class="sub" x="0" y=${box.y + box.h + 14}>${text}${predicting ? nothing : svg`; arrows: ${ARROW_SCALE} × the move`}</text>`;
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
