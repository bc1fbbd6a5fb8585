/**
 * Controls of the geometry view: word, projection, metric and number of words.
 */
import { html } from "lit-html";
import { choice, select, slider, stopsBetween } from "../kit/controls.js";
import { fixed } from "../kit/format.js";
import { wordInput } from "./search.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** Which column of labels colors the dots, where there are some. @param {Scene} scene @returns {[string, unknown][]} */
function colorControl({ params, explorer, trace }) {
  /** @type {string[]} */
  const choices = /** @type {any} */ (trace.header.limits).color.choices;
  if (choices.length < 2) return [];
  const onChange = (/** @type {string} */ color) => explorer.edit({ color });
  return [
    ["color", select({ label: "Color", place: "color", value: params.color, choices, onChange })],
  ];
}

/** @type {Record<string, string>} */
const METRICS = { cosine: "cosine", euclidean: "Euclidean distance" };

/** By what rows are near; gray where both metrics order all rows alike. @param {Scene} scene @returns {[string, unknown]} */
function metricControl({ params, explorer, trace }) {
  const length = trace.header.equal_length;
  const why = ": both metrics order the rows alike";
  const hint =
    length === null
      ? ""
      : html`<span title="All rows have length ${fixed(length)}${why}">all lengths equal<span class="unseen">${why}</span></span>`;
  return [
    "metric",
    select({
      label: "Metric",
      place: "metric",
      value: params.metric,
      choices: Object.keys(METRICS),
      texts: (name) => METRICS[name],
      hint,
      disabled: length !== null,
      onChange: (metric) => explorer.edit({ metric }),
    }),
  ];
}

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls(scene) {
  const { params, uid, explorer, trace } = scene;
  const { source, limits } = trace.header;
  /** @type {any} */
  const rows = limits.rows;
  /** @type {string[]} */
  const planes = /** @type {any} */ (limits.plane).choices;
  return [
    [
      "word",
      html`<label class="field text">
        <span class="name">Word</span><small>${source ? `trained here on: ${source}` : "#12 is row 12"}</small>
        ${wordInput(scene, {
          place: "word",
          label: "Word",
          value: params.word,
          onChange: (word) => explorer.edit({ word }),
        })}
      </label>`,
    ],
    [
      "plane",
      planes.length > 3
        ? select({
            label: "Map",
            place: "plane",
            value: params.plane,
            choices: planes,
            onChange: (plane) => explorer.edit({ plane }),
          })
        : choice({
            label: "Projection",
            group: `${uid}-plane`,
            place: "plane",
            value: params.plane,
            choices: planes,
            onChange: (plane) => explorer.edit({ plane }),
          }),
    ],
    ...colorControl(scene),
    metricControl(scene),
    [
      "rows",
      slider({
        label: "Words",
        symbol: "V",
        place: "rows",
        value: Math.min(params.rows, rows.max),
        stops: stopsBetween(rows.min, rows.max, 20),
        onChange: (value) => explorer.edit({ rows: value }),
      }),
    ],
  ];
}
