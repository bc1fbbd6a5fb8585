/**
 * Neighbor lists beside the map, which also make it accessible by keyboard and screen reader:
 * nearest in all dimensions, and nearest on the map; while a prediction is open, the candidates.
 */
import { html, nothing, svg } from "lit-html";
import { ribbonPath } from "../kit/curves.js";
import { fixed } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { lineY } from "./layout.js";

/** @typedef {import("./state.js").SceneFrame} SceneFrame */

/** @param {SceneFrame} d */
export function lists(d) {
  const { derived, predicting } = d;
  if (predicting) return candidateList(d);
  return html`${list(d, 0, "near", derived.near)} ${list(d, 1, "seems", derived.nearMap)}`;
}

/** The height of a line, and where it stands. @param {SceneFrame["at"]} at @param {number} i */
function lineBox(at, i) {
  const high = Math.min(24, at.rows.pitch);
  return `height:${high}px;top:${lineY(at, i) - high / 2}px`;
}

/**
 * @param {SceneFrame} d
 * @param {0 | 1} side
 * @param {"near" | "seems"} part
 * @param {number[]} rows
 */
function list({ scene, derived, at, current }, side, part, rows) {
  const { x, w } = at.lists[side];
  const { ui } = scene;
  const title = side ? "nearest on the map" : `nearest by ${derived.by}`;
  if (!rows.length)
    return html`<p class="none" style="left:${x}px;width:${w}px;top:${at.rows.y + 16}px">no other word</p>`;
  const focusedIndex = ui.focus?.part === part ? rows.indexOf(ui.focus.row) : -1;
  const stop = focusedIndex >= 0 ? focusedIndex : side ? 0 : Math.min(ui.step, rows.length - 1);
  return html`<div role="listbox" aria-label="The ${rows.length} words ${title}" class="words">
    ${rows.map((row, i) => {
      const both = derived.both.includes(row);
      const mark = markOf(ui.prediction, row);
      const [value, apart] = [fixed(derived.values[row]), fixed(derived.mapDistances[row])];
      return html`<div
        role="option"
        class="line ${row === current ? "hit" : ""} ${both ? "both" : ""} ${mark}"
        aria-selected=${String(row === current)}
        tabindex=${i === stop ? 0 : -1}
        data-place="${part}:${i}"
        data-row=${row}
        title=${derived.name(row)}
        style="left:${x}px;width:${w}px;${lineBox(at, i)}"
      >
        ${mark ? icon(mark) : nothing}<bdi>${derived.name(row)}</bdi><span class="num"><span class="unseen">, ${derived.measure} </span>${value}</span
        ><span class="num dim"><span class="unseen">, on the map </span>${apart}</span>${both ? html`<span class="unseen">, in both lists</span>` : nothing}
      </div>`;
    })}
  </div>`;
}

/** @param {SceneFrame} d */
function candidateList({ scene, derived, at }) {
  const { x } = at.lists[0];
  const { prediction, focus } = scene.ui;
  const focusedIndex = focus?.part === "choice" ? derived.choices.indexOf(focus.row) : 0;
  return html`<div role="listbox" aria-label="Which word is nearest by ${derived.by}?" class="words">
    ${derived.choices.map((row, i) => {
      const chosen = markOf(prediction, row) === "chosen";
      return html`<div
        role="option"
        class="line guess ${chosen ? "chosen" : ""}"
        aria-selected=${String(chosen)}
        tabindex=${i === Math.max(0, focusedIndex) ? 0 : -1}
        data-place="choice:${i}"
        data-row=${row}
        style="left:${x}px;width:${at.lists[1].x + at.lists[1].w - x}px;${lineBox(at, i)}"
      >
        <bdi>${derived.name(row)}</bdi>${chosen ? icon("right") : nothing}
      </div>`;
    })}
  </div>`;
}

/**
 * Headings of map and lists, and ribbons between words that stand in both lists.
 * @param {SceneFrame} d
 */
export function listHeadings({ scene, derived, at, predicting, current }) {
  const { shares } = scene.trace.header;
  const y = at.rows.y - 28;
  /** @param {number} x @param {number} top @param {string} name @param {string} small */
  const head = (x, top, name, small) =>
    svg`<text class="head" x=${x} y=${top}>${name}<tspan class="sub" x=${x} dy="15">${small}</tspan></text>`;
  const below = shares.length
    ? `${fixed(100 * (shares[0] + shares[1]), 0)} % of ${at.narrow ? "variance" : "the variance explained"}`
    : `no projection${at.narrow ? "" : ": distances are scaled"}`;
  const [one, two] = at.lists;
  const side = (/** @type {{ x: number, w: number }} */ { x, w }) =>
    svg`<text class="sub" x=${x + w - 38} y=${y + 15} text-anchor="end">${derived.measure}</text><text class="sub" x=${x + w - 6} y=${y + 15} text-anchor="end">map</text>`;
  return svg`${head(0, 12, `2-D map, ${scene.params.plane}`, below)}
    ${
      predicting
        ? head(one.x, y, `which is nearest by ${derived.measure}?`, "choose one")
        : svg`${head(one.x, y, `nearest by ${derived.measure}`, "")}${head(two.x, y, at.narrow ? "near on the map" : "nearest on the map", "")}${side(one)}${side(two)}
      ${derived.both.map(
        (row) =>
          svg`<path class="ribbon ${row === current ? "hit" : "same"}" d=${ribbonPath(one.x + one.w, lineY(at, derived.near.indexOf(row)), two.x, lineY(at, derived.nearMap.indexOf(row)))} />`,
      )}`
    }`;
}
