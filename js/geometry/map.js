/**
 * The map: every word a dot on one canvas, and above it marks and names of the selected ones.
 */
import { html, nothing, svg } from "lit-html";
import { button } from "../kit/controls.js";
import { pluralize, fixed, formatInt, shorten } from "../kit/format.js";
import { markOf } from "../kit/predict.js";
import { setCamera, stepCloser } from "./camera.js";
import { coloringOf } from "./coloring.js";
import { paintDots } from "./dots.js";
import { isInside, placeNames, toScreen, rowToScreen } from "./layout.js";
import { rememberMarks } from "./pan.js";
import { regionPath, selectionOf, toggleRegion } from "./region.js";
import { isFiniteRow } from "./trace.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */

/** The canvas; `paintMap` draws on it. @param {SceneFrame} d */
export function canvas({ scene, derived, at: { map }, camera, predicting }) {
  const label = predicting
    ? `Map of ${drawn(derived)}; six of them are named. Choose one in the list.`
    : `Map of ${drawn(derived)}. Arrow keys go to the nearest word that way, Enter picks it, A, B and C put it into the sum; plus and minus zoom, Shift with an arrow pans, L selects a region.`;
  return html`<canvas
    class="map ${camera ? "zoomed" : ""} ${scene.ui.local.region ? "drawing" : ""}"
    role="application"
    tabindex="0"
    data-place="map"
    aria-label=${label}
    style="left:${map.x}px;top:${map.y}px;width:${map.w}px;height:${map.h}px"
  ></canvas>`;
}

/** Paint the dots, once the canvas is in the page. @param {SceneFrame} d */
export function paintMap({ scene, derived, at, scale, camera, points, predicting }) {
  const el = scene.explorer.root.querySelector("canvas.map");
  if (!el) return;
  const { coloring, colored } = coloringOf(scene, camera?.zoom ?? 1);
  const selected = predicting ? NONE : selectionOf(scene).rows;
  const what = { derived, at, scale, points, theme: scene.theme, predicting, coloring, colored };
  const canvas = /** @type {HTMLCanvasElement} */ (el);
  paintDots(canvas, { ...what, zoomed: camera !== null, selected });
  rememberMarks(scene, scale);
}

/** @type {number[]} */
const NONE = [];

/** Buttons of the zoom and the selection, at the right end of the heading. @param {SceneFrame} d */
export function zoomButtons(d) {
  const { scene, at, camera, predicting } = d;
  /** @param {string} place @param {string} label @param {string} name @param {() => import("./camera.js").Camera | null} to @param {boolean} [disabled] */
  const one = (place, label, name, to, disabled) =>
    button({
      label,
      place: `zoom:${place}`,
      name,
      disabled,
      onClick: () => setCamera(scene, to()),
    });
  return html`<div class="zoom" role="group" aria-label="Zoom and selection" style="right:${at.width - at.map.w}px;top:3px">
    ${
      predicting
        ? nothing
        : html`<button
            type="button"
            class="lasso"
            data-place="lasso"
            aria-pressed=${String(Boolean(scene.ui.local.region))}
            aria-keyshortcuts="L"
            title="Draw around words to select them (L)"
            @click=${(/** @type {MouseEvent} */ e) => toggleRegion(scene, e.detail === 0)}
          >Select</button>`
    }
    ${one("out", "−", "Further away", () => stepCloser(d, -1), !camera)}
    ${one("fit", "Fit", "Fit all words", () => null, !camera)}
    ${one("in", "+", "Closer", () => stepCloser(d, 1))}
  </div>`;
}

/** How many words are on the map. @param {import("./trace.js").Derived} derived */
const drawn = ({ V, total }) =>
  V < total ? `${formatInt(V)} of ${pluralize(total, "word")}` : pluralize(V, "word");

/** Marks above the dots. @param {SceneFrame} d */
export function over(d) {
  const { predicting, at, scene } = d;
  const { x, y, w, h } = at.map;
  const clip = `${scene.uid}-map`;
  return svg`<clipPath id=${clip}><rect x=${x} y=${y} width=${w} height=${h} /></clipPath><g class="marks" aria-hidden="true" clip-path="url(#${clip})"><g class="moving">${predicting ? candidates(d) : svg`${analogyArrows(d)} ${neighborMarks(d)} ${distanceLine(d)} ${verdicts(d)}`} ${pickedDot(d)} ${labels(d)}</g>${outline(d)}</g>`;
}

/** The region that is being drawn. @param {SceneFrame} d */
function outline({ scene }) {
  const path = regionPath(scene);
  return path ? svg`<path class="outline" d=${path} />` : nothing;
}

/** @param {SceneFrame} d @param {number} row @returns {[number, number] | null} */
const spot = ({ derived, scale, points }, row) =>
  row >= 0 && isFiniteRow(derived, row) ? rowToScreen(scale, points, row) : null;

/** The picked word. @param {SceneFrame} d */
function pickedDot(d) {
  const p = spot(d, d.derived.picked);
  return p ? svg`<circle class="hub" cx=${p[0]} cy=${p[1]} r="5.5" />` : nothing;
}

/** Result of the prediction. @param {SceneFrame} d */
function verdicts(d) {
  const { prediction } = d.scene.ui;
  return d.derived.choices.map((row) => {
    const p = spot(d, row);
    const mark = markOf(prediction, row);
    return p && mark && svg`<circle class="verdict ${mark}" cx=${p[0]} cy=${p[1]} r="9" />`;
  });
}

/** Both neighbor lists: circles are nearest in all dimensions, squares nearest on the map. @param {SceneFrame} d */
function neighborMarks(d) {
  const { derived } = d;
  const squares = derived.nearMap.map((row) => spot(d, row)).filter((p) => p !== null);
  const circles = derived.near.map((row) => spot(d, row)).filter((p) => p !== null);
  return svg`<path class="seems" d=${squares.map(([x, y]) => `M${x - 4} ${y - 4}h8v8h-8z`).join("")} />
    <path class="near" d=${circles.map(([x, y]) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z`).join("")} />`;
}

/** Line from the picked word to the selected one. @param {SceneFrame} d */
function distanceLine(d) {
  const [from, to] = [spot(d, d.derived.picked), spot(d, d.current)];
  if (!from || !to || d.current === d.derived.picked) return nothing;
  return svg`<path class="rule" d="M${from[0]} ${from[1]}L${to[0]} ${to[1]}" /><circle class="ring" cx=${to[0]} cy=${to[1]} r="7" />`;
}

/** a − b + c as arrows: from b to a, and the same from c. @param {SceneFrame} d */
function analogyArrows(d) {
  const { derived, scale } = d;
  const ends = (derived.terms ?? []).map((row) => spot(d, row));
  const [a, b, c] = ends;
  if (!derived.target || d.moving || !a || !b || !c) return nothing;
  const target = toScreen(scale, ...derived.target);
  const answer = spot(d, derived.answers[0] ?? -1);
  return svg`<path class="arrow" d=${arrow(b, a) + arrow(c, target)} />
    <path class="target" d="M${target[0] - 5} ${target[1]}h10M${target[0]} ${target[1] - 5}v10" />
    ${answer ? svg`<path class="reach" d="M${target[0]} ${target[1]}L${answer[0]} ${answer[1]}" />` : nothing}`;
}

/** @param {[number, number]} from @param {[number, number]} to */
function arrow([x0, y0], [x1, y1]) {
  const long = Math.hypot(x1 - x0, y1 - y0);
  if (long < 4) return "";
  const [ux, uy] = [(x1 - x0) / long, (y1 - y0) / long];
  const [bx, by] = [x1 - 7 * ux, y1 - 7 * uy];
  return `M${x0} ${y0}L${x1} ${y1}M${bx - 4 * uy} ${by + 4 * ux}L${x1} ${y1}L${bx + 4 * uy} ${by - 4 * ux}`;
}

/** The candidates of the prediction. @param {SceneFrame} d */
function candidates(d) {
  return d.derived.choices.map((row) => {
    const p = spot(d, row);
    const chosen = markOf(d.scene.ui.prediction, row) === "chosen";
    return (
      p && svg`<circle class="choice ${chosen ? "chosen" : ""}" cx=${p[0]} cy=${p[1]} r="6" />`
    );
  });
}

/** Labels beside the dots, as many as there is room for. @param {SceneFrame} d */
function labels(d) {
  const { derived, current, predicting, scale, at } = d;
  /** @type {import("./layout.js").Name[]} */
  const requests = [];
  const named = new Set();
  const add = (/** @type {number} */ row, /** @type {string} */ kind, must = false) => {
    const p = named.has(row) ? null : spot(d, row);
    named.add(row);
    if (p && !isInside(p, at.map)) return;
    const text = short(derived.name(row));
    if (p)
      requests.push({
        x: p[0],
        y: p[1],
        text,
        kind,
        must,
        row: predicting && row === derived.picked ? undefined : row,
      });
  };
  add(derived.picked, "middle", true);
  if (predicting) for (const row of derived.choices) add(row, "choice", true);
  else {
    for (const row of derived.choices) if (markOf(d.scene.ui.prediction, row)) add(row, "current");
    add(current, "current", true);
    if (derived.target && !d.moving) {
      const [x, y] = toScreen(scale, ...derived.target);
      requests.push({ x, y, text: "a − b + c", kind: "sum" });
    }
    for (const row of derived.near) add(row, "true", true);
    for (const row of derived.nearMap) add(row, "seems");
    derived.terms?.forEach((row, i) => add(row, `term ${"abc"[i]}`));
    if (d.camera) for (const row of visibleRows(d)) add(row, "some");
  }
  return placeNames(requests, at.map).map(
    (n) =>
      svg`${n.far ? svg`<path class="lead" d="M${n.x} ${n.y}L${n.lx} ${n.ly - 4}" />` : nothing}<text class="name ${n.kind}" data-row=${n.row ?? nothing} x=${n.lx} y=${n.ly} text-anchor=${n.anchor}>${n.text}</text>`,
  );
}

const OTHERS_MAX = 40;

/** The first words inside the picture: in most tables the most frequent ones. @param {SceneFrame} d */
function visibleRows(d) {
  const { derived, at } = d;
  const rows = [];
  for (let row = 0; row < derived.V && rows.length < OTHERS_MAX; row++) {
    const p = spot(d, row);
    if (p && isInside(p, at.map)) rows.push(row);
  }
  return rows;
}

/** @param {string} word */
const short = (word) => shorten(word, 16);

/**
 * Ruler below the map: the distance in all dimensions, and on the map.
 * @param {SceneFrame} d
 */
export function ruler({ derived, at, scale, current, predicting }) {
  const { picked, distances, mapDistances } = derived;
  const { y } = at.ruler;
  if (predicting || current < 0 || current === picked || Number.isNaN(distances[current]))
    return nothing;
  const x = 76;
  const room = at.map.w - x - 44;
  const k = Math.min(scale.k, room / Math.max(distances[current], 1e-9));
  /** @param {number} top @param {string} name @param {number} value @param {string} kind */
  const bar = (
    top,
    name,
    value,
    kind,
  ) => svg`<text class="sub" x=${x - 8} y=${top + 9} text-anchor="end">${name}</text>
    <rect class="bar ${kind}" x=${x} y=${top} width=${Math.max(1.5, value * k)} height="10" rx="3" />
    <text class="value" x=${x + Math.max(1.5, value * k) + 6} y=${top + 9}>${fixed(value)}</text>`;
  return svg`<g class="ruler" aria-hidden="true"><text class="head" x="0" y=${y + 10}>from “${short(derived.name(picked))}” to “${short(derived.name(current))}”</text>
    ${bar(y + 20, "distance", distances[current], "true")}
    ${bar(y + 38, "on the map", mapDistances[current], "seems")}</g>`;
}
