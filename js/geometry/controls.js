/**
 * Controls of the geometry view: word, projection and number of words.
 */
import { html, nothing } from "lit-html";
import { choice, slider, stopsBetween } from "../kit/controls.js";
import { formatInt } from "../kit/format.js";
import { textInput } from "../kit/text_input.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function controls({ params, hidden, uid, explorer, trace }) {
  const { source, left_out: left, limits } = trace.header;
  /** @type {any} */
  const rows = limits.rows;
  /** @param {string} name @param {unknown} control */
  const unless = (name, control) => (hidden.has(name) ? nothing : control);
  return html`
    ${unless("word", textInput({ label: "Word", place: "word", value: params.word, hint: source ? `trained here on: ${source}` : "#12 is row 12", onChange: (word) => explorer.edit({ word }) }))}
    ${unless("plane", choice({ label: "Projection", group: `${uid}-plane`, place: "plane", value: params.plane, choices: /** @type {any} */ (limits.plane).choices, onChange: (plane) => explorer.edit({ plane }) }))}
    ${unless("rows", slider({ label: "Words", symbol: "V", place: "rows", value: Math.min(params.rows, rows.max), stops: stopsBetween(rows.min, rows.max, 20), onChange: (value) => explorer.edit({ rows: value }) }))}
    ${left ? html`<small>${formatInt(left)} more rows are not shown</small>` : nothing}
  `;
}
